package tailer

import (
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
)

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
