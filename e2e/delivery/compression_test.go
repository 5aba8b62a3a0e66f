package delivery

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/e2e/harness"
)

// TestAutoCompression has a collector whose HTTP server takes gzip alone, and
// answers 400 to zstd. Nothing may become a dead letter of it, and once another
// collector stands behind the same address, that one gets what it takes.
func TestAutoCompression(t *testing.T) {
	t.Parallel()
	gzipOnly := strings.Replace(harness.PlainConfig, `http: {endpoint: "{{.HTTP}}"}`, `http: {endpoint: "{{.HTTP}}", compression_algorithms: [gzip]}`, 1)
	collector := harness.NewCollector(t, gzipOnly, nil)
	collector.Start(t)
	l := newLoad(t, fmt.Sprintf(`{endpoint: "http://%s", protocol: http/protobuf, compression: auto}`, collector.HTTP))
	refused := func() float64 { return l.ship.Metric(t, "rtcship_requests_total", "code", "HTTP 400") }
	wire := func() float64 {
		return l.ship.Metric(t, "rtcship_wire_bytes_total") / float64(l.n)
	}
	for range 5 {
		l.write(t, 2000, 400)
		l.arrives(t, collector)
	}
	if n := refused(); n == 0 || n > 4 { // once a connection
		t.Errorf("%v requests were refused", n)
	}
	if n := wire(); n > 250 {
		t.Errorf("%.0f bytes a record on the wire: not compressed", n)
	}
	collector.Stop(t)
	collector.Configure(t, harness.PlainConfig, nil)
	before := refused()
	collector.Start(t)
	l.write(t, 10_000, 400)
	l.finish(t, collector)
	collector.Tally(t).Once(t)
	t.Logf("%v requests refused", before)
}

// TestCheckConnect sees what the real collector answers to a record: the answers
// that count as acknowledgements are these.
func TestCheckConnect(t *testing.T) {
	t.Parallel()
	collector := harness.NewCollector(t, harness.PlainConfig, nil)
	collector.Start(t)
	for _, c := range []struct{ protocol, addr, want string }{
		{"grpc", collector.GRPC, "OTLP  ok: the collector took a record over grpc: gRPC OK with OTLP's answer"},
		{"http/protobuf", collector.HTTP, "OTLP  ok: the collector took a record over http/protobuf: HTTP 200 with "},
	} {
		out, err := exec.Command(harness.Binary(t), "check", "--connect", "--sora-log-dir", t.TempDir(), "--endpoint", "http://"+c.addr, "--protocol", c.protocol).CombinedOutput()
		if err != nil || !strings.Contains(string(out), c.want) {
			t.Errorf("%v: %s", err, out)
		}
		t.Logf("%s", out[strings.LastIndex(strings.TrimSpace(string(out)), "\n")+1:])
	}
}
