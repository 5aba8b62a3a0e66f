package exportertest

import (
	"fmt"
	"net/http"

	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	collectortracepb "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	logspb "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// A Request is one export request as it came in.
type Request struct {
	Protocol    string      // GRPC or HTTP
	Signal      string      // Logs or Traces
	Body        []byte      // an encoded ExportLogsServiceRequest or ExportTraceServiceRequest, decompressed
	Compression string      // "gzip", "zstd", or ""
	Header      http.Header // over gRPC the metadata
	Path        string      // of the URL, or the gRPC method

	decoded *collectorpb.ExportLogsServiceRequest
}

// Logs decodes the body with the official types.
func (r *Request) Logs() (*collectorpb.ExportLogsServiceRequest, error) {
	if r.decoded == nil {
		m := new(collectorpb.ExportLogsServiceRequest)
		if err := proto.Unmarshal(r.Body, m); err != nil {
			return nil, fmt.Errorf("decode request: %w", err)
		}
		r.decoded = m
	}
	return r.decoded, nil
}

// Records returns all log records in the order they stand in the body.
func (r *Request) Records() ([]*logspb.LogRecord, error) {
	m, err := r.Logs()
	if err != nil {
		return nil, err
	}
	var records []*logspb.LogRecord
	for _, resource := range m.ResourceLogs {
		for _, scope := range resource.ScopeLogs {
			records = append(records, scope.LogRecords...)
		}
	}
	return records, nil
}

// Spans decodes the body of a request of Traces with the official types, and
// returns all spans in the order they stand in it.
func (r *Request) Spans() ([]*tracepb.Span, error) {
	m := new(collectortracepb.ExportTraceServiceRequest)
	if err := proto.Unmarshal(r.Body, m); err != nil {
		return nil, fmt.Errorf("decode request: %w", err)
	}
	var spans []*tracepb.Span
	for _, resource := range m.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			spans = append(spans, scope.Spans...)
		}
	}
	return spans, nil
}

// Count returns the number of log records or spans, without decoding them.
func (r *Request) Count() int {
	n := 0
	fields(r.Body, 1, func(resource []byte) {
		fields(resource, 2, func(scope []byte) {
			fields(scope, 2, func([]byte) { n++ })
		})
	})
	return n
}

// fields calls f for each length-delimited field num of an encoded message,
// as far as the message is sound.
func fields(b []byte, num protowire.Number, f func([]byte)) {
	for len(b) > 0 {
		field, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return
		}
		b = b[n:]
		if n = protowire.ConsumeFieldValue(field, typ, b); n < 0 {
			return
		}
		if field == num && typ == protowire.BytesType {
			body, _ := protowire.ConsumeBytes(b)
			f(body)
		}
		b = b[n:]
	}
}

// reply encodes the ExportLogsServiceResponse of a fault that accepts.
func reply(f *Fault) []byte {
	if f == nil || f.Rejected == 0 && f.Message == "" {
		return nil
	}
	var partial []byte
	if f.Rejected != 0 {
		partial = protowire.AppendTag(partial, 1, protowire.VarintType)
		partial = protowire.AppendVarint(partial, uint64(f.Rejected))
	}
	if f.Message != "" {
		partial = protowire.AppendTag(partial, 2, protowire.BytesType)
		partial = protowire.AppendString(partial, f.Message)
	}
	b := protowire.AppendTag(nil, 1, protowire.BytesType)
	return protowire.AppendBytes(b, partial)
}
