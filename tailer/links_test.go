package tailer

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func (w *world) symlink(target, name string) {
	w.t.Helper()
	if err := os.Symlink(target, w.path(name)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) link(from, name string) {
	w.t.Helper()
	if err := os.Link(w.path(from), w.path(name)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) mkdir(name string) {
	w.t.Helper()
	if err := os.MkdirAll(w.path(name), 0o755); err != nil {
		w.t.Fatal(err)
	}
}

// wantLog checks that everything was received under one log's name.
func (w *world) wantLog(log string) {
	w.t.Helper()
	for _, r := range w.sink.all() {
		if r.log != log {
			w.t.Errorf("received as %s from %s, want %s", r.log, r.path, log)
			return
		}
	}
}

// A file with several names is followed once, under the name that the rules know.
func TestFileWithSeveralNames(t *testing.T) {
	kinds := map[string]func(w *world, from, name string){
		"symbolic link":          func(w *world, from, name string) { w.symlink(from, name) },
		"absolute symbolic link": func(w *world, from, name string) { w.symlink(w.path(from), name) },
		"hard link":              func(w *world, from, name string) { w.link(from, name) },
	}
	for kind, link := range kinds {
		for _, name := range []string{"latest.jsonl", "aaa.jsonl", "zzz.log", "sora.jsonl.1", "sora-20310305.jsonl"} {
			inWorlds(t, map[string]func(w *world){
				kind + " " + name + " from the start": func(w *world) {
					w.write("sora.jsonl", lines(0, 10))
					link(w, "sora.jsonl", name)
					w.start()
					w.write("sora.jsonl", lines(10, 10))
					w.pass(10 * time.Second)
					w.end()
					w.write("sora.jsonl", lines(20, 10))
					w.start()
					w.pass(10 * time.Second)
					w.wantLines(30)
					w.wantGenerations(1)
					w.wantLog("sora")
				},
				kind + " " + name + " made later": func(w *world) {
					w.write("sora.jsonl", lines(0, 10))
					w.start()
					link(w, "sora.jsonl", name)
					w.pass(10 * time.Second)
					w.write("sora.jsonl", lines(10, 10))
					w.pass(10 * time.Second)
					w.kill()
					w.start()
					w.pass(10 * time.Second)
					w.wantRepeats(20)
					w.wantGenerations(1)
					w.wantLog("sora")
				},
			})
		}
	}
}

// Links are judged by where they lead.
func TestWhereLinksLead(t *testing.T) {
	outside := func(w *world) string {
		dir := filepath.Join(filepath.Dir(w.cfg.StateDir), "outside")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			w.t.Fatal(err)
		}
		return filepath.Join(dir, "a.txt")
	}
	put := func(w *world, path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			w.t.Fatal(err)
		}
	}
	refused := func(w *world, name string) {
		w.t.Helper()
		for _, s := range w.tail.Status() {
			if s.Path == w.path(name) && s.State == Ignored && s.Error != "" {
				return
			}
		}
		w.t.Errorf("%s is not shown as refused: %+v", name, w.tail.Status())
	}
	inWorlds(t, map[string]func(w *world){
		"out": func(w *world) {
			put(w, outside(w), lines(0, 10))
			w.symlink(outside(w), "x.log")
			w.start()
			w.wantLines(0)
			refused(w, "x.log")
		},
		"out, through a directory": func(w *world) {
			put(w, outside(w), lines(0, 10))
			w.cfg.Sources[0].Include = []string{"*/*.txt"}
			w.symlink(filepath.Dir(outside(w)), "sub")
			w.start()
			w.wantLines(0)
		},
		"out, and wanted": func(w *world) {
			w.cfg.FollowLinks = true
			put(w, outside(w), lines(0, 10))
			w.symlink(outside(w), "x.log")
			w.start()
			w.wantLines(10)
		},
		"to /proc": func(w *world) {
			w.cfg.FollowLinks = true
			w.symlink("/proc/self/environ", "x.log")
			w.symlink("/proc/self/status", "y.log")
			w.start()
			w.wantLines(0)
			refused(w, "x.log")
			refused(w, "y.log")
		},
		"into the state directory": func(w *world) {
			w.cfg.FollowLinks = true
			put(w, filepath.Join(w.cfg.StateDir, "dead-letters.jsonl"), lines(0, 3))
			w.symlink(filepath.Join(w.cfg.StateDir, "dead-letters.jsonl"), "x.log")
			w.start()
			w.wantLines(0)
			refused(w, "x.log")
		},
		"..data": func(w *world) {
			w.mkdir("..2031")
			w.symlink("..2031", "..data")
			w.write("..2031/sora.jsonl", lines(0, 10))
			w.symlink("..data/sora.jsonl", "sora.jsonl")
			w.start()
			w.write("..2031/sora.jsonl", lines(10, 10))
			w.pass(3 * time.Second)
			w.wantLines(20)
		},
		"to the directory of another pattern": func(w *world) {
			put(w, outside(w), lines(0, 10))
			w.cfg.Sources[0].Include = []string{filepath.Join(filepath.Dir(outside(w)), "*.jsonl")}
			w.symlink(outside(w), "x.log")
			w.start()
			w.wantLines(10)
		},
		"the directory itself": func(w *world) {
			real := w.path("real")
			w.mkdir("real")
			w.write("real/sora.jsonl", lines(0, 10))
			w.symlink("real", "link")
			w.cfg.Sources[0].Dir = w.path("link")
			w.start()
			w.wantLines(10)
			w.end()
			w.cfg.Sources[0].Dir = real
			w.write("real/sora.jsonl", lines(10, 10))
			w.start()
			w.wantLines(20)
			w.wantGenerations(1)
		},
		"out, and read before there was a rule": func(w *world) {
			put(w, outside(w), lines(0, 10))
			w.symlink(outside(w), "x.log")
			w.cfg.FollowLinks = true
			w.start()
			w.wantLines(10)
			w.end()
			w.cfg.FollowLinks = false
			put(w, outside(w), lines(0, 20))
			w.symlink("/etc/hosts", "y.log")
			w.start()
			w.wantLines(20)
			refused(w, "y.log")
		},
	})
}

// Nothing in the state directory is followed, by whatever path it is reached.
func TestStateDirectoryIsNotFollowed(t *testing.T) {
	inWorlds(t, map[string]func(w *world){
		"the log directory": func(w *world) {
			w.write("sora.jsonl", lines(0, 10))
			w.cfg.StateDir = w.dir
			w.start()
			w.wantLines(0)
		},
		"within it, and a pattern": func(w *world) {
			w.mkdir("state/deep")
			w.cfg.StateDir = w.path("state")
			w.cfg.Sources[0].Include = []string{"*/*.jsonl", "*/*/*.jsonl"}
			w.write("state/dead-letters.jsonl", lines(0, 10))
			w.write("state/deep/x.jsonl", lines(0, 10))
			w.write("sora.jsonl", lines(20, 10))
			w.start()
			w.wantRange(20, 30)
		},
		"within it, by a link": func(w *world) {
			w.mkdir("state")
			w.cfg.StateDir = w.path("state")
			w.symlink("state", "other")
			w.cfg.Sources[0].Include = []string{"other/*.jsonl"}
			w.write("state/dead-letters.jsonl", lines(0, 10))
			w.start()
			w.wantLines(0)
		},
	})
}
