package otlp

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	apitrace "go.opentelemetry.io/otel/trace"
	coltrace "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
)

// sdkSpans is what the OpenTelemetry SDK sends for a span.
func sdkSpans(t *testing.T, s tracetest.SpanStub) *coltrace.ExportTraceServiceRequest {
	t.Helper()
	conn, requests := serve(t)
	exp, err := otlptracegrpc.New(t.Context(), otlptracegrpc.WithGRPCConn(conn))
	if err != nil {
		t.Fatal(err)
	}
	if err := exp.ExportSpans(t.Context(), []sdktrace.ReadOnlySpan{s.Snapshot()}); err != nil {
		t.Fatal(err)
	}
	if err := exp.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	req := new(coltrace.ExportTraceServiceRequest)
	if err := proto.Unmarshal(<-requests, req); err != nil {
		t.Fatal(err)
	}
	return req
}

// ourSpans puts spans of ours into a request.
func ourSpans(t *testing.T, spans []byte) *coltrace.ExportTraceServiceRequest {
	t.Helper()
	scope := AppendScope(nil, "rtcship/sora", "1.2.3")
	res := AppendResource(nil, []Attr{{"host.name", "sfu-3"}, {"service.name", "sora"}})
	ss := append(appendBytes(nil, 1<<3|2, scope), spans...)
	rs := append(appendBytes(nil, 1<<3|2, res), appendBytes(nil, 2<<3|2, ss)...)
	req := new(coltrace.ExportTraceServiceRequest)
	if err := proto.Unmarshal(appendBytes(nil, 1<<3|2, rs), req); err != nil {
		t.Fatal(err)
	}
	return req
}

func contextOf(r SpanRef) apitrace.SpanContext {
	return apitrace.NewSpanContext(apitrace.SpanContextConfig{
		TraceID: apitrace.TraceID(r.Trace), SpanID: apitrace.SpanID(r.Span), TraceFlags: apitrace.FlagsSampled,
	})
}

// What the SDK's own exporter sends for a span and what this package writes for it
// must decode to the same message.
func TestSpanSameAsSDK(t *testing.T) {
	begin := time.Date(2026, 3, 4, 5, 6, 7, 890123456, time.UTC)
	one, other := SpanRef{TraceID{1, 2, 3}, SpanID{4, 5, 6}}, SpanRef{TraceID{7, 8}, SpanID{9}}
	long := string(make([]byte, 20_000))
	for name, s := range map[string]Span{
		"plain":  {SpanRef: one, Name: "sora.connection"},
		"child":  {SpanRef: one, Name: "sora.recording", Parent: SpanID{1, 1}},
		"linked": {SpanRef: one, Name: "sora.connection", Link: other},
		"failed": {SpanRef: one, Name: "pexip.participant", Failed: true, Message: []byte("Call failed: 会議")},
		"mute":   {SpanRef: one, Name: "pexip.participant", Failed: true},
		"long":   {SpanRef: one, Name: "pexip.participant", Failed: true, Message: []byte(long[:500]), Link: other, Parent: SpanID{1}},
	} {
		t.Run(name, func(t *testing.T) {
			s.Start, s.End = begin.UnixNano(), begin.Add(62*time.Second).UnixNano()
			stub := tracetest.SpanStub{
				Name: s.Name, SpanContext: contextOf(s.SpanRef), SpanKind: apitrace.SpanKindServer,
				StartTime: begin, EndTime: begin.Add(62 * time.Second),
				Attributes: []attribute.KeyValue{
					attribute.String("sora.channel_id", "会議/1"), attribute.Int64("int", -5), attribute.Bool("yes", true),
					attribute.Float64("float", 1.5), attribute.String("long", long), attribute.StringSlice("list", []string{"sora", "signaling"}),
				},
				Resource:             resource.NewSchemaless(attribute.String("service.name", "sora"), attribute.String("host.name", "sfu-3")),
				InstrumentationScope: instrumentation.Scope{Name: "rtcship/sora", Version: "1.2.3"},
			}
			if s.Parent != (SpanID{}) {
				stub.Parent = contextOf(SpanRef{s.Trace, s.Parent})
			}
			if s.Link != (SpanRef{}) {
				stub.Links = []sdktrace.Link{{SpanContext: contextOf(s.Link)}}
			}
			if s.Failed {
				stub.Status = sdktrace.Status{Code: codes.Error, Description: string(s.Message)}
			}
			var attrs, w Writer
			attrs.String(NewKey("sora.channel_id"), "会議/1")
			attrs.Int(NewKey("int"), -5)
			attrs.Bool(NewKey("yes"), true)
			attrs.Double(NewKey("float"), 1.5)
			attrs.String(NewKey("long"), long)
			list(&attrs, "list", "sora", "signaling")
			if end := w.Span(&s, attrs.Buf); end != len(w.Buf) {
				t.Errorf("it ends at %d of %d", end, len(w.Buf))
			}
			if diff := cmp.Diff(sdkSpans(t, stub), ourSpans(t, w.Buf), protocmp.Transform()); diff != "" {
				t.Errorf("SDK's message (-), ours (+):\n%s", diff)
			}
		})
	}
}

// A span and its attributes take no more than they hold, and nothing is allocated.
func TestSpanAllocatesNothing(t *testing.T) {
	var attrs Writer
	attrs.String(NewKey("sora.channel_id"), "lobby")
	s := Span{SpanRef: SpanRef{TraceID{1}, SpanID{2}}, Name: "sora.connection", Start: 1, End: 2}
	w := Writer{Buf: make([]byte, 0, 4096)}
	if n := testing.AllocsPerRun(100, func() { w.Buf = w.Buf[:0]; w.Span(&s, attrs.Buf) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	var ss trace.ScopeSpans
	if err := proto.Unmarshal(w.Buf, &ss); err != nil || len(ss.Spans) != 1 {
		t.Errorf("%v, %v", ss.Spans, err)
	}
}
