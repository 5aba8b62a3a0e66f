package exporter

import "strings"

// A Signal is what kind of records an Exporter sends. ResourceSpans and ScopeSpans
// have the field numbers of ResourceLogs and ScopeLogs, and both responses are
// alike, so the signals differ only in where a request goes and what its smallest
// piece is: a LogRecord, or a Span.
type Signal string

// The signals.
const (
	SignalLogs   Signal = "logs"
	SignalTraces Signal = "traces"
)

// method is the one method of the signal's gRPC service.
func (s Signal) method() string {
	if s == SignalTraces {
		return "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
	}
	return "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
}

// path returns the path of an endpoint for the signal over HTTP. Spans go beside
// the logs if the endpoint names the logs' own path.
func (s Signal) path(base string) string {
	base = strings.TrimSuffix(base, "/")
	own := "/v1/" + string(s)
	if strings.HasSuffix(base, own) {
		return base
	}
	if s == SignalTraces {
		base = strings.TrimSuffix(base, "/v1/"+string(SignalLogs))
	}
	return base + own
}

// words makes a hint, which is written for logs, one for the signal.
func (s Signal) words(hint string) string {
	if s == SignalTraces {
		return strings.ReplaceAll(hint, " logs", " traces")
	}
	return hint
}
