package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/rtcship/rtcship/exporter/exportertest"
	"github.com/rtcship/rtcship/internal/numbers"
	"github.com/rtcship/rtcship/tailer"
	"github.com/rtcship/rtcship/tailer/entry"
)

// ends are lines that close n calls of a minute each, written age ago.
func ends(from, n int, age time.Duration) (s string) {
	const form = "2006-01-02T15:04:05.000000Z"
	end := time.Now().Add(-age).UTC()
	for i := range n {
		s += fmt.Sprintf(`{"timestamp":%[2]q,"req":{"type":"connection.destroyed","connection_id":"%026[1]d","data":{"created_timestamp":%[3]q,"destroyed_timestamp":%[2]q,"destroyed_reason":"normal"}}}`+"\n",
			from+i, end.Format(form), end.Add(-time.Minute).Format(form))
	}
	return s
}

func numbersBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	var err error
	if b.numbers, err = numbers.Expose(); err != nil {
		t.Fatal(err)
	}
	return b
}

// counted is the sum of a counter, or the number of samples of a histogram, over
// all its series.
func (b *bench) counted(name string) (n float64) {
	b.t.Helper()
	families, err := b.numbers.Gather()
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.Metric {
			switch {
			case f.GetName() != name:
			case m.Histogram != nil:
				n += float64(m.Histogram.GetSampleCount())
			default:
				n += m.Counter.GetValue()
			}
		}
	}
	return n
}

func (b *bench) wantEnded(live, late float64) {
	b.t.Helper()
	for name, want := range map[string]float64{
		"rtcship_call_ended_total": live, "rtcship_call_duration_seconds": live, "rtcship_call_ended_late_total": late, "rtcship_call_duration_late_total": late,
	} {
		if got := b.counted(name); got != want {
			b.t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

// What is refused and tried again, and what a reload hands to another engine,
// counts once, and only when it is settled.
func TestNumbersCountOnce(t *testing.T) {
	b := numbersBench(t)
	refused := 0
	b.fault = func(*exportertest.Request) *exportertest.Fault {
		if refused++; refused <= 5 {
			return &exportertest.Fault{Code: codes.Unavailable, Message: "not now"}
		}
		return nil
	}
	b.write("event_webhook.jsonl", ends(0, 10, 0))
	r := b.start(false)
	<-r.ready
	b.await("a refusal", func() bool { b.mu.Lock(); defer b.mu.Unlock(); return refused > 0 })
	b.wantEnded(0, 0) // not settled yet
	r.reload <- struct{}{}
	<-r.ready
	b.await("the lines", func() bool { return len(b.bodies()) == 10 })
	r.settle()
	b.wantEnded(10, 0)
	r.drain()
}

// What comes an hour late says nothing of now.
func TestBacklogIsLate(t *testing.T) {
	b := numbersBench(t)
	b.write("event_webhook.jsonl", ends(0, 200, time.Hour)+ends(200, 7, 0))
	r := b.start(false)
	<-r.ready
	b.await("the lines", func() bool { return len(b.bodies()) == 207 })
	r.settle()
	b.wantEnded(7, 200)
	r.drain()
}

// Lines that are sent again because somebody asked for it count no second time,
// neither in a running process nor in the next one; those after them do.
func TestReplayFeedsNoNumbers(t *testing.T) {
	b := numbersBench(t)
	b.write("event_webhook.jsonl", ends(0, 10, 0)+ends(10, 10, time.Hour))
	r := b.start(false)
	<-r.ready
	b.await("the lines", func() bool { return len(b.bodies()) == 20 })
	r.settle()
	b.wantEnded(10, 10)
	if _, err := r.daemon.Replay(t.Context(), Replay{}); err != nil {
		t.Fatal(err)
	}
	<-r.ready
	b.await("all of them again", func() bool { return len(b.bodies()) == 40 })
	b.write("event_webhook.jsonl", ends(20, 3, 0))
	b.await("new lines", func() bool { return len(b.bodies()) == 43 })
	r.settle()
	b.wantEnded(13, 10)
	r.drain()

	if _, err := ReplayAtRest(b.config(), Replay{}, b.options()); err != nil {
		t.Fatal(err)
	}
	b.write("event_webhook.jsonl", ends(23, 2, 0))
	r = b.start(false)
	<-r.ready
	b.await("all of them again", func() bool { return len(b.bodies()) == 43+25 })
	r.settle()
	b.wantEnded(15, 10)
	r.drain()
}

// Without the switch nobody takes numbers.
func TestNumbersOff(t *testing.T) {
	b := numbersBench(t)
	b.flags["calls.metrics"] = []string{"false"}
	b.write("event_webhook.jsonl", ends(0, 10, 0))
	r := b.start(false)
	<-r.ready
	b.await("the lines", func() bool { return len(b.bodies()) == 10 })
	r.settle()
	b.wantEnded(0, 0)
	r.drain()
}

// Marks are kept for as long as they matter, and whatever stands in their place is
// survived.
func TestReplayed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, replayedFile)
	id := [16]byte{1}
	until := func() int64 {
		r, err := loadReplayed(dir)
		if err != nil {
			t.Fatal(err)
		}
		return r.until(&entry.Origin{Generation: id})
	}
	rewound := func(from int64, fault string) {
		t.Helper()
		if err := rememberReplayed(dir, []tailer.Rewound{{Generation: "01000000000000000000000000000000", From: from, Error: fault}}); err != nil {
			t.Fatal(err)
		}
	}
	if until() != 0 {
		t.Error("something is remembered")
	}
	rewound(7, "is not there")
	if until() != 0 {
		t.Error("a file that could not be set back is remembered")
	}
	rewound(100, "")
	rewound(40, "") // set back again before it was read to its end
	if until() != 100 {
		t.Errorf("until %d", until())
	}
	text := fmt.Sprintf(`{"01000000000000000000000000000000":{"until":100,"at":%q}}`, time.Now().Add(-time.Hour).Format(time.RFC3339))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if until() != 0 {
		t.Error("an old mark is kept")
	}
	for name, place := range map[string]func() error{
		"text": func() error { return os.WriteFile(path, []byte("}{"), 0o600) },
		"pipe": func() error { return syscall.Mkfifo(path, 0o600) },
	} {
		os.Remove(path)
		if err := place(); err != nil {
			t.Fatal(err)
		}
		if r, err := loadReplayed(dir); err == nil || r.until(&entry.Origin{Generation: id}) != 0 {
			t.Errorf("%s: %v, %v", name, r, err)
		}
		rewound(100, "")
		if until() != 100 {
			t.Errorf("%s: until %d", name, until())
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left: %v", slices.Collect(func(yield func(string) bool) {
			for _, e := range left {
				if !yield(e.Name()) {
					return
				}
			}
		}))
	}
}
