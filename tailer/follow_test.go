package tailer

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/progress"
)

func TestFollowsALog(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("sora.jsonl", lines(0, 10))
		w.start()
		w.wantLines(10)
		w.write("sora.jsonl", lines(10, 5))
		w.pass(time.Second)
		w.wantLines(15)
		w.end()
		w.write("sora.jsonl", lines(15, 5))
		w.start()
		w.wantLines(20)
	})
}

func TestResumesAfterKill(t *testing.T) {
	inWorld(t, func(w *world) {
		release := w.hold()
		w.write("sora.jsonl", lines(0, 10))
		w.start()
		w.kill()
		release()
		w.write("sora.jsonl", lines(10, 10))
		w.start()
		w.wantRepeats(20)
		if n := len(w.sink.all()); n != 30 {
			t.Errorf("received %d entries, want the first 10 twice", n)
		}
	})
}

// Whoever gathers batches learns that a file has more to read than it may.
func TestTellsWhenAFileIsBlocked(t *testing.T) {
	inWorld(t, func(w *world) {
		var told atomic.Int32
		w.cfg.OnBlocked = func() { told.Add(1) }
		w.write("sora.jsonl", lines(0, 1))
		w.start()
		release := w.hold()
		for i := range progress.UnderWay {
			w.write("sora.jsonl", lines(1+i, 1))
			w.pass(150 * time.Millisecond)
		}
		if n := told.Load(); n > 0 {
			t.Errorf("told %d times, though all was read", n)
		}
		w.write("sora.jsonl", lines(1+progress.UnderWay, 1))
		w.pass(150 * time.Millisecond)
		if told.Load() == 0 || !w.tail.Blocked(progress.UnderWay) {
			t.Errorf("told %d times, blocked %v", told.Load(), w.tail.Blocked(progress.UnderWay))
		}
		release()
		w.pass(time.Second)
		w.wantLines(2 + progress.UnderWay)
	})
}
