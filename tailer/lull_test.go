package tailer

import (
	"testing"
	"time"
)

// A log that grows is looked at with each poll, one that has not grown for a while with
// every second one: a line after a pause may wait for as long as that, and no longer.
func TestLull(t *testing.T) {
	for _, test := range []struct {
		name  string
		since time.Duration // since the log last grew
		step  time.Duration // from one look at it to the next
	}{
		{"it grows", time.Second, 100 * time.Millisecond},
		{"just before the lull", lull - time.Second, 100 * time.Millisecond},
		{"in a lull", lull + time.Second, 200 * time.Millisecond},
		{"still moving", 50 * time.Second, 200 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			var longest time.Duration
			for phase := time.Duration(0); phase < 200*time.Millisecond; phase += 20 * time.Millisecond {
				longest = max(longest, delayAfter(t, test.since+phase))
			}
			if longest > test.step || longest <= test.step-40*time.Millisecond {
				t.Errorf("a line took %v at most, want %v", longest, test.step)
			}
		})
	}
}

// delayAfter returns how long a line takes that is written so long after another one.
func delayAfter(t *testing.T, since time.Duration) (d time.Duration) {
	inWorld(t, func(w *world) {
		w.cfg.Scan = time.Hour // the polls alone
		w.write("sora.jsonl", lines(0, 1))
		w.start()
		w.write("sora.jsonl", lines(1, 1))
		w.pass(since)
		written := time.Now()
		w.write("sora.jsonl", lines(2, 1))
		w.pass(time.Second)
		w.wantLines(3)
		d = w.sink.all()[2].handed.Sub(written)
	})
	return d
}

// After a pause the first line comes within two polls, and those after it within one.
func TestLullEnds(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("sora.jsonl", lines(0, 1))
		w.start()
		w.pass(lull + 1234*time.Millisecond)
		for i, limit := range []time.Duration{200 * time.Millisecond, 100 * time.Millisecond, 100 * time.Millisecond} {
			w.write("sora.jsonl", lines(1+i, 1))
			w.pass(limit)
			w.wantLines(2 + i)
			w.pass(37 * time.Millisecond)
		}
	})
}
