package tailer

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// compress replaces a file with its compressed form, as gzip and zstd do:
// the new file is written beside the old one, which is then removed.
func (w *world) compress(name, ext string) {
	w.t.Helper()
	w.pack(name, name+ext)
	w.remove(name)
}

func (w *world) pack(from, to string) {
	w.t.Helper()
	b, err := os.ReadFile(w.path(from))
	if err != nil {
		w.t.Fatal(err)
	}
	packed := zstdOf
	if strings.HasSuffix(to, ".gz") {
		packed = gzipOf
	}
	if err := os.WriteFile(w.path(to), packed(string(b)), 0o644); err != nil {
		w.t.Fatal(err)
	}
	st, err := os.Stat(w.path(from))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.Chtimes(w.path(to), st.ModTime(), st.ModTime()); err != nil {
		w.t.Fatal(err)
	}
}

// gzipOf compresses text into a member of its own.
func gzipOf(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return b.Bytes()
}

// zstdOf compresses text into a frame of its own.
func zstdOf(text string) []byte {
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	if err != nil {
		panic(err)
	}
	z.Write([]byte(text))
	z.Close()
	return b.Bytes()
}

// A rotation moves a log's content out of the way.
type rotation struct {
	name string
	// before runs while the writer goes on; then it writes lines 20 to 24 to
	// the file named by late; then after runs, and the rest goes to the log.
	before func(w *world, to string)
	late   func(to string) string
	after  func(w *world, to string)
}

func toOld(to string) string { return to }
func toLog(string) string    { return "sora.jsonl" }

var rotations = []rotation{
	{"rename", func(w *world, to string) { w.rename("sora.jsonl", to) }, toOld,
		func(w *world, to string) {}},
	{"rename and create", func(w *world, to string) { w.rename("sora.jsonl", to); w.write("sora.jsonl", "") }, toOld,
		func(w *world, to string) {}},
	{"copy and truncate", func(w *world, to string) {}, toLog,
		func(w *world, to string) { w.copy("sora.jsonl", to); w.truncate("sora.jsonl") }},
	{"rename and gzip", func(w *world, to string) { w.rename("sora.jsonl", to) }, toOld,
		func(w *world, to string) { w.compress(to, ".gz") }},
	{"rename and zstd", func(w *world, to string) { w.rename("sora.jsonl", to) }, toOld,
		func(w *world, to string) { w.compress(to, ".zst") }},
	{"copy, gzip and truncate", func(w *world, to string) {}, toLog,
		func(w *world, to string) {
			w.copy("sora.jsonl", to)
			w.truncate("sora.jsonl")
			w.compress(to, ".gz")
		}},
	{"copy to zstd and truncate", func(w *world, to string) {}, toLog,
		func(w *world, to string) { w.pack("sora.jsonl", to+".zst"); w.truncate("sora.jsonl") }},
}

var names = []string{
	"sora.jsonl.1", "sora.jsonl-20311105", "sora-20311105.jsonl", "sora.1.jsonl",
	"sora.jsonl.2031-11-05_03", "sora.jsonl-20311105.1",
}

// forRotations runs f for each kind of rotation with each form of name.
func forRotations(t *testing.T, f func(w *world, r rotation, to string)) {
	for _, r := range rotations {
		for _, to := range names {
			t.Run(r.name+" to "+to, func(t *testing.T) {
				t.Parallel()
				inWorld(t, func(w *world) { f(w, r, to) })
			})
		}
	}
}

func TestRotationWhileRunning(t *testing.T) {
	forRotations(t, func(w *world, r rotation, to string) {
		w.write("sora.jsonl", lines(0, 10))
		w.start()
		w.write("sora.jsonl", lines(10, 10))
		r.before(w, to)
		w.write(r.late(to), lines(20, 5))
		w.pass(200 * time.Millisecond)
		r.after(w, to)
		w.write("sora.jsonl", lines(25, 5))
		w.pass(20 * time.Second)
		w.wantLines(30)
		w.wantNoGap()
	})
}

// The rest of the log has not been read when it rotates, since the collector
// is away.
func TestRotationWhileBehind(t *testing.T) {
	forRotations(t, func(w *world, r rotation, to string) {
		release := w.hold()
		w.write("sora.jsonl", lines(0, 5))
		w.start()
		w.write("sora.jsonl", lines(5, 5))
		w.pass(time.Second)
		w.write("sora.jsonl", lines(10, 10))
		r.before(w, to)
		w.write(r.late(to), lines(20, 5))
		w.pass(time.Second)
		r.after(w, to)
		w.write("sora.jsonl", lines(25, 5))
		w.pass(20 * time.Second)
		release()
		w.pass(20 * time.Second)
		w.wantLines(30)
		w.wantNoGap()
	})
}

func TestRotationWhileStopped(t *testing.T) {
	forRotations(t, func(w *world, r rotation, to string) {
		w.write("sora.jsonl", lines(0, 10))
		w.start()
		w.end()
		w.write("sora.jsonl", lines(10, 10))
		r.before(w, to)
		w.write(r.late(to), lines(20, 5))
		r.after(w, to)
		w.write("sora.jsonl", lines(25, 5))
		w.start()
		w.pass(20 * time.Second)
		w.wantLines(30)
	})
}

func TestRotationWithKillInTheMiddle(t *testing.T) {
	forRotations(t, func(w *world, r rotation, to string) {
		w.write("sora.jsonl", lines(0, 10))
		w.start()
		w.write("sora.jsonl", lines(10, 10))
		r.before(w, to)
		w.write(r.late(to), lines(20, 5))
		w.pass(150 * time.Millisecond)
		w.kill()
		w.start()
		r.after(w, to)
		w.write("sora.jsonl", lines(25, 5))
		w.pass(150 * time.Millisecond)
		w.kill()
		w.start()
		w.pass(20 * time.Second)
		w.wantRepeats(30)
	})
}

// Generations that come and go between two scans are read all the same.
func TestRotatedFasterThanScanned(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("sora.jsonl", lines(0, 10))
		w.start()
		n := 10
		for range 12 {
			w.write("sora.jsonl", lines(n, 5))
			w.rename("sora.jsonl", "sora.jsonl.1")
			w.pass(5 * time.Millisecond)
			w.write("sora.jsonl.1", lines(n+5, 5))
			w.write("sora.jsonl", lines(n+10, 5))
			w.pass(250 * time.Millisecond)
			w.remove("sora.jsonl.1")
			n += 15
		}
		w.pass(3 * time.Second)
		w.wantLines(n)
	})
}

// A file that is truncated and, before anybody looks, written again to more than
// it had, is another one: told by its beginning while that is all there is, and
// by what stands before the position later.
func TestRewrittenLarger(t *testing.T) {
	for name, read := range map[string]int{"a short file": 5, "a file beyond its head": 100} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.write("sora.jsonl", lines(0, read))
				w.start()
				f, err := os.OpenFile(w.path("sora.jsonl"), os.O_WRONLY|os.O_TRUNC, 0)
				if err != nil {
					w.t.Fatal(err)
				}
				// Lines of another length, or the position is by chance at the
				// beginning of one.
				f.WriteString("a line that was not there before\n" + lines(read, 2*read))
				f.Close()
				w.pass(5 * time.Second)
				var got []string
				for _, r := range w.sink.all() {
					if r.text != "a line that was not there before" {
						got = append(got, r.text)
					}
				}
				if len(got) != 3*read || len(w.sink.all()) != 3*read+1 {
					t.Errorf("%d lines, want %d and one", len(got), 3*read)
				}
				for i, text := range got {
					if text != line(i) {
						t.Fatalf("line %d is %q", i, text)
					}
				}
			})
		})
	}
}
