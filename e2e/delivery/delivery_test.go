// Package delivery gives rtcship collectors in trouble: stopped, out of memory,
// with a dead backend, with a small message limit, behind certificates that
// change. Whatever the collector does, nothing is lost.
package delivery

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

var (
	away = flag.Duration("away", time.Minute, "how long the collector is stopped under load")
	rate = flag.Int("rate", 10_000, "lines a second while it is")

	refuses = flag.Duration("refuses", 8*time.Second, "how long collectors refuse, at 2,000 lines a second")
)

// A load is a Sora log that grows, and the rtcship that follows it.
type load struct {
	ship *harness.Ship
	log  string
	n    int
}

// newLoad starts rtcship on an empty Sora directory with the given export
// settings (YAML, in braces).
func newLoad(t *testing.T, export string) *load {
	t.Helper()
	dir := t.TempDir()
	l := &load{log: filepath.Join(dir, "sora.jsonl")}
	l.ship = harness.NewShip(t, fmt.Sprintf("sora: {log_dir: %q}\nexport: %s\n", dir, export))
	l.ship.Start(t)
	return l
}

// write appends n lines of about size bytes.
func (l *load) write(t *testing.T, n, size int) {
	t.Helper()
	f, err := os.OpenFile(l.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b strings.Builder
	pad := strings.Repeat("x", max(0, size-200))
	for range n {
		b.WriteString(harness.SoraLine("line", l.n, pad) + "\n")
		l.n++
	}
	if _, err := f.WriteString(b.String()); err != nil {
		t.Fatal(err)
	}
}

// keepWriting writes so many lines a second for so long.
func (l *load) keepWriting(t *testing.T, rate int, d time.Duration) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(d); time.Now().Before(end); <-tick.C {
		l.write(t, rate/20, 300)
		l.ship.AddsUp(t)
	}
}

// arrives waits until all that was written is in the collector's file.
func (l *load) arrives(t *testing.T, collector *harness.Collector) {
	t.Helper()
	harness.Wait(t, 60*time.Second, "all lines", func() error {
		return collector.Tally(t).Complete("line", l.n)
	}, l.ship.Process(), collector.Process())
}

// finish ends rtcship and checks that nothing is missing, and that nothing was
// given up as a dead letter.
func (l *load) finish(t *testing.T, collector *harness.Collector) {
	t.Helper()
	l.arrives(t, collector)
	l.booked(t)
	l.ship.Stop(t)
	tally := collector.Tally(t)
	if err := tally.Complete("line", l.n); err != nil {
		t.Error(err)
	}
	l.noDeadLetters(t)
	t.Logf("%d lines, %d came again", l.n, tally.Repeats)
}

// booked checks that rtcship itself knows of each line that it was accepted, once.
func (l *load) booked(t *testing.T) {
	t.Helper()
	got := l.ship.Settled(t)["sora"]
	if n := int64(l.n); got.Read != n || got.Accepted != n {
		t.Errorf("the ledger of %d lines that arrived is %+v", n, got)
	}
}

func (l *load) noDeadLetters(t *testing.T) {
	t.Helper()
	if text, err := os.ReadFile(filepath.Join(l.ship.State, "dead-letters.jsonl")); err == nil && len(text) > 0 {
		t.Errorf("records became dead letters: %.500s", text)
	}
}

// TestCollectorAway stops the collector for a minute under load.
func TestCollectorAway(t *testing.T) {
	t.Parallel()
	collector := harness.NewCollector(t, harness.PlainConfig, nil)
	collector.Start(t)
	l := newLoad(t, fmt.Sprintf(`{endpoint: "http://%s"}`, collector.GRPC))
	l.write(t, 1000, 300)
	l.arrives(t, collector)
	collector.Stop(t)
	l.keepWriting(t, *rate, *away)
	collector.Start(t)
	l.finish(t, collector)
}

const limitedConfig = `
extensions:
  health_check: {endpoint: "{{.Health}}"}
receivers:
  otlp: {protocols: {grpc: {endpoint: "{{.GRPC}}"}, http: {endpoint: "{{.HTTP}}"}}}
processors:
  memory_limiter: {check_interval: 100ms, limit_mib: {{.Limit}}, spike_limit_mib: 1}
exporters:
  file: {path: "{{.Output}}", append: true, flush_interval: 100ms}
service:
  extensions: [health_check]
  telemetry: {metrics: {level: none}, logs: {level: warn}}
  pipelines:
    logs: {receivers: [otlp], processors: [memory_limiter], exporters: [file]}
`

// TestMemoryLimiter meets a collector whose memory limiter refuses everything,
// until it is given more memory.
func TestMemoryLimiter(t *testing.T) {
	for _, protocol := range []string{"grpc", "http/protobuf"} {
		t.Run(strings.ReplaceAll(protocol, "/", "-"), func(t *testing.T) {
			collector := harness.NewCollector(t, limitedConfig, map[string]any{"Limit": 3})
			collector.Start(t)
			addr := collector.GRPC
			if protocol != "grpc" {
				addr = collector.HTTP
			}
			l := newLoad(t, fmt.Sprintf(`{endpoint: "http://%s", protocol: %s}`, addr, protocol))
			l.keepWriting(t, 2000, *refuses)
			if have := collector.Tally(t).Have("line"); have == l.n {
				t.Errorf("all %d lines arrived: the limiter refused nothing", have)
			}
			collector.Stop(t)
			collector.Configure(t, limitedConfig, map[string]any{"Limit": 1000})
			collector.Start(t)
			l.finish(t, collector)
		})
	}
}

const backendConfig = `
extensions:
  health_check: {endpoint: "{{.Health}}"}
receivers:
  otlp: {protocols: {grpc: {endpoint: "{{.GRPC}}"}, http: {endpoint: "{{.HTTP}}"}}}
exporters:
  file: {path: "{{.Output}}", append: true, flush_interval: 100ms}
  otlp_http:
    endpoint: "{{.Backend}}"
    compression: none
    sending_queue: {enabled: false}
    retry_on_failure: {enabled: false}
service:
  extensions: [health_check]
  telemetry: {metrics: {level: none}, logs: {level: warn}}
  pipelines:
    logs: {receivers: [otlp], exporters: [otlp_http, file]}
`

// TestBackendDown has a collector without a queue in front of a backend that
// answers 500: the collector hands the fault on, and rtcship keeps the records.
func TestBackendDown(t *testing.T) {
	for _, status := range []int{http.StatusInternalServerError, http.StatusServiceUnavailable} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			b := newBackend(t, status)
			collector := harness.NewCollector(t, backendConfig, map[string]any{"Backend": b.URL})
			collector.Start(t)
			l := newLoad(t, fmt.Sprintf(`{endpoint: "http://%s"}`, collector.GRPC))
			l.keepWriting(t, 2000, *refuses)
			b.recovered.Store(true)
			harness.Wait(t, 60*time.Second, "all lines at the backend", func() error {
				return b.complete(l.n)
			}, l.ship.Process(), collector.Process())
			l.booked(t)
			l.ship.Stop(t)
			l.noDeadLetters(t)
			if b.refused.Load() == 0 {
				t.Error("the backend refused nothing")
			}
			t.Logf("%d lines, %d requests refused", l.n, b.refused.Load())
		})
	}
}

// A backend takes OTLP/HTTP in protobuf and counts, once it has recovered.
type backend struct {
	*httptest.Server
	recovered atomic.Bool
	refused   atomic.Int64
	counter   *harness.Counter
}

func newBackend(t *testing.T, status int) *backend {
	t.Helper()
	b := &backend{counter: harness.NewCounter()}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !b.recovered.Load() {
			b.refused.Add(1)
			http.Error(w, "no, for the test", status)
			return
		}
		if err := b.counter.ServeOTLP(w, r); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(b.Close)
	return b
}

func (b *backend) complete(n int) error { return b.counter.Complete("line", n) }

// TestMessageLimit has a collector that takes messages of 1 MiB at most, while
// rtcship makes requests of 3 MiB.
func TestMessageLimit(t *testing.T) {
	limited := strings.Replace(harness.PlainConfig, `grpc: {endpoint: "{{.GRPC}}"}`, `grpc: {endpoint: "{{.GRPC}}", max_recv_msg_size_mib: 1}`, 1)
	limited = strings.Replace(limited, `http: {endpoint: "{{.HTTP}}"}`, `http: {endpoint: "{{.HTTP}}", max_request_body_size: 1048576}`, 1)
	for _, protocol := range []string{"grpc", "http/protobuf"} {
		t.Run(strings.ReplaceAll(protocol, "/", "-"), func(t *testing.T) {
			collector := harness.NewCollector(t, limited, nil)
			collector.Start(t)
			addr := collector.GRPC
			if protocol != "grpc" {
				addr = collector.HTTP
			}
			l := newLoad(t, fmt.Sprintf(`{endpoint: "http://%s", protocol: %s, max_request: 3MiB}`, addr, protocol))
			l.write(t, 12_000, 1000)
			l.finish(t, collector)
			collector.Tally(t).Once(t)
		})
	}
}

// TestHTTP ships over OTLP/HTTP with each compression.
func TestHTTP(t *testing.T) {
	for _, compression := range []string{"none", "gzip", "zstd"} {
		t.Run(compression, func(t *testing.T) {
			collector := harness.NewCollector(t, harness.PlainConfig, nil)
			collector.Start(t)
			l := newLoad(t, fmt.Sprintf(`{endpoint: "http://%s", protocol: http/protobuf, compression: %s}`, collector.HTTP, compression))
			l.write(t, 10_000, 400)
			l.finish(t, collector)
			collector.Tally(t).Once(t)
		})
	}
}

// TestGRPCCompression ships over OTLP/gRPC with each compression.
func TestGRPCCompression(t *testing.T) {
	for _, compression := range []string{"gzip", "zstd"} {
		t.Run(compression, func(t *testing.T) {
			collector := harness.NewCollector(t, harness.PlainConfig, nil)
			collector.Start(t)
			l := newLoad(t, fmt.Sprintf(`{endpoint: "http://%s", compression: %s}`, collector.GRPC, compression))
			l.write(t, 10_000, 400)
			l.finish(t, collector)
			collector.Tally(t).Once(t)
		})
	}
}
