package tailer

import (
	"os"
	"testing"
	"time"
)

// A log that is copied over another one, which is followed, is still nothing up to
// where they agree.
func TestCopiedOverAnotherLog(t *testing.T) {
	inWorlds(t, map[string]func(w *world){
		"while running": func(w *world) { overwrite(w, func() {}, func() {}) },
		"while stopped": func(w *world) { overwrite(w, w.end, w.start) },
	})
}

func overwrite(w *world, before, after func()) {
	w.write("sora.jsonl", lines(0, 40))
	w.write("other.jsonl", lines(100, 10))
	w.start()
	before()
	text, err := os.ReadFile(w.path("sora.jsonl"))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(w.path("other.jsonl"), text, 0o644); err != nil {
		w.t.Fatal(err)
	}
	w.stamp("other.jsonl")
	after()
	w.pass(10 * time.Second)
	w.write("other.jsonl", lines(110, 5))
	w.write("sora.jsonl", lines(40, 5))
	w.pass(10 * time.Second)
	w.end()
	w.start()
	w.pass(10 * time.Second)
	w.wantNoGap()
	count := map[string]int{}
	for _, s := range w.sink.texts() {
		count[s]++
	}
	for _, i := range []int{0, 39, 40, 44, 100, 109, 110, 114} {
		if count[line(i)] != 1 {
			w.t.Errorf("line %d came %d times", i, count[line(i)])
		}
	}
	if len(count) != 60 {
		w.t.Errorf("%d different lines, want 60", len(count))
	}
}

// Between looking at a file and deciding what it is the file may be truncated, or
// another one be removed: that must not give a second identity to anything.
func TestFilesThatChangeWhileTheyAreCompared(t *testing.T) {
	const copied, live, gz = "sora.jsonl.1", "sora.jsonl", "sora.jsonl.1.gz"
	once := func(w *world, f func()) {
		w.between = func() {
			w.tail.between = nil
			f()
		}
	}
	inWorlds(t, map[string]func(w *world){
		"truncated after it was copied": func(w *world) {
			w.write(live, lines(0, 40))
			w.start()
			w.end()
			w.write(live, lines(40, 5))
			w.copy(live, copied)
			once(w, func() {
				w.truncate(live)
				w.write(live, lines(45, 3))
			})
			w.start()
			w.pass(20 * time.Second)
			w.wantLines(48)
			w.wantGenerations(2)
			w.wantNoGap()
		},
		"truncated and written to a larger size": func(w *world) {
			w.write(live, lines(0, 40))
			w.start()
			w.end()
			w.write(live, lines(40, 5))
			w.copy(live, copied)
			once(w, func() {
				w.truncate(live)
				w.write(live, lines(45, 60))
			})
			w.start()
			w.pass(20 * time.Second)
			w.wantLines(105)
			w.wantGenerations(2)
			w.wantNoGap()
		},
		"removed once it was compressed": func(w *world) {
			w.cfg.Sources[0].Start.At = time.Now().Add(-time.Hour)
			packed := string(gzipOf(lines(0, 40)))
			w.write(copied, lines(0, 40))
			w.write(gz, packed[:len(packed)/2])
			w.start()
			w.kill()
			w.write(gz, packed[len(packed)/2:])
			once(w, func() { w.remove(copied) })
			w.start()
			w.pass(20 * time.Second)
			w.wantSet(40, 1)
			w.wantGenerations(1)
			w.wantNoGap()
		},
	})
}
