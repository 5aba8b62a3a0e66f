package receive_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/otelcol/internal/receive"
)

// A pipeline keeps what it accepts and answers as it is told.
type pipeline struct {
	answer func(call int, logs plog.Logs) error // nil accepts all

	mu       sync.Mutex
	calls    int
	accepted map[string]string // body to uid
	repeats  int
	faults   []string
}

func (p *pipeline) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (p *pipeline) ConsumeLogs(_ context.Context, logs plog.Logs) error {
	p.mu.Lock()
	p.calls++
	call := p.calls
	p.mu.Unlock()
	if p.answer != nil {
		if err := p.answer(call, logs); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.accepted == nil {
		p.accepted = map[string]string{}
	}
	for body, uid := range records(logs) {
		if before, again := p.accepted[body]; again {
			p.repeats++
			if before != uid {
				p.faults = append(p.faults, fmt.Sprintf("%s came as %s and as %s", body, before, uid))
			}
		}
		p.accepted[body] = uid
	}
	return nil
}

// have returns how many different bodies were accepted.
func (p *pipeline) have() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.accepted)
}

func (p *pipeline) asked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

// records returns the uid of each body.
func records(logs plog.Logs) map[string]string {
	all := map[string]string{}
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				uid, _ := lr.Attributes().Get("log.record.uid")
				all[lr.Body().AsString()] = uid.AsString()
			}
		}
	}
	return all
}

// A place is a log directory and a storage directory.
type place struct{ logs, storage string }

func newPlace(t *testing.T) place { return place{t.TempDir(), t.TempDir()} }

// write appends n lines to sora.jsonl, with numbers from first on.
func (p place) write(t testing.TB, first, n int) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(p.logs, "sora.jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := range n {
		fmt.Fprintf(f, `{"timestamp":"2026-11-21T06:00:00.000000Z","level":"info","domain":["sora"],"node":"sora@127.0.0.1","msg":"line %d"}`+"\n", first+i)
	}
}

func (p place) config() config.Config {
	s := receive.DefaultShared()
	s.StorageDir = p.storage
	s.Drain = 10 * time.Second
	c := s.Config()
	c.Sora.LogDir = p.logs
	return c
}

var typ = component.MustNewType("sora")

// settings are of a receiver with one and the same id: NewNopSettings makes a new one up each time.
func settings(name string) receiver.Settings {
	set := receivertest.NewNopSettings(typ)
	set.ID = component.MustNewIDWithName("sora", name)
	return set
}

// run starts a receiver and returns how to stop it. After that nothing of it runs any
// more, even if Shutdown has given it up: its state can be had by the next one, or removed.
func run(t testing.TB, c config.Config, next consumer.Logs) (stop func(limit time.Duration) error) {
	t.Helper()
	r, err := receive.New(settings("a"), c)
	if err != nil {
		t.Fatal(err)
	}
	r.LogsTo(next)
	if err := r.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Fatal(err)
	}
	return func(limit time.Duration) error {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		err := r.Shutdown(ctx)
		if err != nil {
			late, cancel := context.WithTimeout(context.Background(), waitLimit)
			defer cancel()
			_ = r.Shutdown(late)
		}
		return err
	}
}

func mustStop(t *testing.T, stop func(time.Duration) error) {
	t.Helper()
	if err := stop(30 * time.Second); err != nil {
		t.Error(err)
	}
}

// waitLimit is far more than anything here takes.
const waitLimit = time.Minute

// wait waits for what must come about, however slow the machine.
func wait(t testing.TB, what string, ready func() bool) {
	t.Helper()
	for end := time.Now().Add(waitLimit); !ready(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited a minute for " + what)
		}
	}
}

func TestDelivers(t *testing.T) {
	t.Parallel()
	p, next := newPlace(t), &pipeline{}
	p.write(t, 0, 100)
	stop := run(t, p.config(), next)
	wait(t, "100 lines", func() bool { return next.have() == 100 })
	p.write(t, 100, 50)
	mustStop(t, stop) // reads to the end of what is there
	if next.have() != 150 || next.repeats != 0 {
		t.Errorf("%d of 150 lines, %d came again", next.have(), next.repeats)
	}
	stop = run(t, p.config(), next)
	mustStop(t, stop)
	if next.repeats != 0 {
		t.Errorf("%d lines came again though all were settled", next.repeats)
	}
}

// What the pipeline has not answered with nil comes again, with equal uids.
func TestPositionWaitsForNil(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write(t, 0, 20)
	offered := map[string]string{}
	refusing := &pipeline{answer: func(_ int, logs plog.Logs) error {
		maps.Copy(offered, records(logs)) // one call at a time: it all fits into one request
		return errors.New("sending queue is full")
	}}
	stop := run(t, p.config(), refusing)
	wait(t, "a second try", func() bool { return refusing.asked() >= 2 })
	_ = stop(10 * time.Millisecond)

	next := &pipeline{}
	stop = run(t, p.config(), next)
	wait(t, "all lines", func() bool { return next.have() == 20 })
	mustStop(t, stop)
	for body, uid := range offered {
		if next.accepted[body] != uid || uid == "" {
			t.Errorf("%s: uid %q at first, then %q", body, uid, next.accepted[body])
		}
	}
	if len(offered) == 0 {
		t.Error("nothing was offered")
	}
}

func TestTriesAgain(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write(t, 0, 20)
	next := &pipeline{answer: func(call int, _ plog.Logs) error {
		if call <= 2 {
			return errors.New("not now")
		}
		return nil
	}}
	stop := run(t, p.config(), next)
	wait(t, "all lines", func() bool { return next.have() == 20 })
	mustStop(t, stop)
	if got := letters(t, p); got != "" {
		t.Errorf("dead letters of errors that pass: %s", got)
	}
}

// letters returns the dead letters.
func letters(t *testing.T, p place) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(p.storage, "*", "dead-letters.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text...)
	}
	return string(all)
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	permanent := func(err error) error { return consumererror.NewPermanent(err) }
	bad := errors.New("mapping conflict")
	tests := []struct {
		name  string
		err   error
		final bool
	}{
		{"any error", bad, false},
		{"permanent", permanent(bad), true},
		{"permanent, wrapped", fmt.Errorf("pipeline logs: %w", permanent(bad)), true},
		{"all branches of a fork permanent", errors.Join(permanent(bad), permanent(bad)), true},
		{"one branch of a fork may pass", errors.Join(permanent(bad), bad), false},
		{"one branch of a fork may pass, wrapped", fmt.Errorf("fork: %w", errors.Join(bad, permanent(bad))), false},
		{"bad record by gRPC", permanent(status.Error(codes.InvalidArgument, "no")), true},
		{"wrong password", permanent(status.Error(codes.Unauthenticated, "who are you?")), false},
		{"not allowed", permanent(fmt.Errorf("export: %w", status.Error(codes.PermissionDenied, "no"))), false},
		{"no logs there", permanent(status.Error(codes.Unimplemented, "no such service")), false},
		{"peer out of resources", permanent(status.Error(codes.ResourceExhausted, "rate limit of tenant")), false},
		{"request too large", permanent(status.Error(codes.ResourceExhausted, "grpc: received message larger than max (5 vs. 4)")), true},
		{"peer's pipeline refused it", permanent(status.Error(codes.Internal, "mapping conflict")), true},
		{"deadline", context.DeadlineExceeded, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.write(t, 0, 3)
			next := &pipeline{answer: func(int, plog.Logs) error { return tt.err }}
			stop := run(t, p.config(), next)
			if !tt.final {
				wait(t, "a second try", func() bool { return next.asked() >= 2 })
				_ = stop(10 * time.Millisecond)
				if got := letters(t, p); got != "" {
					t.Errorf("dead letters: %s", got)
				}
				return
			}
			wait(t, "dead letters", func() bool { return strings.Contains(letters(t, p), "line 2") })
			mustStop(t, stop)
			if next.asked() != 1 {
				t.Errorf("refused for good, and offered %d times", next.asked())
			}
			checkLetters(t, letters(t, p), tt.err)
			again := &pipeline{}
			stop = run(t, p.config(), again)
			mustStop(t, stop)
			if again.have() != 0 {
				t.Errorf("%d lines came again though they are kept as dead letters", again.have())
			}
		})
	}
}

// checkLetters looks for the three lines, and for the reason.
func checkLetters(t *testing.T, text string, why error) {
	t.Helper()
	for i := range 3 {
		if !strings.Contains(text, fmt.Sprintf("line %d", i)) {
			t.Errorf("line %d is not among the dead letters", i)
		}
	}
	for line := range strings.Lines(text) {
		var letter struct {
			Rtcship struct{ Code, Message string }
		}
		if err := json.Unmarshal([]byte(line), &letter); err != nil {
			t.Fatal(err)
		}
		if letter.Rtcship.Code != "REFUSED" || !strings.Contains(letter.Rtcship.Message, why.Error()) {
			t.Errorf("kept with %+v, want the pipeline's words %q", letter.Rtcship, why)
		}
	}
}

// A pipeline that does not mind its context cannot hold up the collector.
func TestShutdownDoesNotWaitForever(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write(t, 0, 3)
	hang := make(chan struct{})
	next := &pipeline{answer: func(int, plog.Logs) error { <-hang; return nil }}
	stop := run(t, p.config(), next)
	wait(t, "the call that hangs", func() bool { return next.asked() == 1 })
	began := time.Now()
	_ = stop(50 * time.Millisecond)
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("took %v", took)
	}
	close(hang)
	wait(t, "the call to end", func() bool { return next.have() == 3 })

	after := &pipeline{}
	stop = run(t, p.config(), after)
	wait(t, "what was not answered in time", func() bool { return after.have() == 3 })
	mustStop(t, stop)
}

// However long a pipeline hangs, there are no more calls than are allowed at once.
func TestCallsAreBounded(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write(t, 0, 3)
	hang := make(chan struct{})
	next := &pipeline{answer: func(int, plog.Logs) error { <-hang; return nil }}
	c := p.config()
	c.Export.Timeout, c.Export.Concurrency = 10*time.Millisecond, 1
	stop := run(t, c, next)
	wait(t, "the call that hangs", func() bool { return next.asked() == 1 })
	time.Sleep(4 * time.Second) // beyond the time-out, the parting and the first back-off
	if next.asked() != 1 {
		t.Errorf("%d calls under way", next.asked())
	}
	close(hang)
	wait(t, "the lines", func() bool { return next.have() == 3 })
	mustStop(t, stop)
	if len(next.faults) > 0 {
		t.Error(next.faults)
	}
}

func TestStartFails(t *testing.T) {
	t.Run("storage is a file", func(t *testing.T) {
		c := newPlace(t).config()
		c.StateDir = filepath.Join(c.StateDir, "file")
		if err := os.WriteFile(c.StateDir, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		startFails(t, c, "state_dir")
	})
	t.Run("storage in use", func(t *testing.T) {
		p := newPlace(t)
		stop := run(t, p.config(), &pipeline{})
		startFails(t, p.config(), "cannot be used")
		mustStop(t, stop)
	})
	t.Run("port in use", func(t *testing.T) {
		taken, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer taken.Close()
		c := newPlace(t).config()
		c.Pexip.Listen = []string{"tcp://" + taken.Addr().String()}
		startFails(t, c, "listen")
	})
}

func startFails(t *testing.T, c config.Config, want string) {
	t.Helper()
	r, err := receive.New(settings("a"), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context(), componenttest.NewNopHost()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Start: %v, want something about %q", err, want)
	}
	if err := r.Shutdown(context.Background()); err != nil {
		t.Errorf("Shutdown after a failed Start: %v", err)
	}
}

// Several receivers in one storage_dir keep apart, and a stop that comes twice is one.
func TestStorageIsShared(t *testing.T) {
	t.Parallel()
	a, b := newPlace(t), newPlace(t)
	b.storage = a.storage
	a.write(t, 0, 10)
	b.write(t, 10, 10)
	next := &pipeline{}
	var all []*receive.Receiver
	for name, p := range map[string]place{"one": a, "two": b} {
		r, err := receive.New(settings(name), p.config())
		if err != nil {
			t.Fatal(err)
		}
		r.LogsTo(next)
		if err := r.Start(t.Context(), componenttest.NewNopHost()); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	wait(t, "the lines of both", func() bool { return next.have() == 20 })
	for range 2 {
		for _, r := range all {
			if err := r.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestPexip(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	socket := filepath.Join(t.TempDir(), "log")
	c := p.config()
	c.Sora.LogDir, c.Pexip.Listen = "", []string{"unixgram://" + socket}
	away := &pipeline{answer: func(int, plog.Logs) error { return errors.New("away") }}
	stop := run(t, c, away)
	conn, err := net.Dial("unixgram", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var sent bytes.Buffer
	fmt.Fprint(&sent, `<134>2026-11-21T06:00:00.000000+00:00 conf01 2026-11-21T06:00:00.000 Level="INFO" Name="support.participant" Message="seq one"`)
	if _, err := conn.Write(sent.Bytes()); err != nil {
		t.Fatal(err)
	}
	wait(t, "the message", func() bool { return away.asked() > 0 })
	_ = stop(10 * time.Millisecond)

	next := &pipeline{}
	stop = run(t, c, next)
	wait(t, "the message out of the spool", func() bool { return next.have() == 1 })
	mustStop(t, stop)
}
