package tailer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// editState changes the checkpoint of a tailer that is stopped.
func (w *world) editState(f func(g *saved.Generation)) {
	w.t.Helper()
	path := filepath.Join(w.cfg.StateDir, saved.PositionsFile)
	c, err := saved.ReadCheckpoint(path)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range c.Generations {
		f(&c.Generations[i])
	}
	b, err := json.Marshal(c)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// TestIdentity has a case for each thing that a file could wrongly be known by,
// or not be known by.
func TestIdentity(t *testing.T) {
	const log = "sora.jsonl"
	// A file system that is mounted again has another device number, and some
	// make up inodes: what is saved does not fit any more.
	remounted := func(device, inode uint64, rotate bool) func(w *world) {
		return func(w *world) {
			w.write(log, lines(0, 10))
			w.start()
			w.end()
			w.editState(func(g *saved.Generation) { g.Device += device; g.Inode += inode })
			w.write(log, lines(10, 10))
			n := 1
			if rotate {
				w.rename(log, log+".1")
				w.write(log, lines(20, 10))
				n = 2
			}
			w.start()
			w.pass(10 * time.Second)
			w.wantLines(10 + 10*n)
			w.wantGenerations(n)
		}
	}
	preamble := strings.Repeat("each file of this log begins like this\n", 60)
	inWorlds(t, map[string]func(w *world){
		"another device number":                        remounted(7, 0, false),
		"another inode":                                remounted(0, 1<<20, false),
		"another device number and inode":              remounted(7, 1<<20, false),
		"another device number, rotated":               remounted(7, 0, true),
		"another inode, rotated":                       remounted(0, 1<<20, true),
		"another device number and inode, rotated":     remounted(7, 1<<20, true),
		"inode used again while stopped":               inodeUsedAgain(5),
		"inode used again while stopped, longer":       inodeUsedAgain(40),
		"inode used again while stopped, of same size": inodeUsedAgain(10),
		"inode used again while running": func(w *world) {
			w.write(log, lines(0, 10))
			w.start()
			w.remove(log)
			w.pass(20 * time.Second) // it is let go of when another has taken its place
			w.write(log, lines(10, 10))
			w.pass(20 * time.Second)
			w.remove(log)
			w.write(log, lines(20, 10))
			w.pass(20 * time.Second)
			w.wantLines(30)
			w.wantGenerations(3)
		},
		"equal first kilobytes": func(w *world) {
			w.write(log, preamble+lines(0, 10))
			w.start()
			w.rename(log, log+".1")
			w.write(log, preamble+lines(10, 10))
			w.pass(10 * time.Second)
			w.wantBesides("each file", 20)
			w.wantGenerations(2)
		},
		"equal first kilobytes, rotated while stopped": func(w *world) {
			w.write(log, preamble+lines(0, 10))
			w.start()
			w.end()
			w.write(log, lines(10, 5))
			w.rename(log, log+".1")
			w.write(log, preamble+lines(15, 10))
			w.start()
			w.pass(10 * time.Second)
			w.wantBesides("each file", 25)
			w.wantGenerations(2)
		},
		"equal first kilobytes, rotated twice while stopped": func(w *world) {
			w.write(log, preamble+lines(0, 10))
			w.start()
			w.end()
			w.rename(log, log+".2")
			w.write(log+".1", preamble+lines(10, 10))
			w.write(log, preamble+lines(20, 10))
			w.start()
			w.pass(10 * time.Second)
			w.wantBesides("each file", 30)
			w.wantGenerations(3)
		},
		"empty first lines of run_erl": func(w *world) {
			w.write("erlang.log.1", "\n===== one\n")
			w.start()
			w.end()
			w.write("erlang.log.1", "more of one\n")
			w.write("erlang.log.2", "\n===== two\n")
			w.write("erlang.log.3", "\n")
			w.start()
			w.pass(5 * time.Second)
			w.wantTexts("===== one", "more of one", "===== two")
			w.wantGenerations(2)
		},
		"a file of no byte": func(w *world) {
			w.write(log, "")
			w.start()
			w.end()
			w.rename(log, log+".1")
			w.write(log, "")
			w.start()
			w.write(log, lines(0, 5))
			w.pass(10 * time.Second)
			w.wantLines(5)
			w.wantGenerations(1)
		},
		"a file of one byte": func(w *world) {
			w.write(log, "x")
			w.start()
			w.end()
			w.write(log, "y\n")
			w.start()
			w.rename(log, log+".1")
			w.write(log, "z")
			w.pass(10 * time.Second)
			w.rename(log+".1", log+".2")
			w.rename(log, log+".1")
			w.write(log, "")
			w.pass(10 * time.Second)
			w.wantTexts("xy", "z")
			w.wantGenerations(2)
		},
		"truncated, then more than before": func(w *world) {
			w.write(log, lines(0, 10))
			w.start()
			w.truncate(log)
			w.write(log, lines(10, 40))
			w.pass(10 * time.Second)
			w.wantLines(50)
			w.wantGenerations(2)
		},
		"truncated while stopped, then more than before": func(w *world) {
			w.write(log, lines(0, 10))
			w.start()
			w.end()
			w.truncate(log)
			w.write(log, lines(10, 40))
			w.start()
			w.pass(10 * time.Second)
			w.wantLines(50)
			w.wantGenerations(2)
		},
		"truncated, then as much as before": func(w *world) {
			w.write(log, lines(0, 5))
			w.start()
			w.truncate(log)
			w.write(log, lines(5, 5))
			w.pass(10 * time.Second)
			w.wantLines(10)
		},
		"replaced by another of the same size": func(w *world) {
			w.write(log, lines(10, 10))
			w.start()
			w.write("new", lines(20, 10))
			w.rename("new", log)
			w.pass(10 * time.Second)
			w.wantRange(10, 30)
			w.wantGenerations(2)
		},
		"replaced by another of the same size while stopped": func(w *world) {
			w.write(log, lines(10, 10))
			w.start()
			w.end()
			w.write("new", lines(20, 10))
			w.rename("new", log)
			w.start()
			w.pass(10 * time.Second)
			w.wantRange(10, 30)
			w.wantGenerations(2)
		},
	})
}

// inodeUsedAgain has a log of ten lines replaced by one of n with the same inode.
func inodeUsedAgain(n int) func(w *world) {
	return func(w *world) {
		w.write("sora.jsonl", lines(10, 10))
		w.start()
		w.end()
		w.remove("sora.jsonl")
		w.write("sora.jsonl", lines(20, n))
		st, err := file.StatPath(w.path("sora.jsonl"))
		if err != nil {
			w.t.Fatal(err)
		}
		w.editState(func(g *saved.Generation) { g.Device, g.Inode = st.Key.Dev, st.Key.Ino })
		w.start()
		w.pass(10 * time.Second)
		w.wantRange(10, 20+n)
		w.wantGenerations(2)
	}
}

// wantBesides is wantLines, apart from lines that begin with a prefix.
func (w *world) wantBesides(prefix string, n int) {
	w.t.Helper()
	w.sink.mu.Lock()
	w.sink.got = slices.DeleteFunc(w.sink.got, func(r received) bool { return strings.HasPrefix(r.text, prefix) })
	w.sink.mu.Unlock()
	w.wantLines(n)
}

// wantRange checks that lines from to to-1 were each received exactly once.
func (w *world) wantRange(from, to int) {
	w.t.Helper()
	count := map[string]int{}
	for _, s := range w.sink.texts() {
		count[s]++
	}
	for i := from; i < to; i++ {
		if count[line(i)] != 1 {
			w.t.Errorf("line %d came %d times", i, count[line(i)])
		}
	}
	if len(count) != to-from {
		w.t.Errorf("%d different lines, want %d", len(count), to-from)
	}
}

// A kill right after a compressed file was found, and before anything of it was
// settled, does not make it one that was read to its end.
func TestKilledBeforeTheArchiveWasRead(t *testing.T) {
	for _, ext := range []string{".gz", ".zst"} {
		inWorld(t, func(w *world) {
			w.write("sora.jsonl", lines(0, 10))
			w.start()
			w.end()
			w.write("sora.jsonl", lines(10, 10))
			w.compress("sora.jsonl", ext)
			release := w.hold()
			w.start()
			w.kill()
			w.editState(func(g *saved.Generation) { g.Size, g.Ended = g.Settled, false }) // as it is before the first read
			release()
			w.start()
			w.pass(10 * time.Second)
			w.wantRepeats(20)
			settled := map[string]bool{}
			for _, r := range w.sink.all() {
				if !r.settled.IsZero() {
					settled[r.text] = true
				}
			}
			if len(settled) != 20 {
				w.t.Errorf("%d of 20 lines were settled", len(settled))
			}
		})
	}
}

// withoutDir finds what a release does not say that knew nothing of it.
var anyTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)

var withoutDir = regexp.MustCompile(`,"dir":"[^"]*"`)

// editCheckpoint changes the text of the checkpoint of a tailer that is stopped.
func (w *world) editCheckpoint(edit func(string) string) {
	w.t.Helper()
	path := filepath.Join(w.cfg.StateDir, saved.PositionsFile)
	b, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(edit(string(b))), 0o600); err != nil {
		w.t.Fatal(err)
	}
}
