package tailer

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A log that is moved or copied to a name that no rotation gives is the same
// generation, or nothing at all.
func TestForeignNames(t *testing.T) {
	for _, name := range []string{"sora-old.jsonl", "sora-backup.jsonl", "x.jsonl", "sora.log", "aaa.log"} {
		for _, log := range []string{"sora.jsonl", "app.jsonl"} {
			if name == "sora.log" {
				continue // a log of its own
			}
			n := 40 // lines, enough to tell a log by that nobody knows
			inWorlds(t, map[string]func(w *world){
				log + " moved to " + name + " while running": func(w *world) {
					w.write(log, lines(0, n))
					w.start()
					w.rename(log, name)
					w.write(log, lines(n, 10))
					w.pass(10 * time.Second)
					w.write(name, lines(n+10, 5)) // its writer goes on
					w.pass(10 * time.Second)
					w.kill()
					w.start()
					w.pass(10 * time.Second)
					w.wantRepeats(n + 15)
					w.wantGenerations(2)
				},
				log + " moved to " + name + " while stopped": func(w *world) {
					w.write(log, lines(0, n))
					w.start()
					w.end()
					w.write(log, lines(n, 5))
					w.rename(log, name)
					w.write(log, lines(n+5, 10))
					w.start()
					w.pass(10 * time.Second)
					w.end()
					w.start()
					w.pass(10 * time.Second)
					w.wantLines(n + 15)
					w.wantGenerations(2)
				},
				log + " copied to " + name + " while running": func(w *world) {
					w.write(log, lines(0, n))
					w.start()
					w.copy(log, name)
					w.pass(10 * time.Second)
					w.write(log, lines(n, 10))
					w.pass(10 * time.Second)
					w.kill()
					w.start()
					w.pass(10 * time.Second)
					w.wantRepeats(n + 10)
					w.wantGenerations(1)
				},
				log + " copied to " + name + " while stopped": func(w *world) {
					w.write(log, lines(0, n))
					w.start()
					w.end()
					w.write(log, lines(n, 10))
					w.copy(log, name)
					w.write(log, lines(n+10, 10))
					w.start()
					w.pass(10 * time.Second)
					w.wantLines(n + 20)
					w.wantGenerations(1)
				},
				log + " copied to " + name + " again and again": func(w *world) {
					w.write(log, lines(0, n))
					w.start()
					for i := range 4 {
						w.copy(log, name)
						w.pass(8 * time.Second)
						w.write(log, lines(n+10*i, 10))
						w.pass(3 * time.Second)
					}
					w.wantLines(n + 40)
					w.wantGenerations(1)
				},
				log + " copied to " + name + ", which goes on by itself": func(w *world) {
					w.write(log, lines(0, n))
					w.start()
					w.copy(log, name)
					w.pass(10 * time.Second)
					w.write(name, lines(n, 10))
					w.pass(3 * time.Second)
					w.write(log, lines(n+10, 10))
					w.pass(10 * time.Second)
					w.end()
					w.write(name, lines(n+20, 10))
					w.start()
					w.pass(10 * time.Second)
					w.wantLines(n + 30)
					w.wantGenerations(2)
				},
				log + " copied to " + name + " and then removed": func(w *world) {
					w.write(log, lines(0, n))
					w.start()
					w.copy(log, name)
					w.pass(10 * time.Second)
					w.remove(log)
					w.write(log, lines(n, 10))
					w.pass(10 * time.Second)
					w.end()
					w.start()
					w.pass(10 * time.Second)
					w.wantLines(n + 10)
				},
			})
		}
	}
}

// A log that is rotated into another directory which is followed, or comes out of
// one, stays what it is.
func TestOtherDirectories(t *testing.T) {
	inWorlds(t, map[string]func(w *world){
		"into another one while running": func(w *world) {
			w.mkdir("old")
			w.cfg.Sources[0].Include = []string{"old/*"}
			w.write("sora.jsonl", lines(0, 10))
			w.start()
			w.rename("sora.jsonl", "old/sora.jsonl-20310305")
			w.write("sora.jsonl", lines(10, 10))
			w.pass(20 * time.Second)
			w.kill()
			w.start()
			w.pass(20 * time.Second)
			w.wantRepeats(20)
			w.wantGenerations(2)
		},
		"into another one while stopped, by a copy": func(w *world) {
			w.mkdir("old")
			w.cfg.Sources[0].Include = []string{"old/*"}
			w.write("sora.jsonl", lines(0, 10))
			w.start()
			w.end()
			w.write("sora.jsonl", lines(10, 10))
			w.copy("sora.jsonl", "old/sora.jsonl-20310305")
			w.remove("sora.jsonl")
			w.write("sora.jsonl", lines(20, 10))
			w.start()
			w.pass(20 * time.Second)
			w.wantLines(30)
			w.wantGenerations(2)
		},
		"one file for two sources": func(w *world) {
			w.cfg.Sources = append(w.cfg.Sources, Source{Name: "pexip", Origin: "pexip", Include: []string{w.path("*.log"), w.path("*.jsonl")}})
			w.write("pexip.log", lines(0, 10))
			w.write("sora.jsonl", lines(10, 10))
			w.start()
			w.pass(10 * time.Second)
			w.kill()
			w.start()
			w.pass(10 * time.Second)
			w.wantRepeats(20)
			w.wantGenerations(2)
			found, err := Find(w.cfg)
			if err != nil || len(found) != 4 {
				w.t.Errorf("found %+v, %v", found, err)
			}
			for _, f := range found {
				if (f.As == "") != (f.Source == "pexip") == (f.Log == "pexip") {
					w.t.Errorf("found %+v", f)
				}
			}
		},
		"equal files of one name in two directories": func(w *world) {
			w.cfg.Sources[0].Include = []string{"node-*/*.jsonl", "node-*/*.log"}
			for _, node := range []string{"node-1", "node-2"} {
				w.mkdir(node)
				w.write(node+"/sora.jsonl", lines(0, 20))
				w.write(node+"/ulimit.log", "a b\n")
			}
			w.start()
			w.pass(10 * time.Second)
			if n := len(w.sink.all()); n != 42 {
				w.t.Errorf("%d entries, want those of both nodes", n)
			}
		},
	})
}

// The log directory may be found under another path than before.
func TestDirectoryUnderAnotherPath(t *testing.T) {
	others := map[string]func(w *world) string{
		"moved": func(w *world) string {
			to := w.dir + "-elsewhere"
			if err := os.Rename(w.dir, to); err != nil {
				w.t.Fatal(err)
			}
			w.dir = to
			return to
		},
		"dots":     func(w *world) string { return w.dir + "/x/.." },
		"relative": func(w *world) string { return relative(w) },
		"by a link": func(w *world) string {
			link := w.dir + "-link"
			if err := os.Symlink(w.dir, link); err != nil {
				w.t.Fatal(err)
			}
			return link
		},
		"copied to another disk": func(w *world) string {
			to := w.dir + "-copy"
			if err := os.CopyFS(to, os.DirFS(w.dir)); err != nil {
				w.t.Fatal(err)
			}
			os.RemoveAll(w.dir)
			w.dir = to
			return to
		},
	}
	for name, move := range others {
		for _, saysDir := range []bool{true, false} {
			inWorlds(t, map[string]func(w *world){
				fmt.Sprint(name, " ", saysDir): func(w *world) {
					w.mkdir(waitDir)
					w.mkdir("x")
					w.write("sora.jsonl.1", lines(0, 10))
					w.cfg.Sources[0].Start.At = time.Unix(1, 0)
					w.write("sora.jsonl", lines(10, 10))
					w.write("app.jsonl", lines(20, 10))
					w.write(filepath.Join(waitDir, "1_A.jsonl"), lines(30, 10))
					w.start()
					w.pass(30 * time.Second)
					w.end()
					if !saysDir {
						w.editCheckpoint(func(s string) string { return withoutDir.ReplaceAllString(s, "") })
					}
					w.cfg.Sources[0].Dir = move(w)
					w.write("sora.jsonl", lines(40, 10))
					w.start()
					w.pass(30 * time.Second)
					w.rename("sora.jsonl", "sora.jsonl.2")
					w.write("sora.jsonl", lines(50, 10))
					w.pass(30 * time.Second)
					w.wantLines(60)
				},
			})
		}
	}
}

func relative(w *world) string {
	here, err := os.Getwd()
	if err != nil {
		w.t.Fatal(err)
	}
	rel, err := filepath.Rel(here, w.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	return rel
}

// A log that was rotated while stopped, to a name that is not followed, is found
// by what is in it; where that cannot be read, the file is shown.
func TestRotatedToANameThatIsNotFollowed(t *testing.T) {
	for _, name := range []string{"sora.jsonl.old", "sora.jsonl.bak", "sora.jsonl-2031-03-05T07:00:00Z", "sora-2031-03-05T07:00:00+09:00.jsonl", "sora-last.txt", "sora.jsonl~", "sora.jsonl.foo.gz"} {
		inWorlds(t, map[string]func(w *world){
			name: func(w *world) {
				w.write("sora.jsonl", lines(0, 10))
				w.start()
				w.end()
				w.write("sora.jsonl", lines(10, 10))
				if filepath.Ext(name) == ".gz" {
					w.pack("sora.jsonl", name)
					w.remove("sora.jsonl")
				} else {
					w.rename("sora.jsonl", name)
				}
				w.write("sora.jsonl", lines(20, 10))
				w.write("sorada.txt", "nothing\n")
				w.start()
				w.pass(20 * time.Second)
				w.wantLines(30)
				w.kill()
				w.start()
				w.pass(20 * time.Second)
				w.wantRepeats(30)
			},
		})
	}
	for _, ext := range []string{".xz", ".bz2"} {
		inWorlds(t, map[string]func(w *world){
			ext: func(w *world) {
				w.write("sora.jsonl", lines(0, 10))
				w.start()
				w.end()
				w.remove("sora.jsonl")
				w.write("sora.jsonl.1"+ext, "of what was not read")
				w.write("sora.jsonl", lines(10, 10))
				w.start()
				w.pass(20 * time.Second)
				shown := func() int {
					n := 0
					for _, s := range w.tail.Status() {
						if s.State == Ignored && s.Error != "" {
							n++
						}
					}
					return n
				}
				if shown() != 1 {
					w.t.Errorf("the file is not shown: %+v", w.tail.Status())
				}
				w.remove("sora.jsonl.1" + ext)
				w.pass(5 * time.Second)
				if shown() != 0 {
					w.t.Errorf("what is gone is still shown: %+v", w.tail.Status())
				}
				w.wantLines(20)
			},
		})
	}
}

// A log that was moved out of the directory is followed while its writer goes on.
func TestMovedOutOfTheDirectory(t *testing.T) {
	out := func(w *world) string { return w.dir + "-outside.jsonl" }
	inWorlds(t, map[string]func(w *world){
		"and written to": func(w *world) {
			w.write("sora.jsonl", lines(0, 10))
			w.start()
			if err := os.Rename(w.path("sora.jsonl"), out(w)); err != nil {
				w.t.Fatal(err)
			}
			for i := range 5 {
				w.pass(time.Duration(10*i*i) * time.Minute)
				w.write("../"+filepath.Base(out(w)), lines(10+i, 1))
				w.pass(5 * time.Second)
			}
			w.write("sora.jsonl", lines(15, 5))
			w.pass(time.Minute)
			w.write("../"+filepath.Base(out(w)), lines(20, 5))
			w.pass(time.Minute)
			w.wantLines(25)
			w.wantNoGap()
		},
		"and let go of": func(w *world) {
			w.cfg.OpenFiles = 8
			w.write("sora.jsonl", lines(0, 10))
			w.start()
			if err := os.Rename(w.path("sora.jsonl"), out(w)); err != nil {
				w.t.Fatal(err)
			}
			w.pass(time.Minute)
			for i := range 30 {
				w.write(fmt.Sprintf("log%c.log", 'a'+i), lines(10+i, 1))
				w.pass(time.Second)
			}
			release := w.hold()
			for i := range 30 {
				w.write(fmt.Sprintf("log%c.log", 'a'+i), lines(40+i, 1))
			}
			w.pass(time.Minute)
			release()
			w.pass(time.Minute)
			w.wantLines(70)
			said := 0
			for _, s := range w.tail.Status() {
				said += len(s.Gaps)
			}
			if said == 0 {
				w.t.Error("nothing says that the file was let go of")
			}
		},
	})
}

// Where a source begins is decided by what was there when it was new, whenever a
// file can first be opened.
func TestStartIsTheFirstListing(t *testing.T) {
	inWorlds(t, map[string]func(w *world){
		"more rotated files than may be open": func(w *world) {
			w.cfg.OpenFiles = 8
			for i := range 40 {
				w.write(fmt.Sprintf("sora.jsonl.%d", i+1), lines(1000+10*i, 10))
			}
			w.write("sora.jsonl", lines(0, 10))
			w.start()
			w.pass(30 * time.Second)
			w.kill()
			w.start()
			w.pass(30 * time.Second)
			w.wantRepeats(10)
		},
		"more live files than may be open, and end": func(w *world) {
			w.cfg.OpenFiles = 8
			w.cfg.Sources[0].Start.End = true
			for i := range 40 {
				w.write(fmt.Sprintf("log%c.log", 'a'+i), lines(1000+10*i, 10))
			}
			w.begin()
			w.pass(50 * time.Millisecond)
			w.kill()
			w.begin()
			w.pass(time.Second)
			for i := range 40 {
				w.write(fmt.Sprintf("log%c.log", 'a'+i), lines(i, 1))
			}
			w.pass(time.Minute)
			w.wantRepeats(40)
		},
		"a directory that is made later, and end": func(w *world) {
			w.timed = true
			w.cfg.Sources[0].Start.End = true
			w.cfg.Sources[0].Dir = w.path("log")
			w.start()
			w.pass(time.Minute)
			w.mkdir("log")
			w.write("log/sora.jsonl", lines(0, 10))
			w.pass(5 * time.Second)
			w.wantLines(10)
		},
		"a directory that is mounted later, and end": func(w *world) {
			w.timed = true
			w.cfg.Sources[0].Start.End = true
			w.cfg.Sources[0].Dir = w.path("log")
			w.mkdir("hidden")
			w.write("hidden/sora.jsonl", lines(1000, 10))
			w.write("hidden/sora.jsonl.1", lines(2000, 10))
			w.pass(3 * time.Hour)
			w.start()
			w.pass(time.Minute)
			w.rename("hidden", "log")
			w.pass(5 * time.Second)
			w.write("log/sora.jsonl", lines(0, 10))
			w.pass(10 * time.Second)
			w.wantLines(10)
		},
	})
}

// No time in the future keeps a rotated file from being read.
func TestClockThatWasAhead(t *testing.T) {
	const hours = 5 * time.Hour
	inWorlds(t, map[string]func(w *world){
		"the checkpoint is from the future": func(w *world) {
			w.timed = true
			w.write("sora.jsonl", lines(0, 10))
			w.start()
			w.pass(hours)
			w.write("sora.jsonl", lines(10, 10))
			w.pass(5 * time.Second)
			w.end()
			w.editCheckpoint(func(s string) string { // as a clock wrote it that was ahead by a day
				return anyTime.ReplaceAllStringFunc(s, func(s string) string {
					at, err := time.Parse(time.RFC3339Nano, s)
					if err != nil || at.Year() < 1990 {
						return s
					}
					return at.Add(24 * time.Hour).Format(time.RFC3339Nano)
				})
			})
			w.write("sora.jsonl", lines(20, 5))
			w.rename("sora.jsonl", "sora.jsonl.2")
			w.write("sora.jsonl.1", lines(25, 5))
			w.write("sora.jsonl", lines(30, 5))
			w.start()
			w.pass(20 * time.Second)
			w.wantLines(35)
		},
	})
}
