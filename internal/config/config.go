// Package config turns a file, environment variables and flags into one
// checked Config, and remembers where each value came from, so that a fault
// can be reported at the place where it was written.
package config

import (
	"time"

	"github.com/rtcship/rtcship/internal/otelenv"
)

// A Config is everything that can be set. The keys are the yaml tags, joined
// with dots; the help tags are what --help and check print.
type Config struct {
	Sora        Sora          `yaml:"sora"`
	Pexip       Pexip         `yaml:"pexip"`
	Drop        DropRules     `yaml:"drop" help:"records that are not sent: a list of {log, code, module, event}, all of which must hold; * stands for anything"`
	Spool       Spool         `yaml:"spool"`
	DeadLetters DeadLetters   `yaml:"dead_letters"`
	Limits      Limits        `yaml:"limits"`
	MaxEntry    Size          `yaml:"max_entry" help:"a longer entry is cut into several"`
	MaxBody     Size          `yaml:"max_body" help:"a longer body continues in further records"`
	Original    bool          `yaml:"original" help:"add the entry as it was written, as log.record.original, where the body is not all of it"`
	Resource    Resource      `yaml:"resource"`
	Redact      Redact        `yaml:"redact"`
	Export      Export        `yaml:"export"`
	Calls       Calls         `yaml:"calls"`
	Metrics     Metrics       `yaml:"metrics"`
	StateDir    string        `yaml:"state_dir" help:"positions, spool and dead letters are kept here"`
	Admin       Admin         `yaml:"admin"`
	Debug       Debug         `yaml:"debug"`
	Log         Log           `yaml:"log"`
	Drain       time.Duration `yaml:"drain_timeout" help:"how long SIGTERM waits for the last records to be acknowledged"`
}

// Sora says what is followed of Sora's logs.
type Sora struct {
	LogDir      string   `yaml:"log_dir" help:"Sora's log directory, only ever read; empty = off"`
	Start       Start    `yaml:"start" help:"at the first start: beginning (of live logs), end, or a time (RFC 3339; rotated logs too)"`
	Include     []string `yaml:"include" help:"further globs, relative to the log directory or absolute"`
	Exclude     []string `yaml:"exclude" help:"globs of files to leave alone"`
	FollowLinks bool     `yaml:"follow_links" help:"follow links that lead out of the log directory as well"`
	Timezone    string   `yaml:"timezone" help:"of erlang.log, crash.log and crash dumps, which are in local time"`

	MinSeverity Severity `yaml:"min_severity" help:"records whose line says a lower severity are not sent, such as warning; empty = all"`
}

// Pexip says where Pexip's syslog is received and which of its files are followed.
type Pexip struct {
	Listen         []string      `yaml:"listen" help:"udp://, tcp://, tls:// with address and port; unix://, unixgram:// with a path"`
	Files          []string      `yaml:"files" help:"globs of Pexip logs on disk, to follow as well"`
	TLS            ListenTLS     `yaml:"tls"`
	Allow          []string      `yaml:"allow" help:"CIDRs that may send; empty = all"`
	MaxMessage     Size          `yaml:"max_message" help:"a longer message is kept in cut entries"`
	MaxConnections int           `yaml:"max_connections" help:"stream connections at once"`
	IdleTimeout    time.Duration `yaml:"idle_timeout" help:"a silent stream connection is closed after this"`
	MinSeverity    Severity      `yaml:"min_severity" help:"records whose line says a lower severity are not sent, such as warning; empty = all"`
}

// ListenTLS is the server side of tls:// listeners; the files are read again when they change.
type ListenTLS struct {
	CertFile     string `yaml:"cert_file" help:"certificate of tls:// listeners, PEM"`
	KeyFile      string `yaml:"key_file" help:"its key, PEM"`
	ClientCAFile string `yaml:"client_ca_file" help:"clients must present a certificate of this CA"`
}

// Spool bounds the disk that received messages may take.
type Spool struct {
	MaxBytes Size          `yaml:"max_bytes" help:"a full spool slows TCP and TLS down and counts UDP"`
	Fsync    time.Duration `yaml:"fsync" help:"a machine that loses power loses at most this"`
}

// DeadLetters bounds what is kept of records that the collector refuses for good.
type DeadLetters struct {
	MaxBytes Size   `yaml:"max_bytes" help:"of dead-letters.jsonl in the state directory"`
	WhenFull string `yaml:"when_full" help:"pause | drop_oldest"`
}

// Limits bounds what rtcship may take of the machine.
type Limits struct {
	CPUs         int  `yaml:"cpus" help:"cores that are used at once; more make it no faster unless records are compressed"`
	Memory       Size `yaml:"memory" help:"text under way between files and collector, with the records made of it"`
	DeletedBytes Size `yaml:"deleted_bytes" help:"unread bytes of deleted files that are held open"`
	ReadRate     Size `yaml:"read_rate" help:"bytes a second while catching up; 0 = no limit"`
	OpenFiles    int  `yaml:"open_files" help:"descriptors of followed files"`
}

// Resource adds attributes to the resource of what is shipped.
type Resource struct {
	Attributes map[string]string `yaml:"attributes" help:"resource attributes, over OTEL_RESOURCE_ATTRIBUTES"`

	// FromEnvironment is what OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME say.
	FromEnvironment map[string]string `yaml:"-"`
}

// Redact says what is masked before it leaves the machine.
type Redact struct {
	Enabled  bool     `yaml:"enabled" help:"mask secrets known to occur in these logs"`
	Metadata bool     `yaml:"metadata" help:"mask event_metadata and session_metadata in Sora's *_error logs"`
	Patterns []string `yaml:"patterns" help:"further regular expressions (RE2); what matches, or the first group, is masked"`
}

// Export says where the records go and how.
type Export struct {
	Endpoint     string            `yaml:"endpoint" help:"of the OpenTelemetry Collector"`
	Protocol     string            `yaml:"protocol" help:"grpc | http/protobuf"`
	Compression  string            `yaml:"compression" help:"none | gzip | zstd | auto (zstd where the collector takes it, else gzip, else none)"`
	HTTPSuccess  string            `yaml:"http_success" help:"what acknowledges over HTTP: answer (a 2xx with an answer of OTLP's, or none) | status (any 2xx)"`
	Headers      map[string]string `yaml:"headers" help:"sent with each request"`
	HeadersFile  string            `yaml:"headers_file" help:"further headers, a 'name: value' a line; read again when it changes"`
	TLS          ExportTLS         `yaml:"tls"`
	Timeout      time.Duration     `yaml:"timeout" help:"of one request"`
	MaxRequest   Size              `yaml:"max_request" help:"of one request, uncompressed"`
	MaxDelay     time.Duration     `yaml:"max_delay" help:"the oldest record of a request waits at most this"`
	ObservedTime string            `yaml:"observed_time" help:"read | record: when the line was read, or the record's own time, so that Loki drops what is sent again"`
	Concurrency  int               `yaml:"concurrency" help:"requests under way at once"`

	MaxConnectionAge time.Duration `yaml:"max_connection_age" help:"a connection is made anew after this, so that a load balancer can lead it elsewhere; 0 = never"`

	// How an endpoint from the OTEL_* variables is to be read; see exporter.Config.
	ExactPath bool  `yaml:"-"`
	Insecure  *bool `yaml:"-"`
}

// Calls says what is made of calls besides the records of their lines.
type Calls struct {
	Traces   bool   `yaml:"traces" help:"a span for each call, and trace_id in the records of its lines; the collector needs a traces pipeline"`
	SoraFrom string `yaml:"sora_from" help:"event_webhook | connection: which of Sora's logs tells how connections ended"`
	Metrics  bool   `yaml:"metrics" help:"how calls went and how good their media were, as numbers on /metrics"`

	// OTel is what the OTEL_EXPORTER_OTLP_TRACES_* variables say.
	OTel otelenv.Settings `yaml:"-"`
}

// Metrics says where metrics go besides /metrics.
type Metrics struct {
	OTLP bool `yaml:"otlp" help:"send all metrics to the collector as well, each minute or OTEL_METRIC_EXPORT_INTERVAL; it needs a metrics pipeline"`

	// OTel is what the OTEL_EXPORTER_OTLP_METRICS_* variables say.
	OTel otelenv.Settings `yaml:"-"`
}

// ExportTLS is the client side; the files are read again when they change.
type ExportTLS struct {
	CAFile             string `yaml:"ca_file" help:"certificates that the collector's is checked against, PEM; empty = the system's"`
	CertFile           string `yaml:"cert_file" help:"client certificate, PEM"`
	KeyFile            string `yaml:"key_file" help:"its key, PEM"`
	InsecureSkipVerify bool   `yaml:"insecure_skip_verify" help:"do not check the collector's certificate"`
}

// Admin is the HTTP listener of metrics, health and the status page.
type Admin struct {
	Listen string   `yaml:"listen" help:"metrics, health and the status page; empty = off"`
	Hosts  []string `yaml:"hosts" help:"names under which browsers may ask for the page, besides localhost and addresses"`
}

// Debug is for finding faults in rtcship itself.
type Debug struct {
	Listen string `yaml:"listen" help:"pprof, on a loopback address only; empty = off"`
}

// Log is rtcship's own log.
type Log struct {
	Level  string `yaml:"level" help:"debug | info | warn | error"`
	Format string `yaml:"format" help:"auto | text | json; auto is text on a terminal"`
	OTLP   bool   `yaml:"otlp" help:"send rtcship's own log to the collector as well"`
}

// Default returns the values that hold where nothing else is said.
func Default() Config {
	return Config{
		Sora: Sora{LogDir: "/var/log/sora", Start: Start{Mode: StartBeginning}, Timezone: "UTC"},
		Pexip: Pexip{
			MaxMessage: 1 << 20, MaxConnections: 256, IdleTimeout: 10 * time.Minute,
		},
		Spool:       Spool{MaxBytes: 1 << 30, Fsync: time.Second},
		DeadLetters: DeadLetters{MaxBytes: 64 << 20, WhenFull: "pause"},
		Limits:      Limits{CPUs: 1, Memory: 16 << 20, DeletedBytes: 256 << 20, OpenFiles: 512},
		MaxEntry:    8 << 20,
		MaxBody:     240 << 10,
		Redact:      Redact{Enabled: true, Metadata: true},
		Export: Export{
			Protocol: "grpc", Compression: "none", HTTPSuccess: "answer",
			Timeout: 10 * time.Second, MaxRequest: 3 << 20, MaxDelay: 200 * time.Millisecond, Concurrency: 2, ObservedTime: "read",
		},
		Calls:    Calls{SoraFrom: "event_webhook", Metrics: true},
		StateDir: "/var/lib/rtcship",
		Admin:    Admin{Listen: "127.0.0.1:9464"},
		Log:      Log{Level: "info", Format: "auto", OTLP: true},
		Drain:    25 * time.Second,
	}
}

// DefaultEndpoint is where records go when nothing is said: the port that the
// OTLP specification gives to each protocol, without TLS.
func DefaultEndpoint(protocol string) string {
	if protocol == "http/protobuf" {
		return "http://localhost:4318"
	}
	return "http://localhost:4317"
}
