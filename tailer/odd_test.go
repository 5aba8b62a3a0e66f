package tailer

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestOddities has what hardly anybody does to a log, and somebody will.
func TestOddities(t *testing.T) {
	const log = "sora.jsonl"
	inWorlds(t, map[string]func(w *world){
		"rotated by hard link": func(w *world) {
			w.write(log, lines(0, 10))
			w.start()
			if err := os.Link(w.path(log), w.path(log+".1")); err != nil {
				w.t.Fatal(err)
			}
			w.pass(10 * time.Second)
			w.write(log, lines(10, 10))
			w.pass(time.Second)
			w.remove(log)
			w.write(log, lines(20, 10))
			w.pass(10 * time.Second)
			w.wantLines(30)
		},
		"log directory is a symbolic link that moves": func(w *world) {
			w.pass(0)
			for _, d := range []string{"a", "b"} {
				os.Mkdir(w.path(d), 0o755)
			}
			os.Symlink(w.path("a"), w.path("current"))
			w.cfg.Sources[0].Dir = w.path("current")
			w.write("a/"+log, lines(0, 10))
			w.start()
			w.copy("a/"+log, "b/"+log)
			w.write("b/"+log, lines(10, 10))
			os.Symlink(w.path("b"), w.path("next"))
			w.rename("next", "current")
			w.pass(10 * time.Second)
			w.wantLines(20)
			w.wantGenerations(1)
		},
		"renamed over": func(w *world) {
			w.write(log, lines(0, 10))
			w.start()
			w.write(log, lines(10, 10))
			w.write("other", lines(20, 3))
			w.rename("other", log) // nothing leads to the old file any more
			w.pass(10 * time.Second)
			w.wantLines(23)
		},
		"times in the past and in the future": func(w *world) {
			for i, year := range []int{1969, 1999, 2099, 1980} {
				w.write(log, lines(10*i, 10))
				at := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
				os.Chtimes(w.path(log), at, at)
				if i == 0 {
					w.start()
				}
				w.pass(5 * time.Second)
				if i == 2 {
					w.rename(log, log+".1")
				}
			}
			w.end()
			w.start()
			w.pass(10 * time.Second)
			w.wantLines(40)
		},
		"a hole": func(w *world) {
			w.write(log, lines(0, 10))
			w.start()
			st, err := os.Stat(w.path(log))
			if err != nil {
				w.t.Fatal(err)
			}
			os.Truncate(w.path(log), st.Size()+300<<10)
			w.pass(time.Second)
			w.write(log, "\n"+lines(10, 10))
			w.pass(time.Second)
			got := w.sink.texts()
			if n := w.gaps(); len(got) != 20 || n != 300<<10 {
				w.t.Errorf("%d entries, %d bytes of gaps", len(got), n)
			}
		},
		"written to while it is compressed": func(w *world) {
			w.write(log, lines(0, 10))
			w.start()
			w.rename(log, log+".1")
			w.write(log, lines(30, 10))
			w.pack(log+".1", log+".1.gz")
			w.write(log+".1", lines(10, 20)) // in the old file only
			w.pass(150 * time.Millisecond)
			w.remove(log + ".1")
			w.pass(20 * time.Second)
			w.wantLines(40)
		},
		"the rest is in another member": func(w *world) {
			w.write(log, lines(0, 10))
			w.start()
			w.end()
			w.remove(log)
			os.WriteFile(w.path(log+".1.gz"), append(append(gzipOf(lines(0, 5)), gzipOf(lines(5, 10))...), gzipOf(lines(15, 5))...), 0o644)
			w.write(log, lines(20, 10))
			w.start()
			w.pass(10 * time.Second)
			w.wantLines(30)
			w.wantGenerations(2)
		},
		"compressed slowly": func(w *world) {
			w.write(log, lines(0, 2000))
			w.start()
			w.end()
			w.write(log, lines(2000, 2000))
			w.rename(log, log+".1")
			w.write(log, lines(4000, 10))
			whole := gzipOf(lines(0, 4000))
			w.start()
			w.end()
			w.remove(log + ".1") // while nobody looks, and the .gz is but begun
			os.WriteFile(w.path(log+".1.gz"), whole[:30], 0o644)
			w.start()
			for i := range 8 {
				os.WriteFile(w.path(log+".1.gz"), whole[:30+(len(whole)-30)*(i+1)/8], 0o644)
				w.pass(7 * time.Second)
			}
			w.pass(20 * time.Second)
			w.wantLines(4010)
		},
		"a compressed file that never becomes whole": func(w *world) {
			whole := gzipOf(lines(10, 1000))
			w.write(log, lines(0, 10))
			w.start()
			os.WriteFile(w.path(log+".1.gz"), whole[:len(whole)/2], 0o644)
			w.pass(2 * time.Minute)
			w.wantLines(10)
			shown := false
			for _, s := range w.tail.Status() {
				shown = shown || s.State == Unreadable && filepath.Base(s.Path) == log+".1.gz"
			}
			if !shown {
				w.t.Error("the ledger does not show it")
			}
		},
		"names that are no text": func(w *world) {
			odd := []string{"new\nline.jsonl", "not\xffutf8.jsonl", "\"quoted\".jsonl", " .jsonl", "sora\xfe.jsonl"}
			for i, name := range odd {
				w.write(name, lines(10*i, 5))
			}
			w.start()
			w.end()
			for i, name := range odd {
				w.write(name, lines(10*i+5, 5))
				w.rename(name, name+".1")
				w.write(name, "")
			}
			w.start()
			w.pass(10 * time.Second)
			w.wantLines(10 * len(odd))
			w.wantGenerations(len(odd))
		},
		"small files with names that are no text": func(w *world) {
			os.Mkdir(w.path(waitDir), 0o755)
			w.write(waitDir+"/a\xff.jsonl", lines(0, 1))
			w.start()
			w.pass(20 * time.Second)
			w.end()
			w.start()
			w.pass(20 * time.Second)
			w.wantLines(1)
			w.wantSmall(1, 0)
		},
		"rotated through many names": func(w *world) {
			w.write(log, lines(0, 10))
			w.start()
			for i := range 30 {
				w.rename(log, log+".1")
				w.rename(log+".1", log+".2")
				w.pass(70 * time.Millisecond)
				w.rename(log+".2", log)
				w.write(log, lines(10+i, 1))
			}
			w.pass(10 * time.Second)
			w.wantLines(40)
			w.wantGenerations(1)
		},
		"copied onto itself": func(w *world) { // sed -i, an editor
			w.write(log, lines(0, 10))
			w.start()
			for i := range 5 {
				w.copy(log, "tmp")
				w.rename("tmp", log)
				w.write(log, lines(10+i, 1))
				w.pass(time.Duration(i) * 400 * time.Millisecond)
			}
			w.pass(10 * time.Second)
			w.wantLines(15)
			w.wantGenerations(1)
		},
		"a directory that cannot be written": func(w *world) {
			w.write(log, lines(0, 10))
			os.Chmod(w.path(log), 0o444)
			os.Chmod(w.dir, 0o555)
			defer os.Chmod(w.dir, 0o755)
			w.start()
			w.wantLines(10)
		},
	})
}
