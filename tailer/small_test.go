package tailer

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/saved"
)

const waitDir = "connection_created_wait_timeout_error"

func TestSmallFiles(t *testing.T) {
	inWorld(t, func(w *world) {
		if err := os.Mkdir(w.path(waitDir), 0o755); err != nil {
			w.t.Fatal(err)
		}
		name := func(i int) string { return filepath.Join(waitDir, fmt.Sprintf("20310402T1011%06d_C%d.jsonl", i, i)) }
		for i := range 500 {
			w.write(name(i), lines(i, 1))
		}
		w.start()
		w.pass(20 * time.Second)
		w.wantLines(500)
		w.write(name(500), line(500)) // without a newline
		w.pass(10 * time.Second)
		w.wantLines(501)
		w.pass(10 * time.Second)
		w.wantSmall(501, 501)
		w.end()
		w.write(name(501), lines(501, 1))
		w.write(name(7), lines(502, 1)) // an old one has grown
		w.start()
		w.pass(90 * time.Second)
		w.wantLines(503)
		w.wantSmall(502, 2)
		for _, r := range w.sink.all() {
			if r.text == line(502) && (r.gen != w.sink.genOf(line(7)) || r.offset != int64(len(line(7)))+1) {
				w.t.Error("what was written later has another uid than it should")
			}
		}
		w.kill()
		w.start()
		w.pass(20 * time.Second)
		w.wantRepeats(503)
	})
}

// A small file leaves the checkpoint only once it is on the shelf's own one, or a
// kill between the two would have it sent again as another generation.
func TestSmallFileIsShelvedBeforeItIsForgotten(t *testing.T) {
	inWorld(t, func(w *world) {
		if err := os.Mkdir(w.path(waitDir), 0o755); err != nil {
			w.t.Fatal(err)
		}
		w.write(filepath.Join(waitDir, "20310402T1011000000_C1.jsonl"), lines(0, 1))
		w.start()
		shelf := saved.ShelfFile(w.cfg.StateDir, "sora")
		if err := os.MkdirAll(filepath.Join(shelf, "full"), 0o700); err != nil { // so that it cannot be written, nor removed
			w.t.Fatal(err)
		}
		w.pass(20 * time.Second)
		w.wantLines(1)
		if _, err := w.tail.Saved(); err == nil {
			w.t.Error("positions are said to be saved, without the small file")
		}
		w.kill()
		if err := os.RemoveAll(shelf); err != nil {
			w.t.Fatal(err)
		}
		w.start()
		w.pass(20 * time.Second)
		w.wantRepeats(1)
	})
}

// wantSmall checks that the small files are one line of the ledger, and that it
// adds up with what is on disk and with the entries handed on since the start.
func (w *world) wantSmall(files, entries int64) {
	w.t.Helper()
	var bytes int64
	err := filepath.WalkDir(w.dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			info, _ := d.Info()
			bytes += info.Size()
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	list := w.tail.Status()
	if len(list) != 1 {
		w.t.Fatal(fmt.Sprintf("%d lines in the ledger: small files cost more than they need", len(list)))
	}
	s := list[0]
	if s.State != Settled || s.Files != files || s.Size != bytes || s.Settled != bytes || s.Lag != 0 || s.Entries != entries || s.SettledEntries != entries {
		w.t.Errorf("of %d files, %d bytes and %d entries the ledger says %+v", files, bytes, entries, s)
	}
	if n := w.tail.known.OpenFiles(); n != 0 {
		w.t.Errorf("%d descriptors are open for settled small files", n)
	}
}

// genOf returns the generation of the entry with a text.
func (s *sink) genOf(text string) string {
	for _, r := range s.all() {
		if r.text == text {
			return r.gen
		}
	}
	return ""
}

// A settled small file is told by what it holds: one that is replaced is new, and
// one that is renamed or copied back is not.
func TestSettledSmallFileByContent(t *testing.T) {
	name := func(s string) string { return filepath.Join(waitDir, "20310402T1011000000_"+s+".jsonl") }
	setup := func(w *world) {
		w.mkdir(waitDir)
		w.write(name("A"), lines(0, 5))
		w.write(name("B"), lines(5, 5))
		w.start()
		w.pass(30 * time.Second)
		w.wantSmall(2, 10)
	}
	replace := func(n int) func(w *world) {
		return func(w *world) {
			w.write("new", lines(10, n))
			w.rename("new", name("A"))
		}
	}
	for what, change := range map[string]struct {
		do func(w *world)
		n  int
	}{
		"replaced by a longer one":          {replace(8), 18},
		"replaced by one as long":           {replace(5), 15},
		"replaced by a shorter one":         {replace(2), 12},
		"written anew, longer":              {func(w *world) { w.truncate(name("A")); w.write(name("A"), lines(10, 8)) }, 18},
		"renamed":                           {func(w *world) { w.rename(name("A"), name("Z")) }, 10},
		"renamed, and another in its place": {func(w *world) { w.rename(name("A"), name("Z")); w.write(name("A"), lines(10, 5)) }, 15},
		"copied and removed":                {func(w *world) { w.copy(name("A"), name("Z")); w.remove(name("A")) }, 10},
		"copied":                            {func(w *world) { w.copy(name("A"), name("Z")) }, 10},
		"grown":                             {func(w *world) { w.write(name("A"), lines(10, 3)) }, 13},
	} {
		inWorlds(t, map[string]func(w *world){
			what + " while running": func(w *world) {
				setup(w)
				change.do(w)
				w.pass(60 * time.Second)
				w.kill()
				w.start()
				w.pass(30 * time.Second)
				w.wantRepeats(change.n)
			},
			what + " while stopped": func(w *world) {
				setup(w)
				w.end()
				change.do(w)
				w.start()
				w.pass(60 * time.Second)
				w.end()
				w.start()
				w.pass(30 * time.Second)
				w.wantRepeats(change.n)
			},
		})
	}
}
