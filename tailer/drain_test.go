package tailer

import (
	"testing"
	"time"
)

// TestDrainBesideAWriter drains a tailer while its log goes on growing: it ends
// with what was there at the time, and the next run takes the rest.
func TestDrainBesideAWriter(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("sora.jsonl", lines(0, 10))
		w.start()
		stop, written := make(chan struct{}), make(chan int)
		go func() {
			n := 10
			for {
				select {
				case <-stop:
					written <- n
					return
				case <-time.After(3 * time.Millisecond):
					w.write("sora.jsonl", lines(n, 1))
					n++
				}
			}
		}()
		w.pass(time.Second)
		began := time.Now()
		w.drain()
		if took := time.Since(began); took > time.Second {
			t.Errorf("draining took %v", took)
		}
		w.pass(time.Second)
		close(stop)
		n := <-written
		w.start()
		w.wantLines(n)
	})
}
