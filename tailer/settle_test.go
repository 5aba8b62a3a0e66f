package tailer

import (
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
)

// A position is saved only after what lies before it was settled: not because a
// later batch of the file was, and not because the process ends.
func TestOnlyWhatIsSettledIsSaved(t *testing.T) {
	for name, end := range map[string]func(*world){
		"stop":  (*world).end,
		"kill":  (*world).kill,
		"drain": func(w *world) { w.tail.Drain(); w.pass(30 * time.Second); w.end() },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				const n = 2 * entry.BatchBytes / 80 // lines, so many that they are three batches
				w.sink.stall = func(b entry.Batch) bool { return b.Entries[0].Offset == 0 }
				w.write("sora.jsonl", lines(0, n))
				w.start()
				w.pass(5 * time.Second)
				later := 0
				for _, r := range w.sink.all() {
					if !r.settled.IsZero() {
						later++
					}
				}
				if later == 0 || later >= n {
					t.Fatalf("%d of %d lines are settled: the first batch alone should not be", later, n)
				}
				end(w)
				w.sink.stall = nil
				w.start()
				w.pass(5 * time.Second)
				w.wantRepeats(n)
				w.wantAllSettled(n)
			})
		})
	}
}

// wantAllSettled checks that each of lines 0 to n-1 was settled at some time.
func (w *world) wantAllSettled(n int) {
	w.t.Helper()
	settled := map[string]bool{}
	for _, r := range w.sink.all() {
		settled[r.text] = settled[r.text] || !r.settled.IsZero()
	}
	missing := 0
	for i := range n {
		if !settled[line(i)] {
			missing++
		}
	}
	if missing > 0 {
		w.t.Errorf("%d of %d lines were never settled, and not handed on again", missing, n)
	}
}

// Source.Settled lets the spool delete what it holds: it is told of a position
// only once that is on disk.
func TestSettledIsToldAfterSaving(t *testing.T) {
	inWorld(t, func(w *world) {
		told := int64(0)
		w.cfg.Sources[0].Settled = func(_ string, offset int64) { told = offset }
		w.write("sora.jsonl", lines(0, 10))
		w.start()
		if want := int64(len(lines(0, 10))); told != want {
			t.Errorf("told %d, want %d", told, want)
		}
		w.tail.store.Fail.Store(&errDisk)
		before := told
		w.write("sora.jsonl", lines(10, 10))
		w.pass(5 * time.Second)
		w.wantLines(20)
		if told != before {
			t.Error("a position was told that could not be saved")
		}
		w.tail.store.Fail.Store(nil)
		w.pass(3 * time.Second)
		if want := int64(len(lines(0, 20))); told != want {
			t.Errorf("told %d in the end, want %d", told, want)
		}
	})
}
