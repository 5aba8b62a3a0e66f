package pipeline

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/rtcship/rtcship/exporter/exportertest"
	"github.com/rtcship/rtcship/internal/config"
)

// hourly are lines of which the one numbered i was written at i o'clock.
func hourly(from, to int) string {
	s := ""
	for i := from; i < to; i++ {
		s += fmt.Sprintf(`{"timestamp":"2026-11-21T%02d:00:00.000000Z","level":"info","msg":"line %d"}`+"\n", i, i)
	}
	return s
}

func (b *bench) config() *config.Config {
	b.t.Helper()
	l, err := config.Load(config.Input{Flags: b.flags})
	if err != nil {
		b.t.Fatal(err)
	}
	return &l.Config
}

var sevenOClock = time.Date(2026, 11, 21, 7, 0, 0, 0, time.UTC)

func TestReplayInARunningProcess(t *testing.T) {
	b := newBench(t)
	b.write("sora.jsonl", hourly(0, 10))
	r := b.start(false)
	b.await("the lines", func() bool { return len(b.bodies()) == 10 })
	<-r.ready
	r.settle()
	all, err := r.daemon.Replay(t.Context(), Replay{File: "sora.jsonl", Since: sevenOClock, DryRun: true})
	if err != nil || len(all) != 1 {
		t.Fatalf("dry run: %+v, %v", all, err)
	}
	<-r.ready // the dry run stopped the engine and started it again
	if _, err := r.daemon.Replay(t.Context(), Replay{File: "sora.jsonl", Since: sevenOClock}); err != nil {
		t.Fatal(err)
	}
	b.await("three of them again", func() bool { return len(b.bodies()) == 13 })
	b.write("sora.jsonl", hourly(10, 11)) // and following goes on
	b.await("a new line", func() bool { return len(b.bodies()) == 14 })
	r.drain()
	for body, uids := range b.uids() {
		if len(uids) != 1 {
			t.Errorf("%s has uids %v", body, uids)
		}
	}
}

func TestReplayAtRest(t *testing.T) {
	b := newBench(t)
	b.write("sora.jsonl", hourly(0, 10))
	r := b.start(false)
	b.await("the lines", func() bool { return len(b.bodies()) == 10 })
	if _, err := ReplayAtRest(b.config(), Replay{}, b.options()); err == nil {
		t.Error("positions were set back under a running process")
	}
	r.drain()
	if _, err := ReplayAtRest(b.config(), Replay{Since: sevenOClock}, b.options()); err != nil {
		t.Fatal(err)
	}
	r = b.start(false)
	b.await("three of them again", func() bool { return len(b.bodies()) == 13 })
	r.drain()
}

// A record that was refused for good is kept, and sent again once its cause is mended.
func TestReplayDeadLetters(t *testing.T) {
	b := newBench(t)
	b.fault = func(r *exportertest.Request) *exportertest.Fault {
		records, _ := r.Records()
		for _, record := range records {
			if record.Body.GetStringValue() == "line 3" {
				return &exportertest.Fault{Code: codes.InvalidArgument, Message: "not this one"}
			}
		}
		return nil
	}
	b.write("sora.jsonl", hourly(0, 5))
	r := b.start(false)
	b.await("a dead letter", func() bool {
		s := r.daemon.Status()
		return s.Ledger["sora"].Dead == 1 && s.Ledger["sora"].Balance() == 0
	})
	b.mu.Lock()
	b.fault = nil
	b.mu.Unlock()
	if sent, err := r.daemon.ReplayDeadLetters(t.Context()); err != nil || sent.Letters != 1 {
		t.Fatalf("%+v, %v", sent, err)
	}
	b.await("the record", func() bool { return len(b.uids()["line 3"]) == 1 })
	r.drain()
	if sent, err := ReplayDeadLettersAtRest(t.Context(), b.config(), b.options()); err != nil || sent.Letters != 0 {
		t.Errorf("it was sent twice: %+v, %v", sent, err)
	}
}

// The ledger adds up at any moment, whatever the collector does.
func TestLedgerAddsUp(t *testing.T) {
	b := newBench(t)
	b.write("sora.jsonl", lines(0, 2000)+"\n\n")
	b.fault = func(*exportertest.Request) *exportertest.Fault {
		return &exportertest.Fault{Rejected: 3, Message: "three of them"}
	}
	r := b.start(false)
	b.await("everything", func() bool {
		l := r.daemon.Status().Ledger["sora"]
		if l.Balance() != 0 {
			t.Fatalf("ledger does not add up: %+v", l)
		}
		return l.Read == 2002 && l.InFlight == 0
	})
	l := r.daemon.Status().Ledger["sora"]
	if l.Rejected == 0 || l.Accepted+l.Rejected != 2000 || l.Empty != 2 {
		t.Errorf("ledger %+v", l)
	}
	r.drain()
}

// What a rule has dropped is had after all: without the rule, sent again by time.
// Dropped lines were settled, so their file is where it would be without the rule.
func TestReplayOfWhatWasDropped(t *testing.T) {
	b := newBench(t)
	b.flags["drop"] = []string{"[{log: sora}]"}
	b.write("sora.jsonl", hourly(0, 10))
	r := b.start(false)
	b.await("the lines to be dropped", func() bool {
		l := r.daemon.Status().Ledger["sora"]
		return l.Dropped == 10 && l.InFlight == 0
	})
	r.drain()
	delete(b.flags, "drop")
	if _, err := ReplayAtRest(b.config(), Replay{Since: sevenOClock}, b.options()); err != nil {
		t.Fatal(err)
	}
	r = b.start(false)
	b.await("those since seven", func() bool { return len(b.bodies()) == 3 })
	r.drain()
	if got := b.bodies(); got[0] != "line 7" || len(got) != 3 {
		t.Errorf("sent: %q", got)
	}
}
