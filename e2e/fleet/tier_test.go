package fleet

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/cache"
	"github.com/rtcship/rtcship/e2e/harness"
)

// A tier is collectors behind one name, each with a backend of its own.
type tier struct {
	names      *nameServer
	books      *books
	collectors []*collector
}

type collector struct {
	addr    string
	backend *backend
	config  string
	bin     string
	env     []string
	process *harness.Process
	owner   testing.TB // whose end is its end
}

// newTier prepares n collectors, and the name under which they are found; none
// runs yet.
func newTier(t testing.TB, n int) *tier {
	t.Helper()
	return newTierOf(t, "tier.yaml", n)
}

// newTierOf is newTier with the collectors of a manifest, each with a volume of its own.
func newTierOf(t testing.TB, manifest string, n int) *tier {
	t.Helper()
	bin, err := cache.Collector()
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "collector.yaml")
	if err := os.WriteFile(config, []byte(tierConfig(t, manifest)), 0o600); err != nil {
		t.Fatal(err)
	}
	tr := &tier{names: newNameServer(t), books: newBooks()}
	for i := range n {
		c := &collector{addr: collectorIP(i), bin: bin, config: config, backend: newBackend(t, tr.books, *rate), owner: t}
		c.env = []string{
			"OTLP_GRPC=" + c.grpc(), "STORE_ENDPOINT=" + c.backend.addr, "STORE_INSECURE=true", "STORE_COMPRESSION=none", "HEALTH=" + c.addr + ":13133",
			"MEMORY_LIMIT_MIB=400", "MEMORY_SPIKE_MIB=80", "METRICS_LEVEL=none", "LOG_LEVEL=warn", "GOMEMLIMIT=400MiB",
			"QUEUE_DIR=" + filepath.Join(filepath.Dir(config), fmt.Sprint(i)),
		}
		tr.collectors = append(tr.collectors, c)
	}
	tr.publish(n)
	return tr
}

// publish has the name stand for the first n collectors.
func (tr *tier) publish(n int) {
	addrs := make([]string, n)
	for i := range addrs {
		addrs[i] = tr.collectors[i].addr
	}
	tr.names.set(addrs...)
}

func (tr *tier) start(t testing.TB) {
	t.Helper()
	for _, c := range tr.collectors {
		c.launch(t)
	}
	for _, c := range tr.collectors {
		c.wait(t)
	}
}

func (tr *tier) stop(t testing.TB) {
	t.Helper()
	for _, c := range tr.collectors {
		c.stop(t)
	}
}

// taken returns how many bytes each collector has handed on.
func (tr *tier) taken() []int64 {
	n := make([]int64, len(tr.collectors))
	for i, c := range tr.collectors {
		n[i] = c.backend.taken.Load()
	}
	return n
}

func (c *collector) grpc() string { return fmt.Sprintf("%s:%d", c.addr, tierPort) }

func (c *collector) launch(t testing.TB, env ...string) {
	t.Helper()
	cmd := exec.Command(c.bin, "--config", "file:"+c.config)
	cmd.Env = append(append(os.Environ(), c.env...), env...)
	inTier(func() { c.process = harness.Start(c.owner, "collector "+c.addr, cmd) })
}

// wait returns when the collector takes connections.
func (c *collector) wait(t testing.TB) {
	t.Helper()
	harness.Wait(t, harness.Patience, "the collector's port", func() (err error) {
		var conn net.Conn
		inTier(func() { conn, err = net.DialTimeout("tcp", c.grpc(), time.Second) })
		if err == nil {
			conn.Close()
		}
		return err
	}, c.process)
}

// stop ends the collector in good order.
func (c *collector) stop(t testing.TB) {
	t.Helper()
	c.process.Stop(t, within(40*time.Second))
}

// A usage is what a process has taken so far.
type usage struct {
	cpu     time.Duration
	wakeups int64 // how often it gave a processor up to wait
	memory  int64 // bytes that are its own alone
}

// usageOf reads what the kernel knows of a process.
func usageOf(t testing.TB, pid int) (u usage) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/", pid)
	stat, err := os.ReadFile(dir + "stat")
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+2:]))
	ticks := number(fields[11]) + number(fields[12])
	u.cpu = time.Duration(ticks) * 10 * time.Millisecond
	tasks, _ := filepath.Glob(dir + "task/*/status")
	for _, task := range tasks {
		text, _ := os.ReadFile(task) // it may have ended
		for line := range strings.Lines(string(text)) {
			if v, ok := strings.CutPrefix(line, "voluntary_ctxt_switches:"); ok {
				u.wakeups += number(strings.TrimSpace(v))
			}
		}
	}
	status, _ := os.ReadFile(dir + "status")
	for line := range strings.Lines(string(status)) {
		if v, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			u.memory = number(strings.Fields(v)[0]) << 10
		}
	}
	return u
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}
