package exporter

import (
	"context"
	"log/slog"
	"time"
)

// The protocols, as OTEL_EXPORTER_OTLP_PROTOCOL names them.
const (
	ProtocolGRPC = "grpc"
	ProtocolHTTP = "http/protobuf"
)

// The compressions.
const (
	CompressionNone = "none"
	CompressionGzip = "gzip"
	CompressionZstd = "zstd"
	CompressionAuto = "auto" // zstd where the collector takes it, else gzip, else none
)

// What acknowledges records over HTTP.
const (
	// HTTPSuccessAnswer is a 2xx whose body is empty, OTLP's protobuf answer, or
	// a JSON object. Any other 2xx settles nothing.
	HTTPSuccessAnswer = "answer"
	// HTTPSuccessStatus is any 2xx, for servers that answer in a way of their own.
	HTTPSuccessStatus = "status"
)

// What happens when the dead letters are full.
const (
	WhenFullPause      = "pause"       // delivery waits until there is room
	WhenFullDropOldest = "drop_oldest" // the oldest dead letters make room
)

// Config says where records go and how. The zero value of each field means
// what its comment says.
type Config struct {
	// Endpoint is a URL (http:// sends unencrypted, https:// over TLS), or a
	// host and port, or a gRPC target such as unix:/run/otel.sock or
	// dns:///collector:4317, over whose addresses requests go in turn.
	// Without a scheme, TLS is used when Insecure says so or, if that is nil,
	// when any field of TLS is set. The default is http://localhost:4317, and
	// http://localhost:4318 over HTTP.
	Endpoint string

	// ExactPath takes the URL's path as it stands, as
	// OTEL_EXPORTER_OTLP_LOGS_ENDPOINT wants it. Otherwise v1/logs (v1/traces) is
	// appended to the path, unless it is there already. Only for HTTP.
	ExactPath bool

	Signal      Signal            // SignalLogs (the default) or SignalTraces, which has no dead letters
	Insecure    *bool             // for endpoints without a scheme: no TLS
	Protocol    string            // ProtocolGRPC (the default) or ProtocolHTTP
	Compression string            // CompressionNone (the default), CompressionGzip, CompressionZstd or CompressionAuto
	HTTPSuccess string            // HTTPSuccessAnswer (the default) or HTTPSuccessStatus
	Headers     map[string]string // sent with each request
	HeadersFile string            // more of them, "name: value" a line; read again when the file changes
	TLS         TLS
	Timeout     time.Duration // of one attempt; 10 s
	MaxRequest  int           // bytes before compression; 3 MiB. A single larger record goes alone
	MaxDelay    time.Duration // how long the first record of a request waits for others; 200 ms
	Concurrency int           // requests under way at once; 2
	DeadLetters DeadLetters

	// MaxConnectionAge is after how long a connection is made anew, a tenth more or
	// less, so that a load balancer can lead it elsewhere. 0: never.
	MaxConnectionAge time.Duration

	UserAgent string       // "rtcship"
	Logger    *slog.Logger // nothing is logged if nil

	// Blocked is asked whether nothing more can come until some of the waiting
	// Send calls return; if so, what waits leaves without delay. It is asked
	// when a Send begins, when a request settles and at Poke, never with a
	// lock held. May be nil.
	Blocked func(waiting int) bool

	// Recovered is told when the collector accepts records again after it, or
	// the way to it, had failed. It must be quick. May be nil.
	Recovered func()

	// Deliver, if set, takes the place of an endpoint: it is called with each
	// request, an encoded ExportLogsServiceRequest, which it must not keep, by
	// up to Concurrency callers at once. Nil settles the records, an error that
	// wraps ErrRefused makes a dead letter of them, and after any other one the
	// request is offered again. All fields about the network are then unused.
	Deliver func(ctx context.Context, request []byte) error
}

// TLS names the files of a TLS configuration. They are read again when they
// change, and take effect with the next connection.
type TLS struct {
	CAFile             string // PEM; the system's authorities if empty
	CertFile, KeyFile  string // PEM; of the client
	InsecureSkipVerify bool   // takes any server certificate
}

func (t TLS) isSet() bool { return t != TLS{} }

// DeadLetters says what becomes of records that the collector refuses for good.
type DeadLetters struct {
	Path     string // of a file of JSON lines. If empty, such records are tried again for ever
	MaxBytes int64  // 64 MiB
	WhenFull string // WhenFullPause (the default) or WhenFullDropOldest
}

func (c Config) withDefaults() Config {
	c.Signal = or(c.Signal, SignalLogs)
	c.Protocol = or(c.Protocol, ProtocolGRPC)
	c.Compression = or(c.Compression, CompressionNone)
	c.HTTPSuccess = or(c.HTTPSuccess, HTTPSuccessAnswer)
	c.Timeout = or(c.Timeout, 10*time.Second)
	c.MaxRequest = or(c.MaxRequest, 3<<20)
	c.MaxDelay = or(c.MaxDelay, 200*time.Millisecond)
	c.Concurrency = or(c.Concurrency, 2)
	c.UserAgent = or(c.UserAgent, "rtcship")
	c.DeadLetters.MaxBytes = or(c.DeadLetters.MaxBytes, 64<<20)
	c.DeadLetters.WhenFull = or(c.DeadLetters.WhenFull, WhenFullPause)
	if c.Endpoint == "" {
		c.Endpoint = "http://localhost:4317"
		if c.Protocol == ProtocolHTTP {
			c.Endpoint = "http://localhost:4318"
		}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func or[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}
