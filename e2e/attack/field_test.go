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

// A field is rtcship under attack and, beside it on the same machine, another one
// that nobody attacks: what its people wait is what a busy machine makes anybody wait.
type field struct {
	*site
	calm   *site
	memory *memory
	struck time.Time // when the attack began
}

// A site is rtcship with those that it serves: a Sora that writes, a Pexip that
// sends, monitoring that asks, and a collector.
type site struct {
	ship      *harness.Ship
	dir       string // everything of this test
	log       string // Sora's log directory
	syslog    string // address of the TCP listener
	collector *collector

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
	return &field{site: newSite(t, a), calm: newSite(t, &attack{})}
}

func newSite(t *testing.T, a *attack) *site {
	t.Helper()
	s := &site{dir: t.TempDir(), collector: newCollector(t), syslog: harness.FreeAddr(t), stop: make(chan struct{})}
	if err := os.Chmod(s.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.log = filepath.Join(s.dir, "log")
	if err := os.Mkdir(s.log, 0o755); err != nil {
		t.Fatal(err)
	}
	s.ship = harness.NewShip(t, s.config(a))
	return s
}

func (s *site) config(a *attack) string {
	endpoint := fmt.Sprintf("export: {endpoint: %q, protocol: http/protobuf}\n", s.collector.http)
	if a.grpc {
		endpoint = fmt.Sprintf("export: {endpoint: %q}\n", s.collector.grpc)
	}
	return fmt.Sprintf("sora: {log_dir: %q}\npexip: {listen: [\"tcp://%s\"]}\ndrain_timeout: %s\n", s.log, s.syslog, drain) + endpoint + a.config
}

// live lets a Sora, a Pexip and the monitoring do what they do, five times a second each.
func (s *site) live(t *testing.T) {
	t.Helper()
	sora, err := os.OpenFile(filepath.Join(s.log, "sora.jsonl"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	pexip, err := net.Dial("tcp", s.syslog)
	if err != nil {
		t.Fatal(err)
	}
	every := func(do func(n int)) {
		s.lives.Go(func() {
			tick := time.NewTicker(200 * time.Millisecond)
			defer tick.Stop()
			for n := 0; ; n++ {
				select {
				case <-s.stop:
					return
				case <-tick.C:
					do(n)
				}
			}
		})
	}
	every(func(n int) {
		id := fmt.Sprintf("live-sora-%06d.", n)
		s.collector.sent(id)
		fmt.Fprintf(sora, "{\"timestamp\":%q,\"level\":\"info\",\"msg\":%q}\n", time.Now().UTC().Format(time.RFC3339Nano), id)
	})
	every(func(n int) {
		id := fmt.Sprintf("live-pexip-%06d.", n)
		s.collector.sent(id)
		m := fmt.Sprintf(`<134>2026-11-21T06:00:00.000+00:00 node-1 2026-11-21 06:00:00,000 Level="INFO" Name="administrator.configuration" Message=%q`, id)
		if _, err := io.WriteString(pexip, harness.OctetCounting(m)); err != nil {
			s.note(delay{who: "pexip", what: id, began: time.Now(), err: err})
		}
	})
	every(func(n int) {
		path := []string{"/healthz", "/metrics", "/readyz"}[n%3]
		start := time.Now()
		err := ask(s.ship.Admin, path)
		s.note(delay{"monitoring", path, start, time.Since(start), err})
	})
	t.Cleanup(func() {
		sora.Close()
		pexip.Close()
	})
}

func (s *site) note(d delay) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, d)
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

// endLive stops the load and returns, of each, the longest that it had to wait of
// what began after a time.
func (s *site) endLive(t *testing.T, after time.Time, records bool) []delay {
	t.Helper()
	close(s.stop)
	s.lives.Wait()
	all := s.asked
	if records {
		all = append(all, s.collector.waits(t)...)
	}
	worst := map[string]delay{}
	for _, d := range all {
		if d.began.Before(after) {
			continue
		}
		if w, ok := worst[d.who]; !ok || d.took > w.took || d.err != nil && w.err == nil {
			worst[d.who] = d
		}
	}
	return slices.Collect(maps.Values(worst))
}

// status is what /status.json says, as text.
func (s *site) status() (string, error) {
	resp, err := http.Get("http://" + s.ship.Admin + "/status.json")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

var stateWord = regexp.MustCompile(`"state": "(green|amber|red)"`)

// says is nil once the state is one of those wanted and the status holds the text.
func (s *site) says(states, text string) error {
	status, err := s.status()
	if err != nil {
		return err
	}
	m := stateWord.FindStringSubmatch(status)
	if m == nil || !strings.Contains(states, m[1]) || !strings.Contains(status, text) {
		return fmt.Errorf("the status is %v, want %s and %q in\n%.3000s", m, states, text, status)
	}
	return nil
}

// counts is nil once a metric has reached a value.
func (s *site) counts(t *testing.T, least float64, name string, labels ...string) error {
	if v := s.ship.Metric(t, name, labels...); v < least {
		return fmt.Errorf("%s%v is %v, want %v", name, labels, v, least)
	}
	return nil
}

// send sends text to the syslog listener over a connection of its own, as far as
// it is taken, and keeps the connection open until the test ends.
func (s *site) send(t *testing.T, text string) {
	t.Helper()
	c, err := net.Dial("tcp", s.syslog)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() { _, _ = io.WriteString(c, text) }() // which the attacked may end
}
