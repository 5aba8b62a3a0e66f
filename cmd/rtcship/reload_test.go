package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/rtcship/rtcship/exporter/exportertest"
	"github.com/rtcship/rtcship/internal/pipeline"
)

// A live is the whole program at work, as a process of its own, and a collector
// that can be away.
type live struct {
	t      *testing.T
	dir    string
	file   string // the configuration
	server *exportertest.Server
	away   atomic.Bool
	refuse atomic.Bool  // each request for good, with its first line, but for rtcship's own question
	got    atomic.Int64 // records
	cmd    *exec.Cmd
	log    *output
	ended  chan error
}

// newLive starts the program with further lines of configuration.
func newLive(t *testing.T, more string) *live {
	t.Helper()
	l := &live{t: t, dir: t.TempDir(), log: &output{}, ended: make(chan error, 1)}
	l.file = filepath.Join(l.dir, "rtcship.yaml")
	if err := os.Mkdir(filepath.Join(l.dir, "log"), 0o755); err != nil {
		t.Fatal(err)
	}
	var err error
	l.server, err = exportertest.Start(exportertest.Config{
		HTTPListen: "-",
		Answer: func(r *exportertest.Request) *exportertest.Fault {
			if l.away.Load() {
				return &exportertest.Fault{Code: codes.Unavailable, Message: "away"}
			}
			if records, err := r.Records(); err == nil && len(records) > 0 && l.refuse.Load() {
				if body := records[0].Body.GetStringValue(); !strings.HasPrefix(body, "rtcship asks") {
					return &exportertest.Fault{Code: codes.InvalidArgument, Message: "cannot take " + body}
				}
			}
			return nil
		},
		Take: func(r *exportertest.Request) { l.got.Add(int64(r.Count())) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.server.Close)
	l.configure(more)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l.cmd = exec.Command(self)
	l.cmd.Args = []string{"rtcship", "run", "--config", l.file}
	l.cmd.Stderr = l.log
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { l.ended <- l.cmd.Wait(); close(l.ended) }()
	t.Cleanup(func() {
		_ = l.cmd.Process.Kill()
		for range l.ended { // until then it may write to its state, which is about to be removed
		}
		if t.Failed() {
			t.Logf("the program wrote:\n%.4000s", l.log)
		}
	})
	l.await("the first status", func(s *pipeline.Status) bool { return s.Running })
	return l
}

// configure writes the configuration file, as an editor does: a new file in place of the old.
func (l *live) configure(more string) {
	l.t.Helper()
	text := fmt.Sprintf("sora: {log_dir: %s/log}\nstate_dir: %s/state\nadmin: {listen: \"\"}\nlog: {otlp: false}\n%s",
		l.dir, l.dir, strings.ReplaceAll(more, "COLLECTOR", l.server.Endpoint(exportertest.GRPC)))
	if err := os.WriteFile(l.file+".new", []byte(text), 0o600); err != nil {
		l.t.Fatal(err)
	}
	if err := os.Rename(l.file+".new", l.file); err != nil {
		l.t.Fatal(err)
	}
}

func (l *live) write(n int) {
	l.t.Helper()
	f, err := os.OpenFile(filepath.Join(l.dir, "log", "sora.jsonl"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		l.t.Fatal(err)
	}
	defer f.Close()
	for i := range n {
		fmt.Fprintf(f, `{"timestamp":"2026-11-21T08:00:00.000000Z","level":"info","msg":"line %d"}`+"\n", i)
	}
}

func (l *live) signal(s os.Signal) {
	l.t.Helper()
	if err := l.cmd.Process.Signal(s); err != nil {
		l.t.Fatal(err)
	}
}

// status asks through the socket in the state directory.
func (l *live) status() (*pipeline.Status, error) {
	l.t.Helper()
	return askStatus(l.t, filepath.Join(l.dir, "state"))
}

// patience is far longer than anything takes, on a busy machine too.
const patience = 3 * time.Minute

// await polls the status until ok, and returns it.
func (l *live) await(what string, ok func(*pipeline.Status) bool) *pipeline.Status {
	l.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if s, err := l.status(); err == nil && ok(s) {
			return s
		}
	}
	l.t.Fatalf("waited too long for %s", what)
	return nil
}

// awaitLog waits until text stands in what the program wrote: what the log says
// arrives through a pipe, and may come later than the status.
func (l *live) awaitLog(text string) {
	l.t.Helper()
	for end := time.Now().Add(patience); !strings.Contains(l.log.String(), text); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			l.t.Fatalf("waited too long for %q in the log", text)
		}
	}
}

// setting is the value in force of a key.
func setting(s *pipeline.Status, key string) string {
	for _, c := range s.Config {
		if c.Key == key {
			return c.Value
		}
	}
	return ""
}

// An output collects what a process writes.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// TestReload changes the configuration of the running program in both ways that
// there are, also while the collector is away: nothing is lost, the listener
// and a connection to it stay, and a faulty file is refused with its reason.
func TestReload(t *testing.T) {
	t.Parallel()
	const listen = "pexip: {listen: [\"tcp://127.0.0.1:0\"]}\n"
	export := func(delay string) string {
		return listen + "export: {endpoint: \"COLLECTOR\", max_delay: " + delay + "}\n"
	}
	l := newLive(t, export("100ms"))
	address := l.await("the listener", func(s *pipeline.Status) bool { return len(s.Listeners) == 1 }).Listeners[0].Address
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	l.write(100)
	l.await("the first lines", func(*pipeline.Status) bool { return l.got.Load() == 100 })

	l.away.Store(true)
	l.write(100)
	l.await("a refusal", func(s *pipeline.Status) bool { return s.State == pipeline.Red })
	l.configure(export("50ms"))
	l.signal(syscall.SIGHUP)
	l.await("the reload by signal", func(s *pipeline.Status) bool { return s.Running && setting(s, "export.max_delay") == "50ms" })

	l.configure(export("soon"))
	s := l.await("the refusal of a faulty file", func(s *pipeline.Status) bool { return s.ReloadFault != "" })
	if !strings.Contains(s.ReloadFault, "rtcship.yaml:6:") || !strings.Contains(s.ReloadFault, "export.max_delay") || setting(s, "export.max_delay") != "50ms" {
		t.Errorf("fault %q, max_delay %s", s.ReloadFault, setting(s, "export.max_delay"))
	}
	l.awaitLog("the old one stays")
	l.awaitLog(":6:57: export.max_delay")

	l.configure(export("40ms"))
	s = l.await("the reload by the file alone", func(s *pipeline.Status) bool {
		return s.Running && setting(s, "export.max_delay") == "40ms" && len(s.Listeners) == 1
	})
	if s.ReloadFault != "" || s.Listeners[0].Address != address {
		t.Errorf("fault %q, the listener is at %s, not %s", s.ReloadFault, s.Listeners[0].Address, address)
	}
	l.away.Store(false)
	fmt.Fprintln(conn, `2026-11-21 08:00:00,000 Level="INFO" Message="over the old connection"`)
	l.await("everything", func(s *pipeline.Status) bool {
		return l.got.Load() == 201 && s.State == pipeline.Green && s.Ledger["sora"].InFlight+s.Ledger["pexip"].InFlight == 0
	})
	l.signal(syscall.SIGTERM)
	if err := <-l.ended; err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

// TestStatus reads the ledger of the running program as a table and as JSON; its exit
// status says whether something does not arrive.
func TestStatus(t *testing.T) {
	t.Parallel()
	l := newLive(t, "pexip: {listen: [\"tcp://127.0.0.1:0\"]}\nexport: {endpoint: \"COLLECTOR\"}\n")
	l.write(5)
	l.await("delivery", func(s *pipeline.Status) bool { return s.Ledger["sora"].Accepted == 5 })
	table, code := l.rtcshipStatus()
	for _, want := range []string{"green, running for", "source  read  further  accepted", "sora    5     0        5", "connections  refused  cut  dropped  by the kernel", "sora.jsonl"} {
		if code != 0 || !strings.Contains(table, want) {
			t.Errorf("status %d; no %q in\n%s", code, want, table)
		}
	}
	l.away.Store(true)
	l.write(1)
	l.await("a refusal", func(s *pipeline.Status) bool { return s.State == pipeline.Red })
	table, code = l.rtcshipStatus()
	if code != 1 || !strings.Contains(table, "red: the collector at") || !strings.Contains(table, "to do:") {
		t.Errorf("status %d:\n%s", code, table)
	}
	text, code := l.rtcshipStatus("--json")
	var s pipeline.Status
	if err := json.Unmarshal([]byte(text), &s); err != nil || code != 1 || s.Ledger["sora"].Read != 6 {
		t.Errorf("status %d, %v:\n%s", code, err, text)
	}
}

// rtcshipStatus runs the command beside the running program.
func (l *live) rtcshipStatus(args ...string) (out string, code int) {
	l.t.Helper()
	cmd := exec.Command(l.cmd.Path)
	cmd.Args = append([]string{"rtcship", "status", "--config", l.file}, args...)
	text, err := cmd.Output()
	exit, failed := errors.AsType[*exec.ExitError](err)
	switch {
	case failed:
		return string(text), exit.ExitCode()
	case err != nil:
		l.t.Fatal(err)
	}
	return string(text), 0
}
