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

// path is the signal's own, which the endpoint's path ends with over HTTP.
func (s Signal) path() string { return "/v1/" + string(s) }

// words makes a hint, which is written for logs, one for the signal.
func (s Signal) words(hint string) string {
	if s == SignalTraces {
		return strings.ReplaceAll(hint, " logs", " traces")
	}
	return hint
}
