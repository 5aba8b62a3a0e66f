package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	"google.golang.org/grpc/codes"

	"github.com/rtcship/rtcship/exporter/exportertest"
	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/numbers"
	"github.com/rtcship/rtcship/internal/ownlog"
)

// A bench is a receiver and a pipeline that ships into it.
type bench struct {
	t        *testing.T
	dir      string // Sora's log directory
	state    string
	flags    map[string][]string
	receiver *exportertest.Server
	log      *logBuffer

	configured func(*config.Loaded)
	numbers    *numbers.Exposed // nil if there are none

	mu      sync.Mutex
	records []*logspb.LogRecord
	refuse  bool
	fault   func(*exportertest.Request) *exportertest.Fault
}

func newBench(t *testing.T) *bench {
	root := t.TempDir()
	b := &bench{t: t, dir: filepath.Join(root, "log"), state: filepath.Join(root, "state"), log: &logBuffer{}}
	if err := os.Mkdir(b.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var err error
	b.receiver, err = exportertest.Start(exportertest.Config{HTTPListen: "-", MaxMessage: 64 << 20, Answer: b.answer, Take: b.take})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.receiver.Close)
	b.flags = map[string][]string{
		"sora.log_dir": {b.dir}, "state_dir": {b.state}, "export.endpoint": {b.receiver.Endpoint(exportertest.GRPC)},
		"admin.listen": {`""`}, "log.otlp": {"false"},
	}
	return b
}

func (b *bench) answer(r *exportertest.Request) *exportertest.Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse {
		return &exportertest.Fault{Code: codes.Unavailable, Message: "not now"}
	}
	if b.fault != nil {
		return b.fault(r)
	}
	return nil
}

func (b *bench) options() Options {
	o := Options{Version: "test", Log: ownlog.New(ownlog.Config{Writer: b.log, Level: "info", Format: "text"})}
	if b.numbers != nil {
		o.Numbers = b.numbers.Meter
	}
	return o
}

func (b *bench) setRefuse(on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse = on
}

func (b *bench) take(r *exportertest.Request) {
	records, err := r.Records()
	if err != nil {
		b.t.Error(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.records = append(b.records, records...)
}

// bodies are those of all records so far, in the order they came.
func (b *bench) bodies() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []string
	for _, r := range b.records {
		all = append(all, r.Body.GetStringValue())
	}
	return all
}

// uids are by body, without repeats of the same uid.
func (b *bench) uids() map[string][]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := map[string][]string{}
	for _, r := range b.records {
		body, uid := r.Body.GetStringValue(), text(r, "log.record.uid")
		if !slices.Contains(all[body], uid) {
			all[body] = append(all[body], uid)
		}
	}
	return all
}

func text(r *logspb.LogRecord, key string) string {
	i := slices.IndexFunc(r.Attributes, func(kv *commonpb.KeyValue) bool { return kv.Key == key })
	if i < 0 {
		return ""
	}
	return r.Attributes[i].Value.GetStringValue()
}

func (b *bench) write(name, text string) {
	b.t.Helper()
	f, err := os.OpenFile(filepath.Join(b.dir, name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		b.t.Fatal(err)
	}
}

// A running is a pipeline that runs.
type running struct {
	b      *bench
	daemon *Daemon
	stop   chan struct{}
	reload chan struct{}
	kill   context.CancelFunc
	ended  chan error
	ready  chan Addresses
}

func (b *bench) start(stay bool) *running {
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{b: b, stop: make(chan struct{}), reload: make(chan struct{}), kill: cancel, ended: make(chan error, 1), ready: make(chan Addresses, 16)}
	o := b.options()
	o.Load = func() (*config.Loaded, error) { return config.Load(config.Input{Flags: b.flags}) }
	o.Stay, o.Stop, o.Reload, o.Retry = stay, r.stop, r.reload, 100*time.Millisecond
	o.Ready = func(a Addresses) { r.ready <- a }
	o.Configured = b.configured
	r.daemon = New(o)
	go func() { r.ended <- r.daemon.Run(ctx) }()
	b.t.Cleanup(cancel)
	return r
}

// drain stops the pipeline as SIGTERM does, and fails the test if that is not clean.
func (r *running) drain() {
	r.b.t.Helper()
	close(r.stop)
	select {
	case err := <-r.ended:
		if err != nil {
			r.b.t.Fatal(err)
		}
	case <-time.After(2 * time.Minute):
		r.b.t.Fatal("the pipeline does not end")
	}
	r.addsUp()
}

// addsUp holds the books of a pipeline that has ended, in whatever way, to what
// they promise: each entry is booked as one thing, and nothing is under way.
func (r *running) addsUp() {
	r.b.t.Helper()
	for source, l := range r.daemon.Status().Ledger {
		if l.Balance() != 0 || l.InFlight != 0 {
			r.b.t.Errorf("the ledger of %s does not add up: %+v", source, l)
		}
	}
}

// abandon stops it without a drain, which is as near to a kill as a test in one process comes.
func (r *running) abandon() {
	r.b.t.Helper()
	r.kill()
	<-r.ended
	r.addsUp()
}

// await polls until ok, for conditions that other goroutines bring about.
func (b *bench) await(what string, ok func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("waited too long for %s; log:\n%s", what, b.log)
		}
	}
}

// settle waits until the answers to all that arrived are booked: a reload before
// that sends it again, with the same uids.
func (r *running) settle() {
	r.b.t.Helper()
	r.b.await("the acknowledgements", func() bool {
		l := r.daemon.Status().Ledger
		return l["sora"].InFlight+l["pexip"].InFlight == 0
	})
}

// A logBuffer is a bytes.Buffer for several goroutines.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func lines(from, to int) string {
	var s strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&s, `{"timestamp":"2026-11-21T08:00:00.000000Z","level":"info","msg":"line %d"}`+"\n", i)
	}
	return s.String()
}

func want(from, to int) []string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprintf("line %d", i))
	}
	return all
}

func TestShipsAndDrains(t *testing.T) {
	b := newBench(t)
	b.write("sora.jsonl", lines(0, 100))
	r := b.start(false)
	b.await("the first lines", func() bool { return len(b.bodies()) == 100 })
	b.write("sora.jsonl", lines(100, 200)+`{"timestamp":"2026-11-21T08:00:00Z","msg":"line 200"}`) // no newline: the last line of a server that ends
	r.drain()
	if got := b.bodies(); !slices.Equal(got, want(0, 201)) {
		t.Errorf("got %d bodies: %q", len(got), got)
	}
}

// A position must not be saved before the collector's answer: what was refused
// comes again after a crash.
func TestUnacknowledgedComesAgainWithTheSameUID(t *testing.T) {
	b := newBench(t)
	b.write("sora.jsonl", lines(0, 50))
	r := b.start(false)
	b.await("the first lines", func() bool { return len(b.bodies()) == 50 })
	r.drain()

	b.setRefuse(true)
	b.write("sora.jsonl", lines(50, 100))
	r = b.start(false)
	<-r.ready
	r.abandon()
	b.setRefuse(false)
	r = b.start(false)
	b.await("the refused lines", func() bool { return len(b.bodies()) == 100 })
	r.abandon() // at most the last second of settled records is sent again
	r = b.start(false)
	b.await("the pipeline", func() bool { return len(r.ready) > 0 })
	r.drain()
	uids := b.uids()
	for _, line := range want(0, 100) {
		if len(uids[line]) != 1 {
			t.Errorf("%s has uids %v, want one", line, uids[line])
		}
	}
}

func TestBadLinesAreDelivered(t *testing.T) {
	b := newBench(t)
	b.write("sora.jsonl", "{\"broken\n\xff\xfe not utf-8\nplain words\n\n"+lines(0, 1))
	r := b.start(false)
	b.await("the lines", func() bool { return len(b.bodies()) == 4 })
	r.drain()
	if got := b.bodies(); !slices.Equal(got, []string{`{"broken`, `\xff\xfe not utf-8`, "plain words", "line 0"}) {
		t.Errorf("bodies %q", got)
	}
}

func TestWaitsForDirectoryAndFile(t *testing.T) {
	b := newBench(t)
	later := filepath.Join(b.dir, "later")
	b.flags["sora.log_dir"] = []string{later}
	r := b.start(false)
	<-r.ready
	if err := os.Mkdir(later, 0o700); err != nil {
		t.Fatal(err)
	}
	b.write("later/sora.jsonl", lines(0, 10))
	// A link to itself cannot be opened by anybody, root included.
	if err := os.Symlink("api.jsonl", filepath.Join(later, "api.jsonl")); err != nil {
		t.Fatal(err)
	}
	b.await("the lines", func() bool { return len(b.bodies()) == 10 })
	if err := os.Remove(filepath.Join(later, "api.jsonl")); err != nil {
		t.Fatal(err)
	}
	b.write("later/api.jsonl", lines(10, 20))
	b.await("the file that could not be read", func() bool { return len(b.bodies()) == 20 })
	r.drain()
}

func TestUnreachableCollectorLosesNothing(t *testing.T) {
	b := newBench(t)
	closed, free, err := exportertest.ClosedAddress()
	if err != nil {
		t.Fatal(err)
	}
	defer free()
	good := b.flags["export.endpoint"]
	b.flags["export.endpoint"] = []string{"http://" + closed}
	b.flags["drain_timeout"] = []string{"300ms"}
	b.write("sora.jsonl", lines(0, 10))
	r := b.start(false)
	<-r.ready
	r.drain()
	if !strings.Contains(b.log.String(), "it is on disk and comes at the next start") {
		t.Errorf("the log does not say where the records are:\n%s", b.log)
	}
	b.flags["export.endpoint"] = good
	r = b.start(false)
	b.await("the lines", func() bool { return len(b.bodies()) == 10 })
	r.drain()
}

// takenPort returns a listener that cannot be opened until free is called.
func takenPort(t *testing.T) (listen string, free func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return "tcp://" + l.Addr().String(), func() { l.Close() }
}

func TestPortInUse(t *testing.T) {
	b := newBench(t)
	taken, _ := takenPort(t)
	b.flags["pexip.listen"] = []string{taken}
	r := b.start(false)
	if err := <-r.ended; err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(taken, "tcp://")) || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("error %v does not name the address", err)
	}
}

// With Stay, Sora's logs are shipped while Pexip's port is taken by somebody else.
func TestStayShipsWhilePortIsTaken(t *testing.T) {
	b := newBench(t)
	taken, free := takenPort(t)
	b.flags["pexip.listen"] = []string{taken}
	b.write("sora.jsonl", lines(0, 10))
	r := b.start(true)
	b.await("the lines", func() bool { return len(b.bodies()) == 10 })
	b.await("the complaint", func() bool { return strings.Contains(b.log.String(), "address already in use") })
	free()
	b.await("the listener", func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(taken, "tcp://"))
		if err == nil {
			fmt.Fprintln(conn, `2026-11-21 08:00:00,000 Level="INFO" Name="administrator.system" Message="hello"`)
			conn.Close()
		}
		return err == nil
	})
	b.await("the message", func() bool { return slices.Contains(b.bodies(), "hello") })
	r.drain()
}

func TestStateDirectory(t *testing.T) {
	b := newBench(t)
	if err := os.WriteFile(b.state, nil, 0o600); err != nil { // a file where the directory should be
		t.Fatal(err)
	}
	r := b.start(false)
	if err := <-r.ended; err == nil || !strings.Contains(err.Error(), b.state) || !strings.Contains(err.Error(), "state_dir") {
		t.Errorf("error %v does not say which directory, or what to set", err)
	}
	b.write("sora.jsonl", lines(0, 10))
	r = b.start(true)
	b.await("the complaint", func() bool { return strings.Contains(b.log.String(), "cannot start") })
	if err := os.Remove(b.state); err != nil {
		t.Fatal(err)
	}
	b.await("the lines", func() bool { return len(b.bodies()) == 10 })
	r.drain()
}

func TestSecondProcessIsRefused(t *testing.T) {
	b := newBench(t)
	r := b.start(false)
	<-r.ready
	second := b.start(false)
	if err := <-second.ended; err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("error %v", err)
	}
	r.drain()
}

func TestReload(t *testing.T) {
	b := newBench(t)
	b.flags["pexip.listen"] = []string{"tcp://127.0.0.1:0"}
	r := b.start(false)
	at := (<-r.ready)["tcp://127.0.0.1:0"]
	conn, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	b.setRefuse(true) // a reload must not wait for the collector
	b.write("sora.jsonl", lines(0, 10))
	b.flags["export.max_delay"] = []string{"50ms"}
	r.reload <- struct{}{}
	if again := (<-r.ready)["tcp://127.0.0.1:0"]; again != at {
		t.Errorf("the listener moved from %s to %s", at, again)
	}
	b.flags["export.max_delay"] = []string{"soon"} // faulty: the old configuration stays
	r.reload <- struct{}{}
	b.await("the complaint", func() bool { return strings.Contains(b.log.String(), "the old one stays") })
	b.setRefuse(false)
	fmt.Fprintln(conn, `2026-11-21 08:00:00,000 Level="INFO" Message="over the old connection"`)
	b.await("lines and message", func() bool {
		return len(b.bodies()) == 11 && slices.Contains(b.bodies(), "over the old connection")
	})
	r.drain()
}
