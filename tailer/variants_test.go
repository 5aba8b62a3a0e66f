package tailer

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A tale is something that happens to logs between two times at which lines are
// written, told once while the tailer runs, once while it is stopped and once after
// it was killed. Every line arrives, and none under two uids.
type tale struct {
	name  string
	setup func(s *told) // nil = sora.jsonl has some lines
	move  func(s *told)
	after func(s *told) // when it has been looked at; nil = sora.jsonl goes on
	only  string        // "running": something is gone afterwards
}

// A told is a tale being told.
type told struct {
	*world
	n, size int // lines so far, and at a time
}

// put writes some new lines.
func (s *told) put(names ...string) {
	for _, name := range names {
		s.write(name, lines(s.n, s.size))
		s.n += s.size
	}
}

var tales = []tale{
	{name: "symbolic link that is switched to the next file", setup: func(s *told) {
		s.put("sora-a.jsonl")
		s.symlink("sora-a.jsonl", "sora.jsonl")
	}, move: func(s *told) {
		s.put("sora-a.jsonl")
		s.put("sora-b.jsonl")
		s.remove("sora.jsonl")
		s.symlink("sora-b.jsonl", "sora.jsonl")
	}, after: func(s *told) { s.put("sora-a.jsonl", "sora-b.jsonl") }},
	{name: "chain of links", setup: func(s *told) {
		s.put("sora.jsonl")
		s.symlink("sora.jsonl", "b.jsonl")
		s.symlink("b.jsonl", "a.log")
		s.symlink(s.path("a.log"), "zz.log")
	}, move: func(s *told) {
		s.rename("sora.jsonl", "sora.jsonl.1")
		s.put("sora.jsonl.1", "sora.jsonl")
	}},
	{name: "hard link whose first name goes", move: func(s *told) {
		s.link("sora.jsonl", "x.jsonl")
		s.put("x.jsonl")
		s.pass(2 * time.Second)
		s.remove("sora.jsonl")
		s.put("sora.jsonl", "x.jsonl")
	}, after: func(s *told) { s.put("x.jsonl", "sora.jsonl") }},
	{name: "hard link of a log that nobody knows whose first name goes", setup: func(s *told) {
		s.put("app.jsonl")
	}, move: func(s *told) {
		s.link("app.jsonl", "x.jsonl")
		s.pass(2 * time.Second)
		s.remove("app.jsonl")
		s.put("x.jsonl")
	}, after: func(s *told) { s.put("x.jsonl") }},
	{name: "two logs change names", setup: func(s *told) {
		s.put("a.jsonl", "b.jsonl")
	}, move: func(s *told) {
		s.rename("a.jsonl", "c.tmp")
		s.rename("b.jsonl", "a.jsonl")
		s.rename("c.tmp", "b.jsonl")
		s.put("a.jsonl", "b.jsonl")
	}, after: func(s *told) { s.put("a.jsonl", "b.jsonl") }},
	{name: "two of the vendor's logs change names", setup: func(s *told) {
		s.put("sora.jsonl", "api.jsonl")
	}, move: func(s *told) {
		s.rename("sora.jsonl", "c.tmp")
		s.rename("api.jsonl", "sora.jsonl")
		s.rename("c.tmp", "api.jsonl")
		s.put("sora.jsonl", "api.jsonl")
	}, after: func(s *told) { s.put("sora.jsonl", "api.jsonl") }},
	{name: "three logs take turns", setup: func(s *told) {
		s.put("a.jsonl", "b.jsonl", "c.jsonl")
	}, move: func(s *told) {
		s.rename("a.jsonl", "d.tmp")
		s.rename("b.jsonl", "a.jsonl")
		s.rename("c.jsonl", "b.jsonl")
		s.rename("d.tmp", "c.jsonl")
		s.put("a.jsonl", "b.jsonl", "c.jsonl")
	}, after: func(s *told) { s.put("a.jsonl", "b.jsonl", "c.jsonl") }},
	{name: "out to another directory and back", setup: func(s *told) {
		s.mkdir("old")
		s.cfg.Sources[0].Include = []string{"old/*.jsonl"}
		s.put("sora.jsonl")
	}, move: func(s *told) {
		s.rename("sora.jsonl", "old/sora.jsonl")
		s.put("old/sora.jsonl")
		s.pass(3 * time.Second)
		s.rename("old/sora.jsonl", "sora.jsonl")
		s.put("sora.jsonl")
	}},
	{name: "into another directory under another name", setup: func(s *told) {
		s.mkdir("old")
		s.cfg.Sources[0].Include = []string{"old/*"}
		s.put("sora.jsonl")
	}, move: func(s *told) {
		s.put("sora.jsonl")
		s.rename("sora.jsonl", "old/yesterday")
		s.put("sora.jsonl", "old/yesterday")
	}, after: func(s *told) { s.put("sora.jsonl", "old/yesterday") }},
	{name: "into another directory, compressed", setup: func(s *told) {
		s.mkdir("old")
		s.cfg.Sources[0].Include = []string{"old/*"}
		s.put("sora.jsonl")
	}, move: func(s *told) {
		s.put("sora.jsonl")
		s.pass(3 * time.Second)
		s.rename("sora.jsonl", "old/sora.jsonl.1")
		s.compress("old/sora.jsonl.1", ".gz")
		s.put("sora.jsonl")
	}},
	{name: "copy that goes on", move: func(s *told) {
		s.put("sora.jsonl")
		s.copy("sora.jsonl", "copy.jsonl")
		s.put("copy.jsonl", "sora.jsonl")
	}, after: func(s *told) { s.put("copy.jsonl", "sora.jsonl") }},
	{name: "copy that is truncated and goes on", move: func(s *told) {
		s.put("sora.jsonl")
		s.copy("sora.jsonl", "copy.jsonl")
		s.pass(8 * time.Second)
		s.truncate("copy.jsonl")
		s.write("copy.jsonl", line(s.n)+"\n")
		s.n++
	}, after: func(s *told) { s.put("copy.jsonl", "sora.jsonl") }},
	{name: "copy of a copy", move: func(s *told) {
		s.put("sora.jsonl")
		s.copy("sora.jsonl", "copy.jsonl")
		s.pass(time.Second)
		s.copy("copy.jsonl", "copycopy.jsonl")
		s.pass(8 * time.Second)
		s.put("copy.jsonl", "sora.jsonl", "copycopy.jsonl")
		s.pass(8 * time.Second)
		s.copy("copy.jsonl", "copy2.jsonl")
	}, after: func(s *told) { s.put("copy2.jsonl", "copy.jsonl", "sora.jsonl", "copycopy.jsonl") }},
	{name: "copy, then the original goes", move: func(s *told) {
		s.put("sora.jsonl")
		s.copy("sora.jsonl", "copy.jsonl")
		s.remove("sora.jsonl")
		s.put("copy.jsonl")
	}, after: func(s *told) { s.put("copy.jsonl", "sora.jsonl") }},
	{name: "copied under a rotated name, then moved away", move: func(s *told) {
		s.copy("sora.jsonl", "sora.jsonl.1")
		s.rename("sora.jsonl", "x.jsonl")
		s.put("x.jsonl", "sora.jsonl")
	}, after: func(s *told) { s.put("x.jsonl", "sora.jsonl") }},
	{name: "replaced by a copy of itself, and copied", move: func(s *told) {
		s.copy("sora.jsonl", "tmp")
		s.rename("tmp", "sora.jsonl")
		s.put("sora.jsonl")
		s.copy("sora.jsonl", "x.jsonl")
	}},
	{name: "hard link of what is moved to a foreign name and packed", move: func(s *told) {
		s.link("sora.jsonl", "hard.jsonl")
		s.rename("sora.jsonl", "x.log")
		s.compress("x.log", ".gz")
		s.put("sora.jsonl")
	}, after: func(s *told) { s.put("hard.jsonl", "sora.jsonl") }},
	{name: "hard link of what is rotated and packed", move: func(s *told) {
		s.link("sora.jsonl", "hard.jsonl")
		s.put("sora.jsonl")
		s.rename("sora.jsonl", "sora.jsonl.1")
		s.compress("sora.jsonl.1", ".gz")
		s.put("sora.jsonl")
	}},
	{name: "symbolic link to what is moved to a foreign name and packed", move: func(s *told) {
		s.symlink("sora.jsonl", "latest.jsonl")
		s.pass(2 * time.Second)
		s.rename("sora.jsonl", "x.log")
		s.remove("latest.jsonl")
		s.symlink("x.log", "latest.jsonl")
		s.pass(2 * time.Second)
		s.compress("x.log", ".zst")
		s.put("sora.jsonl")
	}},
	{name: "copy of what is rotated and packed", move: func(s *told) {
		s.put("sora.jsonl")
		s.copy("sora.jsonl", "copy.jsonl")
		s.put("sora.jsonl")
		s.rename("sora.jsonl", "sora.jsonl.1")
		s.compress("sora.jsonl.1", ".gz")
		s.put("sora.jsonl")
	}, after: func(s *told) { s.put("copy.jsonl", "sora.jsonl") }},
	{name: "foreign name, packed, in another directory, and the copy stays", setup: func(s *told) {
		s.mkdir("old")
		s.cfg.Sources[0].Include = []string{"old/*"}
		s.put("sora.jsonl")
	}, move: func(s *told) {
		s.put("sora.jsonl")
		s.copy("sora.jsonl", "copy.jsonl")
		s.rename("sora.jsonl", "old/y.log")
		s.compress("old/y.log", ".gz")
		s.put("sora.jsonl")
	}},
	{name: "copied and truncated under a foreign name", move: func(s *told) {
		s.put("sora.jsonl")
		s.pass(2 * time.Second)
		s.copy("sora.jsonl", "x.log")
		s.truncate("sora.jsonl")
		s.put("sora.jsonl")
		s.pass(8 * time.Second)
		s.compress("x.log", ".gz")
	}},
	{name: "a log that nobody knows gets another such name, and is packed", setup: func(s *told) {
		s.put("app.jsonl")
	}, move: func(s *told) {
		s.rename("app.jsonl", "zz.log")
		s.pass(3 * time.Second)
		s.compress("zz.log", ".gz")
		s.put("app.jsonl")
	}, only: "running"},
	{name: "rotated and compressed", move: func(s *told) {
		s.put("sora.jsonl")
		s.rename("sora.jsonl", "sora.jsonl.1")
		s.put("sora.jsonl")
		s.pass(500 * time.Millisecond)
		s.compress("sora.jsonl.1", ".zst")
	}},
	{name: "rotated and compressed under another name", move: func(s *told) {
		s.put("sora.jsonl")
		s.pack("sora.jsonl", "sora-2031-03-05.jsonl.gz")
		s.remove("sora.jsonl")
		s.put("sora.jsonl")
	}},
	{name: "rotated three times, two of them compressed", move: func(s *told) {
		s.put("sora.jsonl")
		s.rename("sora.jsonl", "sora.jsonl.3")
		s.put("sora.jsonl")
		s.compress("sora.jsonl.3", ".gz")
		s.rename("sora.jsonl", "sora.jsonl.2")
		s.put("sora.jsonl")
		s.compress("sora.jsonl.2", ".zst")
		s.rename("sora.jsonl", "sora.jsonl.1")
		s.put("sora.jsonl")
	}},
	{name: "..data is switched, with what was there", setup: func(s *told) {
		s.mkdir("..1")
		s.symlink("..1", "..data")
		s.put("..1/sora.jsonl")
		s.symlink("..data/sora.jsonl", "sora.jsonl")
	}, move: func(s *told) {
		s.mkdir("..2")
		s.copy("..1/sora.jsonl", "..2/sora.jsonl")
		s.symlink("..2", "..data_tmp")
		s.rename("..data_tmp", "..data")
		os.RemoveAll(s.path("..1"))
		s.put("..2/sora.jsonl")
	}, after: func(s *told) { s.put("..2/sora.jsonl") }},
	{name: "..data is switched, with something new", setup: func(s *told) {
		s.mkdir("..1")
		s.symlink("..1", "..data")
		s.put("..1/sora.jsonl")
		s.symlink("..data/sora.jsonl", "sora.jsonl")
	}, move: func(s *told) {
		s.mkdir("..2")
		s.put("..2/sora.jsonl")
		s.symlink("..2", "..data_tmp")
		s.rename("..data_tmp", "..data")
		os.RemoveAll(s.path("..1"))
	}, after: func(s *told) { s.put("..2/sora.jsonl") }},
	{name: "the inode is used again at once", setup: func(s *told) {
		s.put("sora.jsonl", "app.jsonl")
	}, move: func(s *told) {
		s.remove("app.jsonl")
		s.put("other.jsonl")
		s.remove("sora.jsonl")
		s.put("sora.jsonl")
	}, after: func(s *told) { s.put("sora.jsonl", "other.jsonl") }},
	{name: "the directory is replaced by another and comes back", only: "running", setup: func(s *told) {
		s.put("sora.jsonl", "app.jsonl")
	}, move: func(s *told) {
		os.Rename(s.dir, s.dir+".away")
		os.Mkdir(s.dir, 0o755)
		s.put("sora.jsonl", "app.jsonl")
		s.pass(8 * time.Second)
		os.Rename(s.dir, s.dir+".other")
		os.Rename(s.dir+".away", s.dir)
		s.put("sora.jsonl", "app.jsonl")
	}, after: func(s *told) { s.put("sora.jsonl", "app.jsonl") }},
	{name: "the directory is empty for a while", setup: func(s *told) {
		s.put("sora.jsonl", "app.jsonl")
		s.put("sora.jsonl.1")
		s.cfg.Sources[0].Start.At = time.Unix(1, 0)
	}, move: func(s *told) {
		os.Rename(s.dir, s.dir+".away")
		os.Mkdir(s.dir, 0o755)
		s.pass(8 * time.Second)
		os.Remove(s.dir)
		os.Rename(s.dir+".away", s.dir)
		s.put("sora.jsonl", "app.jsonl")
	}, after: func(s *told) { s.put("sora.jsonl", "app.jsonl") }},
	{name: "a directory stands at the log's name for a while", move: func(s *told) {
		s.rename("sora.jsonl", "sora.jsonl.1")
		s.mkdir("sora.jsonl")
		s.pass(8 * time.Second)
		s.remove("sora.jsonl")
		s.put("sora.jsonl")
	}},
	{name: "a pipe stands at the log's name for a while", move: func(s *told) {
		s.rename("sora.jsonl", "away")
		if err := syscall.Mkfifo(s.path("sora.jsonl"), 0o644); err != nil {
			s.t.Fatal(err)
		}
		s.pass(8 * time.Second)
		s.remove("sora.jsonl")
		s.rename("away", "sora.jsonl")
		s.put("sora.jsonl")
	}},
	{name: "odd names", setup: func(s *told) {
		s.put("a b.jsonl", "ログ.log", "new\nline.log", "Sora.jsonl", "SORA.log", "sora.jsonl", "-x.log", "100%s.log", "\xff\xfe.log", "[a].log", "a*.log")
	}, move: func(s *told) {
		for _, name := range []string{"a b.jsonl", "ログ.log", "new\nline.log", "Sora.jsonl", "SORA.log", "sora.jsonl", "-x.log", "100%s.log", "\xff\xfe.log", "[a].log", "a*.log"} {
			s.put(name)
			s.rename(name, name+".1")
			s.put(name)
		}
	}, after: func(s *told) { s.put("a b.jsonl", "ログ.log", "new\nline.log", "\xff\xfe.log", "[a].log") }},
	{name: "one directory under two paths", setup: func(s *told) {
		s.mkdir("real")
		s.symlink("real", "alias")
		s.cfg.Sources[0].Include = []string{"alias/*.jsonl", "real/*.jsonl"}
		s.put("real/sora.jsonl", "real/app.jsonl")
	}, move: func(s *told) {
		s.rename("real/sora.jsonl", "real/sora.jsonl.1")
		s.put("real/sora.jsonl", "alias/app.jsonl")
	}, after: func(s *told) { s.put("real/sora.jsonl", "real/app.jsonl") }},
	{name: "renamed twice within a moment", move: func(s *told) {
		s.put("sora.jsonl")
		s.rename("sora.jsonl", "sora.jsonl.tmp")
		s.put("sora.jsonl")
		s.pass(300 * time.Millisecond)
		s.rename("sora.jsonl.tmp", "sora.jsonl.1")
		s.put("sora.jsonl.1")
	}},
	{name: "an editor saves a rotated file", setup: func(s *told) {
		s.put("sora.jsonl")
		s.rename("sora.jsonl", "sora.jsonl.1")
		s.put("sora.jsonl")
		s.cfg.Sources[0].Start.At = time.Unix(1, 0)
	}, move: func(s *told) {
		s.copy("sora.jsonl.1", "sora.jsonl.1~")
		s.copy("sora.jsonl.1", "tmp")
		s.rename("tmp", "sora.jsonl.1")
	}},
	{name: "rotated file put back", move: func(s *told) {
		s.rename("sora.jsonl", "sora.jsonl.1")
		s.put("sora.jsonl")
		s.pass(8 * time.Second)
		s.rename("sora.jsonl", "sora.jsonl.2")
		s.rename("sora.jsonl.1", "sora.jsonl")
		s.put("sora.jsonl")
	}},
	{name: "unpacked again", move: func(s *told) {
		s.put("sora.jsonl")
		s.rename("sora.jsonl", "sora.jsonl.1")
		s.put("sora.jsonl")
		s.copy("sora.jsonl.1", "keep.tmp")
		s.compress("sora.jsonl.1", ".gz")
		s.pass(8 * time.Second)
		s.rename("keep.tmp", "sora.jsonl.1")
		s.remove("sora.jsonl.1.gz")
	}},
	{name: "packed in another way", move: func(s *told) {
		s.put("sora.jsonl")
		s.rename("sora.jsonl", "sora.jsonl.1")
		s.put("sora.jsonl")
		s.copy("sora.jsonl.1", "keep.tmp")
		s.compress("sora.jsonl.1", ".gz")
		s.pass(8 * time.Second)
		s.pack("keep.tmp", "sora.jsonl.2.zst")
		s.remove("keep.tmp")
		s.remove("sora.jsonl.1.gz")
	}},
	{name: "copied to a backup directory that is followed", setup: func(s *told) {
		s.mkdir("backup")
		s.cfg.Sources[0].Include = []string{"backup/*.log"}
		s.put("sora.jsonl")
	}, move: func(s *told) {
		s.copy("sora.jsonl", "backup/monday.log")
		s.put("sora.jsonl")
	}},
	{name: "written on by its old writer under a foreign name", setup: func(s *told) {
		s.put("connection.jsonl")
	}, move: func(s *told) {
		s.rename("connection.jsonl", "con.log")
		s.put("con.log")
		s.pass(2 * time.Second)
		s.put("connection.jsonl", "con.log")
	}, after: func(s *told) { s.put("con.log", "connection.jsonl") }},
	{name: "moved to a name without extension", move: func(s *told) {
		s.put("sora.jsonl")
		s.rename("sora.jsonl", "sora")
		s.put("sora.jsonl")
	}},
}

func TestTales(t *testing.T) {
	for _, tale := range tales {
		for _, when := range []string{"running", "stopped", "killed"} {
			if tale.only != "" && tale.only != when {
				continue
			}
			for size, few := range map[int]bool{4: false, 40: true} { // lines at a time
				t.Run(fmt.Sprintf("%s/%s %d", tale.name, when, size), func(t *testing.T) {
					t.Parallel()
					base := t.TempDir()
					inWorld(t, func(w *world) {
						w.dir = filepath.Join(base, "log")
						os.Mkdir(w.dir, 0o755)
						w.cfg.Sources[0].Dir = w.dir
						if few {
							w.cfg.OpenFiles = 3
						}
						tale.tell(&told{world: w, size: size}, when)
					})
				})
			}
		}
	}
}

func (a tale) tell(s *told, when string) {
	goesOn := func(s *told) { s.put("sora.jsonl") }
	if a.setup == nil {
		a.setup = goesOn
	}
	if a.after == nil {
		a.after = goesOn
	}
	a.setup(s)
	s.start()
	s.pass(5 * time.Second)
	switch when {
	case "stopped":
		s.end()
	case "killed":
		s.kill()
	}
	a.move(s)
	if when != "running" {
		s.start()
	}
	s.pass(15 * time.Second)
	a.after(s)
	s.pass(15 * time.Second)
	s.kill()
	s.start()
	s.pass(20 * time.Second)
	s.wantRepeats(s.n)
	s.wantNoGap()
	for _, st := range s.tail.Status() {
		if st.Lag > 0 {
			s.t.Errorf("%s lags behind: %+v", st.Path, st)
		}
	}
}
