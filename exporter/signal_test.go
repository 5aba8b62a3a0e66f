package exporter_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/exporter/exportertest"
)

// spans returns n spans with the given names as a group.
func spans(names ...string) exporter.Group {
	g := exporter.Group{
		Resource: encode(&resourcepb.Resource{Attributes: []*commonpb.KeyValue{attribute("service.name", "sora")}}),
		Scope:    encode(&commonpb.InstrumentationScope{Name: "rtcship/sora"}),
	}
	for _, name := range names {
		span := encode(&tracepb.Span{
			TraceId: []byte("0123456789abcdef"), SpanId: []byte("01234567"), Name: name, Kind: tracepb.Span_SPAN_KIND_SERVER,
			StartTimeUnixNano: 1, EndTimeUnixNano: 2, Attributes: []*commonpb.KeyValue{attribute("sora.channel_id", name)},
		})
		g.Records = protowire.AppendBytes(protowire.AppendTag(g.Records, 2, protowire.BytesType), span)
		g.Ends = append(g.Ends, len(g.Records))
	}
	return g
}

// Spans go where spans go, arrive as the official types read them, and are
// answered for as records are: again, halved, rejected.
func TestTraces(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol string) {
		var mu sync.Mutex
		var names, paths []string
		n := 0
		s := start(t, exportertest.Config{
			Answer: func(r *exportertest.Request) *exportertest.Fault {
				mu.Lock()
				defer mu.Unlock()
				switch n++; {
				case n == 1:
					return &exportertest.Fault{Code: codes.Unavailable}
				case r.Count() > 2:
					return &exportertest.Fault{Code: codes.ResourceExhausted, Status: 413, Message: "message too large"}
				case n == 5:
					return &exportertest.Fault{Rejected: 1, Message: "one is too old"}
				}
				return nil
			},
			Take: func(r *exportertest.Request) {
				mu.Lock()
				defer mu.Unlock()
				got, err := r.Spans()
				if err != nil || r.Signal != exportertest.Traces {
					t.Errorf("%v, a request of %s", err, r.Signal)
				}
				paths = append(paths, r.Path)
				for _, span := range got {
					if span.Attributes[0].Value.GetStringValue() != span.Name || string(span.SpanId) != "01234567" {
						t.Errorf("span %v", span)
					}
					names = append(names, span.Name)
				}
			},
		})
		e := open(t, exporter.Config{Signal: exporter.SignalTraces, Endpoint: s.Endpoint(protocol), Protocol: protocol, Compression: exporter.CompressionZstd, Blocked: always})
		if err := e.Send(t.Context(), []exporter.Group{spans("a", "b", "c", "d")}); err != nil {
			t.Fatal(err)
		}
		if slices.Sort(names); !slices.Equal(names, []string{"a", "b", "c", "d"}) {
			t.Errorf("spans %q", names)
		}
		if got := e.Status(); got.Accepted+got.Rejected != 4 {
			t.Errorf("%+v", got)
		}
		want := "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
		if protocol == exporter.ProtocolHTTP {
			want = "/v1/traces"
		}
		if paths = slices.Compact(paths); len(paths) != 1 || paths[0] != want {
			t.Errorf("paths %q, want %q", paths, want)
		}
	})
}

// A check of traces sends a span, and speaks of traces.
func TestCheckOfTraces(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol string) {
		var fault *exportertest.Fault
		s := start(t, exportertest.Config{Answer: func(r *exportertest.Request) *exportertest.Fault {
			got, err := r.Spans()
			if err != nil || len(got) != 1 || got[0].Name != "rtcship.probe" || len(got[0].TraceId) != 16 || len(got[0].SpanId) != 8 ||
				got[0].StartTimeUnixNano == 0 || got[0].StartTimeUnixNano != got[0].EndTimeUnixNano {
				t.Errorf("%v, %v", got, err)
			}
			return fault
		}})
		cfg := exporter.Config{Signal: exporter.SignalTraces, Endpoint: s.Endpoint(protocol), Protocol: protocol, Timeout: 30 * time.Second}
		if said, failure, err := exporter.Check(t.Context(), cfg); err != nil || failure != nil || said == "" {
			t.Errorf("%q, %+v, %v", said, failure, err)
		}
		fault = &exportertest.Fault{Code: codes.Unimplemented}
		if _, failure, err := exporter.Check(t.Context(), cfg); err != nil || failure == nil || !strings.Contains(failure.Hint, "takes no traces") {
			t.Errorf("%+v, %v", failure, err)
		}
	})
}

func TestTracesPath(t *testing.T) {
	for _, tt := range []struct {
		suffix string
		exact  bool
		want   string
	}{
		{"", false, "/v1/traces"},
		{"/otlp/", false, "/otlp/v1/traces"},
		{"/otlp/v1/traces", false, "/otlp/v1/traces"},
		{"/otlp/v1/logs", false, "/otlp/v1/traces"},
		{"/ingest", true, "/ingest"},
	} {
		var path string
		s := start(t, exportertest.Config{Take: func(r *exportertest.Request) { path = r.Path }})
		e := open(t, exporter.Config{
			Signal: exporter.SignalTraces, Endpoint: s.Endpoint(exportertest.HTTP) + tt.suffix, ExactPath: tt.exact, Protocol: exporter.ProtocolHTTP, Blocked: always,
		})
		if err := e.Send(t.Context(), []exporter.Group{spans("a")}); err != nil || path != tt.want {
			t.Errorf("path %q, %v, want %q", path, err, tt.want)
		}
	}
}

func TestSignalFaults(t *testing.T) {
	for _, cfg := range []exporter.Config{
		{Signal: "metrics"},
		{Signal: exporter.SignalTraces, DeadLetters: exporter.DeadLetters{Path: t.TempDir() + "/x"}},
	} {
		if _, err := exporter.New(cfg); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
}
