package tailer

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/known"
)

// Thousands of rotated files that appear at once beside logs that are written, as
// when a backup is unpacked, are delivered as soon as it is sure that nobody writes
// them: how long that takes depends neither on how long an answer takes nor on how
// often anybody looks, and each is opened once to see that it is nobody's, and once
// more when it has been left alone for long enough.
func TestManyRotatedFilesAtOnce(t *testing.T) {
	const files, each = 2000, 2
	inWorld(t, func(w *world) {
		w.sink.takes = 100 * time.Millisecond
		n := 0
		put := func(name string) {
			w.write(name, lines(n, each))
			n += each
		}
		for _, log := range []string{"sora", "api"} {
			put(log + ".jsonl")
		}
		var slices atomic.Int64
		w.between = func() { slices.Add(1) }
		w.start()
		for i := range files {
			put(fmt.Sprintf("%s.jsonl.%d", []string{"sora", "api"}[i%2], i+1))
		}
		slices.Store(0)
		limit := w.tail.cfg.RotateWait + 5*w.tail.cfg.Scan
		for begun := time.Now(); len(w.sink.all()) < n && time.Since(begun) < limit; {
			w.pass(100 * time.Millisecond)
		}
		w.wantLines(n)
		if n, most := slices.Load(), int64(2*files/openAtOnce+files/known.EvictAtOnce); n > most {
			w.t.Errorf("files were looked into %d times, want at most %d", n, most)
		}
	})
}
