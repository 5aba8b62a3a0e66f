package tailer

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
)

// A slow consumer takes a while for each batch, as a collector does: there is
// always something that is read and not yet settled.
type slow struct{ entry.Consumer }

func (s slow) Offer(ctx context.Context, b entry.Batch) (entry.Receipt, error) {
	time.Sleep(50 * time.Millisecond)
	return s.Consumer.Offer(ctx, b)
}

// TestDrainBesideAWriter drains a tailer while its log goes on growing: it ends
// with what was there at the time, and the next run takes the rest.
func TestDrainBesideAWriter(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("sora.jsonl", lines(0, 10))
		tail, err := New(w.cfg, slow{w.sink.consumer(0)})
		if err != nil {
			w.t.Fatal(err)
		}
		ended := make(chan error)
		go func() { ended <- tail.Run(context.Background()) }()
		stop, written := make(chan struct{}), make(chan int)
		go func() { w.writeOn(10, stop, written) }()
		w.pass(3 * time.Second)

		tail.Drain()
		select {
		case err := <-ended:
			if err != nil {
				w.t.Errorf("%v", err)
			}
		case <-time.After(2 * time.Second):
			w.t.Fatal("draining takes more than 2 s")
		}
		w.pass(time.Second)
		close(stop)
		n := <-written
		w.start()
		w.wantLines(n)
	})
}

// TestDrainRightAfterCopyTruncate drains a tailer that has not noticed yet that
// its log was copied and truncated: the copy is no log of its own.
func TestDrainRightAfterCopyTruncate(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("sora.jsonl", lines(0, 100))
		w.start()
		w.write("sora.jsonl", lines(100, 100))
		w.copy("sora.jsonl", "sora.jsonl.1")
		w.truncate("sora.jsonl")
		w.write("sora.jsonl", lines(200, 10))
		w.drain()
		w.start()
		w.wantLines(210)
	})
}

// TestCopyShorterThanRead truncates a log of which more was read than its copy
// holds, since it grew after the copy was read and before it was written.
func TestCopyShorterThanRead(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("sora.jsonl", lines(0, 100))
		w.start()
		w.copy("sora.jsonl", "copy")
		w.write("sora.jsonl", lines(100, 5))
		w.pass(500 * time.Millisecond)
		fi, err := os.Stat(w.path("sora.jsonl"))
		if err != nil {
			w.t.Fatal(err)
		}
		if err := os.Chtimes(w.path("copy"), time.Time{}, fi.ModTime().Add(5*time.Millisecond)); err != nil {
			w.t.Fatal(err)
		}
		w.rename("copy", "sora.jsonl.1")
		w.truncate("sora.jsonl")
		w.write("sora.jsonl", lines(105, 10))
		w.pass(20 * time.Second)
		w.wantLines(115)
	})
}

// writeOn writes line n and the following ones until stop is closed, and then
// sends which would have been the next.
func (w *world) writeOn(n int, stop chan struct{}, next chan int) {
	for {
		select {
		case <-stop:
			next <- n
			return
		case <-time.After(3 * time.Millisecond):
			w.write("sora.jsonl", lines(n, 1))
			n++
		}
	}
}
