package otlp

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"
	collogs "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	logs "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
)

// rawCodec keeps requests as the bytes that were on the wire.
type rawCodec struct{}

func (rawCodec) Name() string                { return "proto" }
func (rawCodec) Marshal(any) ([]byte, error) { return nil, nil }
func (rawCodec) Unmarshal(b []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), b...)
	return nil
}

// serve starts a service for logs and traces on loopback that sends each request it gets to
// the returned channel.
func serve(t *testing.T) (*grpc.ClientConn, chan []byte) {
	t.Helper()
	requests := make(chan []byte, 8)
	export := func(_ any, _ context.Context, dec func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		var raw []byte
		if err := dec(&raw); err != nil {
			return nil, err
		}
		requests <- raw
		return nil, nil
	}
	s := grpc.NewServer(grpc.ForceServerCodec(rawCodec{}))
	for _, service := range []string{"logs.v1.LogsService", "trace.v1.TraceService"} {
		s.RegisterService(&grpc.ServiceDesc{
			ServiceName: "opentelemetry.proto.collector." + service,
			HandlerType: (*any)(nil),
			Methods:     []grpc.MethodDesc{{MethodName: "Export", Handler: export}},
		}, nil)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)
	t.Cleanup(s.Stop)
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn, requests
}

// sdkRequest is what the OpenTelemetry SDK sends for one record.
func sdkRequest(t *testing.T, r log.Record) *collogs.ExportLogsServiceRequest {
	t.Helper()
	conn, requests := serve(t)
	exp, err := otlploggrpc.New(t.Context(), otlploggrpc.WithGRPCConn(conn))
	if err != nil {
		t.Fatal(err)
	}
	res := resource.NewSchemaless(attribute.String("service.name", "sora"), attribute.String("host.name", "sfu-3"))
	p := sdklog.NewLoggerProvider(
		sdklog.WithResource(res),
		sdklog.WithProcessor(sdklog.NewSimpleProcessor(exp)),
		sdklog.WithAttributeCountLimit(-1), sdklog.WithAttributeValueLengthLimit(-1),
	)
	p.Logger("rtcship/sora", log.WithInstrumentationVersion("1.2.3")).Emit(t.Context(), r)
	if err := p.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	req := new(collogs.ExportLogsServiceRequest)
	if err := proto.Unmarshal(<-requests, req); err != nil {
		t.Fatal(err)
	}
	return req
}

// ourRequest puts a record of ours into a request.
func ourRequest(t *testing.T, records []byte) *collogs.ExportLogsServiceRequest {
	t.Helper()
	sl := new(logs.ScopeLogs)
	if err := proto.Unmarshal(records, sl); err != nil {
		t.Fatal(err)
	}
	scope := AppendScope(nil, "rtcship/sora", "1.2.3")
	if err := (proto.UnmarshalOptions{Merge: true}).Unmarshal(appendBytes(nil, 1<<3|2, scope), sl); err != nil {
		t.Fatal(err)
	}
	rl := &logs.ResourceLogs{ScopeLogs: []*logs.ScopeLogs{sl}}
	res := AppendResource(nil, []Attr{{"host.name", "sfu-3"}, {"service.name", "sora"}})
	if err := (proto.UnmarshalOptions{Merge: true}).Unmarshal(appendBytes(nil, 1<<3|2, res), rl); err != nil {
		t.Fatal(err)
	}
	return &collogs.ExportLogsServiceRequest{ResourceLogs: []*logs.ResourceLogs{rl}}
}

// What the SDK's own exporter sends for a record and what this package writes
// for it must decode to the same message.
func TestSameAsSDK(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 890123456, time.UTC)
	seen := at.Add(3 * time.Second)
	long := string(make([]byte, 20_000))
	for name, body := range map[string]string{"short": "PONG-TIMEOUT-ERROR", "empty": "", "long": long} {
		t.Run(name, func(t *testing.T) {
			var r log.Record
			r.SetTimestamp(at)
			r.SetObservedTimestamp(seen)
			r.SetSeverity(log.SeverityError)
			r.SetSeverityText("error")
			r.SetEventName("sora.pong_timeout_error")
			r.SetBody(attribute.StringValue(body))
			r.AddAttributes(
				attribute.String("sora.channel_id", "会議/1"), attribute.String("empty", ""), attribute.String("long", long[:500]),
				attribute.Int64("int", -5), attribute.Int64("big", 1<<62), attribute.Float64("float", 1.75342361155652490234e+12),
				attribute.Bool("yes", true), attribute.Bool("no", false),
				attribute.StringSlice("list", []string{"sora", "signaling"}), attribute.StringSlice("none", nil),
				attribute.StringSlice("wide", []string{long[:300], long[:90]}),
			)
			var w Writer
			w.Begin()
			w.Time(at.UnixNano())
			w.Observed(seen.UnixNano())
			w.Severity(17)
			w.SeverityText([]byte("error"))
			w.EventNameParts("sora.", []byte("pong_timeout_error"))
			w.Text(NewKey("sora.channel_id"), []byte("会議/1"))
			w.String(NewKey("empty"), "")
			w.String(NewKey("long"), long[:500])
			w.Int(NewKey("int"), -5)
			w.Int(NewKey("big"), 1<<62)
			w.Double(NewKey("float"), 1.75342361155652490234e+12)
			w.Bool(NewKey("yes"), true)
			w.Bool(AppendKey(make([]byte, 0, 8), "n", []byte("o")), false)
			list(&w, "list", "sora", "signaling")
			list(&w, "none")
			list(&w, "wide", long[:300], long[:90])
			w.Body([]byte(body))
			w.End()
			if diff := cmp.Diff(sdkRequest(t, r), ourRequest(t, w.Buf), protocmp.Transform()); diff != "" {
				t.Errorf("SDK's message (-), ours (+):\n%s", diff)
			}
		})
	}
}
