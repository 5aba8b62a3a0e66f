package push

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	metricspb "go.opentelemetry.io/proto/slim/otlp/collector/metrics/v1"
	metrics "go.opentelemetry.io/proto/slim/otlp/metrics/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/rtcship/rtcship/convert/cdr"
	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/numbers"
	"github.com/rtcship/rtcship/internal/pipeline"
)

// A pushBench is a collector that metrics are sent to.
type pushBench struct {
	mu       sync.Mutex
	refuse   bool
	requests int
	tokens   map[string]bool
	path     string
	last     map[string]*metrics.Metric
	resource string
}

func (b *pushBench) take(r *metricspb.ExportMetricsServiceRequest, token string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests++
	b.tokens[token] = true
	if b.refuse {
		return false
	}
	b.last = map[string]*metrics.Metric{}
	for _, rm := range r.ResourceMetrics {
		b.resource = rm.Resource.String()
		for _, sm := range rm.ScopeMetrics {
			for _, m := range sm.Metrics {
				b.last[m.Name] = m
			}
		}
	}
	return true
}

// ServeHTTP is OTLP over HTTP.
func (b *pushBench) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var request metricspb.ExportMetricsServiceRequest
	b.mu.Lock()
	b.path = r.URL.Path
	b.mu.Unlock()
	if err := proto.Unmarshal(body, &request); err != nil || !b.take(&request, r.Header.Get("x-token")) {
		http.Error(w, "you said "+r.Header.Get("x-token"), http.StatusBadRequest)
	}
}

// check looks at the last request; others may come meanwhile.
func (b *pushBench) check(t *testing.T, protocol string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := b.last["rtcship.call.duration"].GetHistogram(); n.GetDataPoints()[0].GetCount() != 1 || len(n.DataPoints[0].ExplicitBounds) == 0 {
		t.Errorf("%v", n)
	}
	for _, name := range []string{"rtcship.state", "rtcship.log.lost", "rtcship.build.info"} {
		if b.last[name] == nil {
			t.Errorf("%s is not sent", name)
		}
	}
	if !strings.Contains(b.resource, "rtcship") || !b.tokens["s3cr3t"] || len(b.tokens) != 1 || protocol != "grpc" && b.path != "/v1/metrics" {
		t.Errorf("resource %s, tokens %v, path %q", b.resource, b.tokens, b.path)
	}
}

// stream is OTLP over gRPC.
func (b *pushBench) stream(_ any, s grpc.ServerStream) error {
	var request metricspb.ExportMetricsServiceRequest
	if err := s.RecvMsg(&request); err != nil {
		return err
	}
	md, _ := metadata.FromIncomingContext(s.Context())
	if !b.take(&request, strings.Join(md.Get("x-token"), "")) {
		return status.Errorf(codes.InvalidArgument, "you said %v", md.Get("x-token"))
	}
	return s.SendMsg(&metricspb.ExportMetricsServiceResponse{})
}

func (b *pushBench) serve(t *testing.T, protocol string) (endpoint string) {
	t.Helper()
	if protocol == "http/protobuf" {
		server := httptest.NewServer(b)
		t.Cleanup(server.Close)
		return server.URL
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.UnknownServiceHandler(b.stream))
	go server.Serve(l)
	t.Cleanup(server.Stop)
	return "http://" + l.Addr().String()
}

func (b *pushBench) await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		b.mu.Lock()
		done := ok()
		b.mu.Unlock()
		if done {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) count(text string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Count(b.String(), text)
}

// states is the status of a process that has nothing to do.
func states() *pipeline.Status { return &pipeline.Status{Version: "1.2.3", Running: true} }

// Metrics reach a collector as /metrics has them, go on after a refusal, end when a
// configuration does not want them any more, and come once more at the end.
func TestPush(t *testing.T) {
	t.Setenv("OTEL_METRIC_EXPORT_INTERVAL", "20")
	defer func(d time.Duration) { lastPush = d }(lastPush)
	lastPush = time.Minute // the machine may be slow, and the last values are expected
	for _, protocol := range []string{"grpc", "http/protobuf"} {
		t.Run(protocol, func(t *testing.T) { testPush(t, protocol) })
	}
}

func testPush(t *testing.T, protocol string) {
	b := &pushBench{tokens: map[string]bool{}}
	calls, err := numbers.Expose()
	if err != nil {
		t.Fatal(err)
	}
	var log lockedBuffer
	p := &Push{Status: states, More: calls, Log: slog.New(slog.NewTextHandler(&log, nil)), Version: "1.2.3"}
	defer p.Close()
	cfg := config.Default()
	cfg.Export.Protocol, cfg.Export.Endpoint = protocol, b.serve(t, protocol)
	cfg.Export.Headers = map[string]string{"x-token": "general"}
	p.Configure(&cfg)
	if p.stop != nil {
		t.Fatal("metrics are sent that nobody wanted")
	}

	cfg.Metrics.OTLP = true
	cfg.Metrics.OTel.Headers = map[string]string{"x-token": "s3cr3t"}
	p.Configure(&cfg)
	ended(calls)
	b.await(t, "a call", func() bool { return b.last["rtcship.call.ended"] != nil })
	b.check(t, protocol)

	stop := p.stop
	p.Configure(&cfg) // a reload that changes nothing of it
	if stop == nil || p.stop == nil {
		t.Fatal("not pushed any more")
	}
	n := b.set(true)
	b.await(t, "refusals", func() bool { return b.requests > n+5 })
	n = b.set(false)
	b.await(t, "what comes after", func() bool { return b.requests > n+5 })
	if said, again := log.count("cannot be sent"), log.count("are sent to the collector again"); said != 1 || again != 1 {
		t.Errorf("said %d times that metrics cannot be sent, and %d times that they can", said, again)
	}

	if log.count("s3cr3t") > 0 {
		t.Error("the log quotes a collector that quotes our token")
	}
	ended(calls)
	cfg.Metrics.OTLP = false
	p.Configure(&cfg)
	if n := b.last["rtcship.call.ended"].GetSum().GetDataPoints()[0].GetAsDouble(); n != 2 {
		t.Errorf("the last values have %v calls", n)
	}
	n = b.set(false)
	p.Close()
	cfg.Metrics.OTLP = true
	p.Configure(&cfg) // after the end
	if p.stop != nil || b.requests != n {
		t.Error("metrics are sent after the end")
	}
}

// set makes the collector refuse or accept, and returns how many requests there were.
func (b *pushBench) set(refuse bool) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse = refuse
	return b.requests
}

// ended counts a call.
func ended(e *numbers.Exposed) {
	var n cdr.Numbers
	n.Close(&cdr.Record{Kind: cdr.SoraConnection, Joined: true, Begin: 1, End: 2}, nil)
	n.EndLine(time.Now().UnixNano(), 0, new(otlp.SpanRef))
	e.Note(&n, 0)
}

// What is wrong with an endpoint is said, and keeps nothing from running.
func TestPushFaults(t *testing.T) {
	var log lockedBuffer
	p := &Push{Status: states, Log: slog.New(slog.NewTextHandler(&log, nil))}
	cfg := config.Default()
	cfg.Metrics.OTLP, cfg.Export.TLS.CAFile = true, "/nonexistent"
	p.Configure(&cfg)
	if p.stop != nil || log.count("metrics are not sent") != 1 {
		t.Error(log.String())
	}
	p.Close()
	var none *Push
	none.Close()
}
