package contender

import (
	"fmt"
	"path/filepath"
	"strings"
)

// fileLog is the collector's configuration for following files as rtcship
// does: what is asked for, positions kept, and no setting that slows it down.
func fileLog(j Job) string {
	return fmt.Sprintf(`extensions:
  file_storage:
    directory: %s
    create_directory: true
receivers:
  file_log:
    include: [%q]
    start_at: beginning
    storage: file_storage
    operators:
      - type: json_parser
        timestamp:
          parse_from: attributes.timestamp
          layout_type: gotime
          layout: '2006-01-02T15:04:05.999999Z'
        severity:
          parse_from: attributes.level
          mapping: {info2: notice, fatal: emergency}
`, filepath.Join(j.Scratch, "storage"), filepath.Join(j.Dir, "*.jsonl*")) + rest(j, "file_log", "[file_storage]")
}

// sora is the collector's configuration with the receiver of this tree, as it
// comes: what fileLog asks for is less than what it does.
func sora(j Job) string {
	return fmt.Sprintf(`receivers:
  sora: {log_dir: %q, storage_dir: %q}
`, j.Dir, filepath.Join(j.Scratch, "storage")) + rest(j, "sora", "[]")
}

// syslog is the collector's configuration for the work that rtcship does on
// a Pexip message: header, originating time, pairs, severity.
func syslog(j Job) string {
	network, addr, _ := strings.Cut(j.Syslog, "://")
	return fmt.Sprintf(`receivers:
  syslog:
    %s: {listen_address: %q}
    protocol: rfc5424
    operators:
      - type: regex_parser
        parse_from: attributes.message
        regex: '^(?P<originated>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) (?P<pairs>.*)$'
        timestamp:
          parse_from: attributes.originated
          layout_type: gotime
          layout: '2006-01-02 15:04:05,000'
      - type: key_value_parser
        parse_from: attributes.pairs
      - type: severity_parser
        parse_from: attributes.Level
`, network, addr) + rest(j, "syslog", "[]")
}

// tier is the collector's configuration for taking OTLP and sending it on. A batch of 8,192
// records is longer than what gRPC takes by default.
func tier(j Job) string {
	return fmt.Sprintf(`receivers:
  otlp: {protocols: {grpc: {endpoint: %q, max_recv_msg_size_mib: 32}}}
`, j.Listen) + rest(j, "otlp", "[]")
}

// rest is the part after the receiver. Batches are made in the exporter's
// queue, in memory; when it is full the receiver waits and nothing is dropped.
func rest(j Job, receiver, extensions string) string {
	return fmt.Sprintf(`exporters:
  otlp_grpc:
    endpoint: %s
    compression: %s
    tls: {insecure: true}
    sending_queue:
      sizer: items
      queue_size: 100000
      block_on_overflow: true
      batch: {flush_timeout: 200ms, min_size: 8192}
service:
  extensions: %s
  telemetry: {metrics: {level: none}}
  pipelines:
    logs: {receivers: [%s], exporters: [otlp_grpc]}
`, j.Endpoint, j.compression(), extensions, receiver)
}
