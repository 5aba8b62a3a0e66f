package pipeline

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rtcship/rtcship/internal/config"
)

// What can be seen to be faulty only when it is used is no reason to end either.
func TestReloadThatCannotStartKeepsTheOldOne(t *testing.T) {
	for _, stay := range []bool{false, true} {
		t.Run(fmt.Sprintf("stay=%v", stay), func(t *testing.T) {
			b := newBench(t)
			b.flags["pexip.listen"] = []string{"tcp://127.0.0.1:0"}
			r := b.start(stay)
			at := (<-r.ready)["tcp://127.0.0.1:0"]
			conn, err := net.Dial("tcp", at)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			b.flags["export.headers_file"] = []string{filepath.Join(b.state, "no-such-file")}
			r.reload <- struct{}{}
			b.await("the complaint", func() bool { return strings.Contains(b.log.String(), "the old one stays") })
			if fault := r.daemon.Status().ReloadFault; !strings.Contains(fault, "no-such-file") {
				t.Errorf("the status says %q", fault)
			}
			b.write("sora.jsonl", lines(0, 10))
			fmt.Fprintln(conn, `2026-11-21 08:00:00,000 Level="INFO" Message="over the old connection"`)
			b.await("lines and message", func() bool {
				return len(b.bodies()) == 11 && slices.Contains(b.bodies(), "over the old connection")
			})
			r.drain()
		})
	}
}

// The state directory is locked and holds the spool, so it cannot be exchanged under way.
func TestReloadKeepsTheStateDirectory(t *testing.T) {
	b := newBench(t)
	b.write("sora.jsonl", lines(0, 10))
	r := b.start(false)
	b.await("the lines", func() bool { return len(b.bodies()) == 10 })
	other := t.TempDir()
	b.flags["state_dir"] = []string{other}
	r.reload <- struct{}{}
	b.await("the complaint", func() bool { return strings.Contains(b.log.String(), "the old one stays") })
	b.write("sora.jsonl", lines(10, 20))
	b.await("more lines", func() bool { return len(b.bodies()) >= 20 })
	r.drain()
	if got := b.bodies(); !slices.Equal(got, want(0, 20)) {
		t.Errorf("got %q", got)
	}
	if names, err := os.ReadDir(other); err != nil || len(names) > 0 {
		t.Errorf("something is in the other directory: %v, %v", names, err)
	}
}

// A source that a configuration leaves out, by mistake or because the file was
// read while it was being written, keeps its positions.
func TestSourceThatWasGoneForAWhileGoesOn(t *testing.T) {
	b := newBench(t)
	b.flags["pexip.listen"] = []string{"tcp://127.0.0.1:0"}
	wait := "connection_created_wait_timeout_error"
	if err := os.Mkdir(filepath.Join(b.dir, wait), 0o700); err != nil {
		t.Fatal(err)
	}
	b.write(filepath.Join(wait, "a.jsonl"), `{"msg":"small"}`+"\n")
	b.write("sora.jsonl", lines(0, 10))
	r := b.start(false)
	b.await("the lines", func() bool { return len(b.bodies()) == 11 })
	<-r.ready
	b.flags["sora.log_dir"] = []string{""}
	for range 2 { // the second one reads what the first one saved
		r.settle()
		r.reload <- struct{}{}
		at := (<-r.ready)["tcp://127.0.0.1:0"]
		before := len(b.bodies())
		conn, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(conn, `2026-11-21 08:00:00,000 Level="INFO" Message="hello"`) // so that there is something to save
		conn.Close()
		b.await("the message", func() bool { return len(b.bodies()) == before+1 })
	}
	r.drain()
	b.flags["sora.log_dir"] = []string{b.dir}
	b.write("sora.jsonl", lines(10, 20))
	r = b.start(false)
	b.await("more lines", func() bool { return slices.Contains(b.bodies(), "line 19") })
	r.drain()
	for body, uids := range b.uids() {
		if body != "hello" && len(uids) != 1 {
			t.Errorf("%s has uids %v, want one", body, uids)
		}
	}
	if n := len(b.bodies()); n != 23 {
		t.Errorf("got %d records, want 23: %q", n, b.bodies())
	}
}

// Nothing may be left over of an engine that is gone.
func TestReloadsLeaveNothingOpen(t *testing.T) {
	b := newBench(t)
	b.write("sora.jsonl", lines(0, 10))
	goroutines := runtime.NumGoroutine()
	r := b.start(false)
	<-r.ready
	b.await("the lines", func() bool { return len(b.bodies()) == 10 })
	r.settle()
	files := openFiles(t)
	for range 20 {
		r.reload <- struct{}{}
		<-r.ready
	}
	b.write("sora.jsonl", lines(10, 20))
	b.await("more lines", func() bool { return len(b.bodies()) == 20 })
	b.await("descriptors to be closed", func() bool { return openFiles(t) <= files+2 })
	r.drain()
	b.await("goroutines to end", func() bool { return runtime.NumGoroutine() <= goroutines+2 })
}

func openFiles(t *testing.T) int {
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(names)
}

// With Stay an engine that cannot be made is tried again for as long as it takes.
func TestFailedStartsLeaveNothingRunning(t *testing.T) {
	b := newBench(t)
	if err := os.MkdirAll(b.state, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.state, "positions.json"), []byte(`{"version":99}`), 0o600); err != nil {
		t.Fatal(err)
	}
	goroutines := runtime.NumGoroutine()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 10 {
		r := b.start(false)
		select {
		case err := <-r.ended:
			if err == nil || !strings.Contains(err.Error(), "newer release") {
				t.Fatalf("error %v", err)
			}
		case <-ctx.Done():
			t.Fatal("the pipeline does not end")
		}
	}
	b.await("goroutines to end", func() bool { return runtime.NumGoroutine() <= goroutines+2 })
}

// An attempt to open listeners that is about to be made when the configuration
// changes must not bring the old listeners back.
func TestReloadBeatsTheNextAttempt(t *testing.T) {
	b := newBench(t)
	busy, free := takenPort(t)
	b.flags["pexip.listen"] = []string{busy}
	before := b.config()
	b.flags["pexip.listen"] = []string{"tcp://127.0.0.1:0"}
	after := b.config()
	o := b.options()
	o.Stay, o.Retry = true, time.Hour
	p, err := openParts(t.Context(), before, o)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()

	p.mu.Lock()
	p.again.Reset(0) // its turn has come, and it waits for the lock
	time.Sleep(50 * time.Millisecond)
	p.relisten(listenConfig(after, o))
	free()
	p.mu.Unlock()
	time.Sleep(50 * time.Millisecond)
	if got := p.addresses(); len(got) != 1 || got["tcp://127.0.0.1:0"] == "" {
		t.Errorf("listeners %v", got)
	}
}

func TestReplayThatCannotBeDoneSaysSo(t *testing.T) {
	b := newBench(t)
	if err := os.WriteFile(b.state, nil, 0o600); err != nil { // a file where the directory should be
		t.Fatal(err)
	}
	r := b.start(true)
	b.await("the complaint", func() bool { return r.daemon.Status().Fault != "" })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := r.daemon.Replay(ctx, Replay{}); err == nil || ctx.Err() != nil {
		t.Errorf("error %v", err)
	}
	r.drain()
}

// What keeps records from being delivered does not keep them from being
// received: the listeners stay open while the engine is tried again.
func TestStayReceivesWhileNothingCanBeDelivered(t *testing.T) {
	b := newBench(t)
	headers := filepath.Join(b.dir, "headers")
	b.flags["export.headers_file"] = []string{headers}
	b.flags["pexip.listen"] = []string{"tcp://127.0.0.1:0"}
	r := b.start(true)
	b.await("the complaint", func() bool { return r.daemon.Status().Fault != "" })
	conn, err := net.Dial("tcp", r.daemon.Status().Listeners[0].Address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintln(conn, `2026-11-21 08:00:00,000 Level="INFO" Message="early"`)
	b.await("the message in the spool", func() bool { return r.daemon.Status().Listeners[0].Messages == 1 })
	time.Sleep(300 * time.Millisecond) // three more attempts
	if _, err := r.daemon.Replay(t.Context(), Replay{File: "*.jsonl"}); err != nil {
		t.Errorf("positions could be set back, but %v", err)
	}
	if s := r.daemon.Status(); s.State != Red || !strings.Contains(s.Reasons[0].Text, headers) {
		t.Errorf("%s, %+v", s.State, s.Reasons)
	}
	if err := os.WriteFile(headers, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	<-r.ready
	fmt.Fprintln(conn, `2026-11-21 08:00:00,000 Level="INFO" Message="late"`)
	b.await("both messages", func() bool { return slices.Equal(b.bodies(), []string{"early", "late"}) })
	if s := r.daemon.Status(); s.Fault != "" || s.Listeners[0].Messages != 2 {
		t.Errorf("fault %q, listeners %+v", s.Fault, s.Listeners)
	}
	r.drain()
}

// A port that is taken when the configuration changes is shown and tried again,
// and the listeners that are open stay so with each attempt, as do the
// connections to them.
func TestReloadToAPortThatIsTaken(t *testing.T) {
	b := newBench(t)
	busy, free := takenPort(t)
	b.flags["pexip.listen"] = []string{"udp://127.0.0.1:0"}
	r := b.start(false)
	<-r.ready
	b.flags["pexip.listen"] = []string{"udp://127.0.0.1:0", busy, "tcp://127.0.0.1:0"}
	r.reload <- struct{}{}
	at := (<-r.ready)["tcp://127.0.0.1:0"]
	s := r.daemon.Status()
	want := Reason{Red, busy + " is not open: ", "free the port"}
	if len(s.Reasons) == 0 || s.Reasons[0].State != Red || !strings.HasPrefix(s.Reasons[0].Text, want.Text) ||
		!strings.Contains(s.Reasons[0].Text, "address already in use") || !strings.HasPrefix(s.Reasons[0].Do, want.Do) {
		t.Errorf("reasons %+v, want the first like %+v", s.Reasons, want)
	}
	conn, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	time.Sleep(350 * time.Millisecond) // three more attempts
	free()
	b.await("the port", func() bool { return len(r.daemon.Status().NotOpen()) == 0 })
	fmt.Fprintln(conn, `2026-11-21 08:00:00,000 Level="INFO" Message="over the first connection"`)
	b.await("the message", func() bool { return len(b.bodies()) == 1 })
	s = r.daemon.Status()
	if s.State == Red || s.ListenFaults != nil {
		t.Errorf("%s: %+v, %v", s.State, s.Reasons, s.ListenFaults)
	}
	r.drain()
}

// A file that goes right after it was looked at is no reason to end, even without Stay.
func TestReloadThatFailsAtTheLastMoment(t *testing.T) {
	b := newBench(t)
	headers := filepath.Join(b.state, "headers")
	var vanish atomic.Bool
	b.configured = func(*config.Loaded) {
		if vanish.Load() {
			_ = os.Remove(headers)
		}
	}
	b.write("sora.jsonl", lines(0, 10))
	r := b.start(false)
	<-r.ready
	b.await("the lines", func() bool { return len(b.bodies()) == 10 })
	r.settle()
	write := func() {
		if err := os.WriteFile(headers, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write()
	vanish.Store(true)
	b.flags["export.headers_file"] = []string{headers}
	r.reload <- struct{}{}
	b.await("the complaint", func() bool { return strings.Contains(r.daemon.Status().Fault, headers) })
	b.write("sora.jsonl", lines(10, 20))
	vanish.Store(false)
	write()
	b.await("more lines", func() bool { return len(b.bodies()) == 20 })
	r.drain()
	if got := b.bodies(); !slices.Equal(got, want(0, 20)) {
		t.Errorf("got %q", got)
	}
}
