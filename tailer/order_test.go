package tailer

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
)

// A batch is not handed on before the one that was read before it.
func TestBatchesAreHandedOnInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handed := 0
		tail := &Tailer{}
		tail.next = consumerFunc(func(entry.Batch) { handed++ })
		before := make(chan struct{})
		go tail.handOn(&batch{begun: make(chan struct{}), before: before})
		synctest.Wait()
		if handed != 0 {
			t.Error("a batch was handed on before the one before it")
		}
		close(before)
		synctest.Wait()
		if handed != 1 {
			t.Error("a batch was not handed on after the one before it")
		}
	})
}

// Batches of a log wait for each other in the order in which they were read,
// whatever became of those between.
func TestBatchesWaitForTheOneBefore(t *testing.T) {
	inWorld(t, func(w *world) {
		release := w.hold()
		w.write("sora.jsonl", lines(0, 2*entry.BatchBytes/80))
		w.start()
		w.tail.lock(func() {
			g := w.tail.sources[0].families[w.path("sora.jsonl")].gens[0]
			if len(g.inflight) < 2 {
				w.t.Fatal("too few batches are under way")
			}
			for i, b := range g.inflight[1:] {
				if b.before != g.inflight[i].begun {
					w.t.Errorf("batch %d does not wait for the one before it", i+1)
				}
			}
		})
		release()
	})
}

// When a generation was born is part of what its records are, and is the same after
// a restart, and after one from a checkpoint with a journal.
func TestBirthTimeIsRestored(t *testing.T) {
	inWorld(t, func(w *world) {
		born := map[string]map[time.Time]bool{}
		w.sink.stall = func(b entry.Batch) bool {
			if born[b.Origin.Path] == nil {
				born[b.Origin.Path] = map[time.Time]bool{}
			}
			born[b.Origin.Path][b.Origin.Born] = true
			return false
		}
		for i := range 3 {
			w.write("sora.jsonl", lines(i, 1))
			w.start()
			w.pass(time.Hour)
			w.end()
		}
		if n := len(born[w.path("sora.jsonl")]); n != 1 {
			w.t.Errorf("one log was born %d times", n)
		}
		w.wantLines(3)
	})
}
