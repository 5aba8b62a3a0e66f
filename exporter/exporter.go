// Package exporter delivers encoded records to an OpenTelemetry Collector and
// answers for each of them: Send returns nil once its records are settled.
package exporter

// A Group is records that share a resource and a scope, each already in
// OTLP's protobuf wire form
// (https://github.com/open-telemetry/opentelemetry-proto, logs/v1/logs.proto).
type Group struct {
	Resource []byte // an encoded Resource message, without tag and length; shared between groups
	Scope    []byte // an encoded InstrumentationScope message, without tag and length; shared between groups
	Records  []byte // encoded log_records fields of ScopeLogs, tag and length included, one after another
	Ends     []int  // where each record ends in Records, so that a request can be split
}
