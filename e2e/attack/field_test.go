package attack

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

// A field is rtcship with those that it serves while it is attacked: a Sora that
// writes, a Pexip that sends, monitoring that asks, and a collector.
type field struct {
	ship      *harness.Ship
	dir       string // everything of this test
	log       string // Sora's log directory
	syslog    string // address of the TCP listener
	collector *collector
	memory    *memory
	struck    time.Time // when the attack began

	mu    sync.Mutex
	asked []delay // of the monitoring
	stop  chan struct{}
	lives sync.WaitGroup
}

// A delay is how long somebody waited.
type delay struct {
	who, what string
	began     time.Time
	took      time.Duration
	err       error
}

func newField(t *testing.T, a *attack) *field {
	t.Helper()
	f := &field{dir: t.TempDir(), collector: newCollector(t), syslog: harness.FreeAddr(t), stop: make(chan struct{})}
	if err := os.Chmod(f.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	f.log = filepath.Join(f.dir, "log")
	if err := os.Mkdir(f.log, 0o755); err != nil {
		t.Fatal(err)
	}
	f.ship = harness.NewShip(t, f.config(a))
	return f
}

func (f *field) config(a *attack) string {
	endpoint := fmt.Sprintf("export: {endpoint: %q, protocol: http/protobuf}\n", f.collector.http)
	if a.grpc {
		endpoint = fmt.Sprintf("export: {endpoint: %q}\n", f.collector.grpc)
	}
	return fmt.Sprintf("sora: {log_dir: %q}\npexip: {listen: [\"tcp://%s\"]}\ndrain_timeout: %s\n", f.log, f.syslog, drain) + endpoint + a.config
}

// live lets a Sora, a Pexip and the monitoring do what they do, five times a second each.
func (f *field) live(t *testing.T) {
	t.Helper()
	sora, err := os.OpenFile(filepath.Join(f.log, "sora.jsonl"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	pexip, err := net.Dial("tcp", f.syslog)
	if err != nil {
		t.Fatal(err)
	}
	every := func(do func(n int)) {
		f.lives.Go(func() {
			tick := time.NewTicker(200 * time.Millisecond)
			defer tick.Stop()
			for n := 0; ; n++ {
				select {
				case <-f.stop:
					return
				case <-tick.C:
					do(n)
				}
			}
		})
	}
	every(func(n int) {
		id := fmt.Sprintf("live-sora-%06d.", n)
		f.collector.sent(id)
		fmt.Fprintf(sora, "{\"timestamp\":%q,\"level\":\"info\",\"msg\":%q}\n", time.Now().UTC().Format(time.RFC3339Nano), id)
	})
	every(func(n int) {
		id := fmt.Sprintf("live-pexip-%06d.", n)
		f.collector.sent(id)
		m := fmt.Sprintf(`<134>2026-11-21T06:00:00.000+00:00 node-1 2026-11-21 06:00:00,000 Level="INFO" Name="administrator.configuration" Message=%q`, id)
		if _, err := io.WriteString(pexip, harness.OctetCounting(m)); err != nil {
			f.note(delay{who: "pexip", what: id, began: time.Now(), err: err})
		}
	})
	every(func(n int) {
		path := []string{"/healthz", "/metrics", "/readyz"}[n%3]
		start := time.Now()
		err := ask(f.ship.Admin, path)
		f.note(delay{"monitoring", path, start, time.Since(start), err})
	})
	t.Cleanup(func() {
		sora.Close()
		pexip.Close()
	})
}

func (f *field) note(d delay) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, d)
}

// ask asks as a kubelet does, over a connection of its own.
func ask(address, path string) error {
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + address + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// endLive stops the load and returns the longest that each had to wait, of what
// began while all was calm and of what began under the attack.
func (f *field) endLive(t *testing.T, records bool) (before, during []delay) {
	t.Helper()
	close(f.stop)
	f.lives.Wait()
	all := f.asked
	if records {
		all = append(all, f.collector.waits(t)...)
	}
	worst := map[bool]map[string]delay{false: {}, true: {}}
	for _, d := range all {
		if d.began.Before(f.struck.Add(-calm)) {
			continue
		}
		by := worst[d.began.After(f.struck)]
		if w, ok := by[d.who]; !ok || d.took > w.took || d.err != nil && w.err == nil {
			by[d.who] = d
		}
	}
	return slices.Collect(maps.Values(worst[false])), slices.Collect(maps.Values(worst[true]))
}

// status is what /status.json says, as text.
func (f *field) status() (string, error) {
	resp, err := http.Get("http://" + f.ship.Admin + "/status.json")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

var stateWord = regexp.MustCompile(`"state": "(green|amber|red)"`)

// says is nil once the state is one of those wanted and the status holds the text.
func (f *field) says(states, text string) error {
	s, err := f.status()
	if err != nil {
		return err
	}
	m := stateWord.FindStringSubmatch(s)
	if m == nil || !strings.Contains(states, m[1]) || !strings.Contains(s, text) {
		return fmt.Errorf("the status is %v, want %s and %q in\n%.3000s", m, states, text, s)
	}
	return nil
}

// counts is nil once a metric has reached a value.
func (f *field) counts(t *testing.T, least float64, name string, labels ...string) error {
	if v := f.ship.Metric(t, name, labels...); v < least {
		return fmt.Errorf("%s%v is %v, want %v", name, labels, v, least)
	}
	return nil
}

// send sends text to the syslog listener over a connection of its own, as far as
// it is taken, and keeps the connection open until the test ends.
func (f *field) send(t *testing.T, text string) {
	t.Helper()
	c, err := net.Dial("tcp", f.syslog)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() { _, _ = io.WriteString(c, text) }() // which the attacked may end
}
