package tailer

import (
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/resume"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// What is written a second is bounded by what changes, not by what is known:
// of thousands of logs one is written to.
func TestBytesSavedOfManyLogs(t *testing.T) {
	const n = 400
	inWorld(t, func(w *world) {
		w.start()
		for i := range n {
			w.write(fmt.Sprintf("session%dx.log", i), lines(i, 1))
		}
		w.pass(20 * time.Second)
		w.wantLines(n)
		before := w.tail.store.Written.Load()
		const seconds = 60
		for i := range seconds {
			w.write("session7x.log", lines(n+i, 1))
			w.pass(time.Second)
		}
		w.wantLines(n + seconds)
		const whole = n * 1500 // all of it may have become due to be written once
		if written := w.tail.store.Written.Load() - before; written > whole+seconds*4<<10 {
			w.t.Errorf("%d bytes were written for %d lines", written, seconds)
		}
		w.kill()
		w.start()
		w.pass(time.Minute)
		w.wantRepeats(n + seconds)
	})
}

// Logs with a name for each session come and go by the thousands: what is settled
// and gone costs nothing any more, and is known again when it is put back.
func TestBytesSavedOfShortLivedNames(t *testing.T) {
	const n = 500
	inWorld(t, func(w *world) {
		w.cfg.OpenFiles = 64 // those that are still there, without a name, are held open
		w.start()
		name := func(i int) string { return fmt.Sprintf("session%dx.log", i) }
		for i := range n {
			w.write(name(i), lines(i, 1))
			if i >= 50 {
				w.rename(name(i-50), "../"+name(i-50))
				defer os.Remove(w.path("../" + name(i-50)))
			}
			if i%10 == 0 {
				w.pass(2 * time.Second)
			}
		}
		w.pass(2 * time.Minute)
		w.wantLines(n)
		if got := len(w.tail.Status()); got > 2*resume.MostGone {
			w.t.Errorf("%d files in the status", got)
		}
		if got := w.logs(); got > 2*resume.MostGone {
			w.t.Errorf("%d logs in memory", got)
		}
		before := w.tail.store.Written.Load()
		w.pass(5 * time.Minute)
		if got := w.tail.store.Written.Load() - before; got > 256<<10 {
			w.t.Errorf("%d bytes written while nothing happens", got)
		}
		back := func(i int) {
			w.rename("../"+name(i), name(i)+".1")
			w.pass(20 * time.Second)
		}
		back(3)
		w.end()
		w.start()
		back(4)
		w.kill()
		w.start()
		back(5)
		w.rename("../"+name(6), name(6)) // under its own name, and written to again
		w.write(name(6), lines(n, 1))
		w.pass(time.Minute)
		w.wantLines(n + 1)
		w.wantRepeats(n + 1)
	})
}

// A checkpoint of very many generations, as a release before wrote it, is read
// within the memory that rtcship has; so is what becomes of it.
func TestManyGenerationsAreLoaded(t *testing.T) {
	n := 2000
	if *costs {
		n = 100_000
		// What the program allows itself in a container with the chart's 64 MiB.
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(50 << 20))
	}
	dir, state := t.TempDir(), t.TempDir()
	now := time.Now().UTC()
	store := saved.NewStore(state, nil)
	c := &saved.Checkpoint{Sources: map[string]saved.Source{"sora": {Followed: now.Add(-time.Hour), Dir: saved.Path(dir)}}}
	for i := range n {
		c.Logs = append(c.Logs, saved.Log{Source: "sora", File: saved.Path(filepath.Join(dir, fmt.Sprintf("session%dx.log", i))), Newest: now.Add(-time.Hour)})
	}
	if err := store.Replace(c, false, manyGone(dir, n, now.Add(-time.Minute))); err != nil {
		t.Fatal(err)
	}
	c = nil
	cfg := Config{StateDir: state, Sources: []Source{{Name: "sora", Dir: dir, Rules: SoraRules()}}}
	for _, from := range []string{"one checkpoint", "what became of it"} {
		before := heapInUse()
		peak := make(chan int64)
		stop := make(chan bool)
		go func() {
			most := int64(0)
			for {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, int64(m.HeapInuse))
				select {
				case <-stop:
					peak <- most
					return
				case <-time.After(10 * time.Millisecond):
				}
			}
		}()
		begun := time.Now()
		tail, err := New(cfg, consumerFunc(func(entry.Batch) {}))
		if err != nil {
			t.Fatal(err)
		}
		took := time.Since(begun)
		close(stop)
		most := <-peak
		each := (heapInUse() - before) / int64(n)
		t.Logf("%s: %d generations in %v; %d bytes each, %d MiB at the most", from, n, took, each, most>>20)
		if each > 300+2<<20/int64(n) { // those that stay in memory, and all else
			t.Errorf("%d bytes of memory for each", each)
		}
		if *costs && most > 55<<20 {
			t.Errorf("%d MiB of memory at the most", most>>20)
		}
		if got := tail.positions.Gone(); got < n-2*resume.MostGone {
			t.Errorf("%d are remembered on disk", got)
		}
		stopped := runTailer(t, tail)
		time.Sleep(100 * time.Millisecond)
		stopped()
	}
}

// manyGone are generations that are settled and whose files are gone.
func manyGone(dir string, n int, since time.Time) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for i := range n {
			text := lines(i, 1)
			var p file.Fingerprint
			p.Grow([]byte(text))
			path := saved.Path(filepath.Join(dir, fmt.Sprintf("session%dx.log", i)))
			g := saved.Generation{
				ID: fmt.Sprintf("%032x", i), Source: "sora", File: path, Path: path, Born: since, Size: int64(len(text)), Settled: int64(len(text)),
				Written: since, Changed: since, Device: 1, Inode: uint64(i), OnDisk: int64(len(text)), Missing: since, Print: saved.Print{Head: p.HeadLen},
			}
			for _, h := range p.Heads {
				g.Heads = append(g.Heads, saved.Hash(h))
			}
			if !yield(json.Marshal(&g)) {
				return
			}
		}
	}
}
