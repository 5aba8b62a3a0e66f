package tailer

import (
	"testing"
	"time"
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
		w.sink.hold = make(chan struct{})
		w.write("sora.jsonl", lines(0, 10))
		w.start()
		w.kill()
		w.sink.hold = nil
		w.write("sora.jsonl", lines(10, 10))
		w.start()
		w.wantRepeats(20)
		if n := len(w.sink.all()); n != 30 {
			t.Errorf("received %d entries, want the first 10 twice", n)
		}
	})
}
