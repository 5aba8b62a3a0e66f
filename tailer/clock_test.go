package tailer

import (
	"os"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/match"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// A rotated file that came while rtcship was stopped and is older than what was read of
// its log is left alone: somebody unpacked it. If the machine was booted meanwhile, or
// its clock was set, its time says nothing, and it is read.
func TestOldFilesThatCameWhileStopped(t *testing.T) {
	const unpacked = "sora.jsonl-20300101"
	old := func(w *world, name string, from int) {
		w.write(name, lines(from, 10))
		at := time.Now().Add(-26 * time.Hour)
		if err := os.Chtimes(w.path(name), at, at); err != nil {
			w.t.Fatal(err)
		}
	}
	set := func(w *world, by time.Duration) {
		clock := w.cfg.clock
		w.cfg.clock = func() saved.Clock {
			c := clock()
			c.At = c.At.Add(by)
			return c
		}
	}
	nothing := func(*world) {}
	for name, test := range map[string]struct {
		running, stopped, later func(w *world)
		want                    int
	}{
		"nobody touched the clock":         {nothing, nothing, nothing, 10},
		"the clock was set a little":       {nothing, func(w *world) { set(w, -10*time.Minute) }, nothing, 10},
		"the clock was set":                {nothing, func(w *world) { set(w, 26*time.Hour) }, nothing, 20},
		"the clock was set back":           {nothing, func(w *world) { set(w, -26*time.Hour) }, nothing, 20},
		"booted":                           {nothing, func(w *world) { w.boots++ }, nothing, 20},
		"the kernel tells nothing of that": {nothing, func(w *world) { w.cfg.clock = func() saved.Clock { return saved.Clock{} } }, nothing, 10},
		"booted, and left alone before":    {func(w *world) { old(w, unpacked, 10) }, func(w *world) { w.boots++ }, nothing, 10},
		"booted twice":                     {func(w *world) { old(w, unpacked, 10) }, func(w *world) { w.boots++ }, func(w *world) { w.boots++ }, 10},
		"booted, and moved there later": {nothing, func(w *world) {
			w.boots++
			w.rename(unpacked, "../"+unpacked)
		}, func(w *world) {
			w.start()
			w.pass(20 * time.Second)
			w.rename("../"+unpacked, unpacked)
			w.pass(20 * time.Second)
			w.end()
		}, 10},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			log := dir + "/log"
			if err := os.Mkdir(log, 0o755); err != nil {
				t.Fatal(err)
			}
			inWorldAt(t, log, func(w *world) {
				w.timed = true
				w.write("sora.jsonl", lines(0, 5))
				w.start()
				test.running(w)
				w.pass(20 * time.Second)
				w.end()
				if _, err := os.Stat(w.path(unpacked)); err != nil {
					old(w, unpacked, 10)
				}
				test.stopped(w)
				w.start()
				w.pass(20 * time.Second)
				w.end()
				test.later(w)
				w.start()
				w.pass(20 * time.Second)
				w.write("sora.jsonl", lines(5, 5))
				w.pass(5 * time.Second)
				reason := ""
				for _, s := range w.tail.Status() {
					if s.Path == w.path(unpacked) {
						reason = s.Reason
					}
				}
				if shown := reason == match.LeftOld; shown != (test.want == 10) {
					t.Errorf("it is shown with the reason %q", reason)
				}
				w.wantLines(test.want)
			})
		})
	}
}
