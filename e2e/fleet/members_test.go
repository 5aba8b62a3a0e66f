package fleet

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

// A member is an rtcship with a Sora directory of its own: one log that grows by
// a line now and then while the fleet writes, and one that may get a backlog.
type member struct {
	name string
	dir  string

	live    *os.File
	written []time.Time // of each live line
	behind  int         // lines of the backlog
	ownLog  bool        // it sends its own log too, over a connection of its own
	process *harness.Process
}

// A fleet is members in front of a tier.
type fleet struct {
	tier    *tier
	members []*member
	watch   *watch

	mu      sync.Mutex // guards written of all members
	stop    chan struct{}
	writing sync.WaitGroup
}

// firstPort is where the first member has its metrics.
const firstPort = 20_000

// newFleet starts n members.
func newFleet(t testing.TB, tr *tier, n int) *fleet {
	t.Helper()
	f := &fleet{tier: tr}
	root := t.TempDir()
	var pids []int
	for i := range n {
		m := &member{name: fmt.Sprintf("m%04d", i), dir: filepath.Join(root, fmt.Sprintf("m%04d", i)), ownLog: i%3 > 0}
		m.start(t, firstPort+i)
		pids = append(pids, m.process.Pid())
		f.members = append(f.members, m)
	}
	f.watch = newWatch(t, pids)
	return f
}

func (m *member) start(t testing.TB, port int) {
	t.Helper()
	m.startWith(t, port, fmt.Sprintf("{endpoint: \"dns:///%s:%d\"}", tierName, tierPort))
}

// startWith is start with another way to send.
func (m *member) startWith(t testing.TB, port int, export string) {
	t.Helper()
	logs := filepath.Join(m.dir, "log")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(m.dir, "rtcship.yaml")
	text := fmt.Sprintf("state_dir: %s\nadmin: {listen: \"127.0.0.1:%d\"}\nsora: {log_dir: %q}\nexport: %s\n",
		filepath.Join(m.dir, "state"), port, logs, export)
	if !m.ownLog {
		text += "log: {otlp: false}\n" // its first connection is one that delivers, by which times are taken
	}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if m.live, err = os.OpenFile(filepath.Join(logs, "sora.jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err != nil {
		t.Fatal(err)
	}
	m.process = harness.Start(t, "rtcship "+m.name, shipCommand(config))
	t.Cleanup(func() { m.live.Close() })
}

// memberNice has members leave the processors to the tier, which in an installation has
// processors of its own: hundreds of members that catch up would keep it from answering.
const memberNice = "15"

// shipCommand runs rtcship with a configuration, and with nothing else that this test was given.
func shipCommand(config string) *exec.Cmd {
	cmd := exec.Command("nice", "-n", memberNice, os.Getenv(inside), "run", "--config", config)
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "RTCSHIP_") && !strings.HasPrefix(kv, "OTEL_") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, "GOMAXPROCS=1") // as in a container with a share of a processor
	return cmd
}

// fallBehind gives the member n lines at once in a log of its own.
func (m *member) fallBehind(t testing.TB, n int) {
	t.Helper()
	var b strings.Builder
	for range n {
		b.WriteString(harness.SoraLine(m.name+"b", m.behind, padding) + "\n")
		m.behind++
	}
	f, err := os.OpenFile(filepath.Join(m.dir, "log", "event_webhook.jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(b.String()); err != nil {
		t.Fatal(err)
	}
}

var padding = strings.Repeat("x", 200)

// write has each member write a line each -every, one after another, until the
// returned function is called.
func (f *fleet) write(t testing.TB) (end func()) {
	t.Helper()
	f.stop = make(chan struct{})
	f.writing.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		start, next := time.Now(), 0
		for {
			select {
			case <-f.stop:
				return
			case <-tick.C:
			}
			for due := int(float64(time.Since(start)) / float64(*every) * float64(len(f.members))); next < due; next++ {
				f.line(t, f.members[next%len(f.members)])
			}
		}
	})
	var once sync.Once
	end = func() {
		once.Do(func() {
			close(f.stop)
			f.writing.Wait()
		})
	}
	t.Cleanup(end)
	return end
}

func (f *fleet) line(t testing.TB, m *member) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := m.live.WriteString(harness.SoraLine(m.name, len(m.written), padding) + "\n"); err != nil {
		t.Error(err)
	}
	m.written = append(m.written, time.Now())
}

// lines returns when the live lines of a member were written.
func (f *fleet) lines(m *member) []time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clip(m.written)
}

// arrive waits until all that was written by now is there, live lines and backlogs.
// What is written meanwhile is not waited for: of a fleet that writes there is always
// a line that is on its way.
func (f *fleet) arrive(t testing.TB, limit time.Duration) {
	t.Helper()
	wanted := map[string]int{}
	for _, m := range f.members {
		wanted[m.name], wanted[m.name+"b"] = len(f.lines(m)), m.behind
	}
	harness.Wait(t, limit, "all lines", func() error {
		for stream, n := range wanted {
			if missing := f.tier.books.missing(stream, n); missing > 0 {
				return fmt.Errorf("%d of %d lines of %s are missing", missing, n, stream)
			}
		}
		return nil
	})
	f.tier.books.check(t)
}

// A delay is how long a line took, counted from when its member was connected if
// that was later than the line.
type delay struct {
	longest time.Duration
	member  string
	missing int
}

// delays looks at the live lines that were written since from and before until.
func (f *fleet) delays(from, until time.Time) (d delay) {
	ownLog := map[int]bool{}
	for _, m := range f.members {
		ownLog[m.process.Pid()] = m.ownLog
	}
	connected := f.watch.delivering(ownLog)
	for _, m := range f.members {
		written := f.lines(m)
		got := f.tier.books.of(m.name, len(written))
		for i, at := range written {
			if at.Before(from) || !at.Before(until) {
				continue
			}
			if got[i].uid == 0 {
				d.missing++
				continue
			}
			if c := connected[m.process.Pid()]; c.After(at) {
				at = c
			}
			if took := got[i].at.Sub(at); took > d.longest {
				d.longest, d.member = took, m.name
			}
		}
	}
	return d
}
