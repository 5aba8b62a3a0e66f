package tailer

import (
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// A situation is what becomes of the tailer while a log is rotated. Its
// functions are called before the rotation, in the middle of it and after it.
type situation struct {
	name                  string
	before, middle, after func(w *world)
	stopped               bool // nobody looks while it happens
}

var situations = []situation{
	{"running", func(*world) {}, func(w *world) { w.pass(150 * time.Millisecond) }, func(*world) {}, false},
	{"stopped", (*world).end, func(*world) {}, (*world).start, true},
	{"killed in the middle", func(*world) {}, func(w *world) { w.kill(); w.start() }, func(w *world) { w.kill(); w.start() }, false},
	{"killed and away", func(*world) {}, (*world).kill, (*world).start, true},
}

// A tableRow is a row of the table in docs/following.md.
type tableRow struct {
	name string
	run  func(w *world, s situation)
}

// shifted renames the old generations of sora.jsonl as one form of names does.
func shifted(form string) func(w *world, generation int) {
	return func(w *world, generation int) {
		switch form {
		case "numbers":
			for i := generation; i > 0; i-- {
				for _, ext := range []string{"", ".gz", ".zst"} {
					from, to := numbered(i)+ext, numbered(i+1)+ext
					if _, err := os.Stat(w.path(from)); err == nil {
						w.rename(from, to)
					}
				}
			}
			w.rename("sora.jsonl", numbered(1))
		case "dates":
			w.rename("sora.jsonl", "sora.jsonl-2031110"+string(rune('1'+generation)))
		case "dates before the extension":
			w.rename("sora.jsonl", "sora-2031110"+string(rune('1'+generation))+".jsonl")
		}
	}
}

func numbered(i int) string { return "sora.jsonl." + string(rune('0'+i)) }

// several makes four generations, two in each half, the second one compressed.
func several(form, ext string) tableRow {
	name := "several generations at once by " + form
	if ext != "" {
		name += " with " + ext
	}
	return tableRow{name, func(w *world, s situation) {
		shift := shifted(form)
		w.write("sora.jsonl", lines(0, 10))
		w.start()
		s.before(w)
		for i := range 4 {
			if i == 2 {
				s.middle(w)
			}
			w.write("sora.jsonl", lines(10+10*i, 10))
			shift(w, i)
			if ext != "" && i > 0 {
				for _, name := range []string{"sora.jsonl.2", "sora.jsonl-2031110" + string(rune('0'+i)), "sora-2031110" + string(rune('0'+i)) + ".jsonl"} {
					if _, err := os.Stat(w.path(name)); err == nil {
						w.compress(name, ext)
					}
				}
			}
		}
		w.write("sora.jsonl", lines(50, 10))
		s.after(w)
		w.pass(20 * time.Second)
		w.wantRepeats(60)
	}}
}

var table = []tableRow{
	several("numbers", ""), several("numbers", ".gz"), several("numbers", ".zst"),
	several("dates", ""), several("dates", ".gz"), several("dates", ".zst"),
	several("dates before the extension", ""), several("dates before the extension", ".gz"), several("dates before the extension", ".zst"),
	{"deleted while open", func(w *world, s situation) {
		w.write("sora.jsonl", lines(0, 10))
		w.start()
		if !s.stopped {
			w.write("sora.jsonl", lines(10, 10)) // read through the descriptor
			w.pass(100 * time.Millisecond)
		}
		s.before(w)
		w.remove("sora.jsonl")
		s.middle(w)
		w.write("sora.jsonl", lines(20, 10))
		s.after(w)
		w.pass(20 * time.Second)
		if s.stopped {
			w.write("sora.jsonl", lines(10, 10)) // nobody had seen these
			w.pass(time.Second)
		}
		w.wantRepeats(30)
	}},
	{"run_erl's ring", func(w *world, s situation) {
		w.write("erlang.log.1", lines(0, 10))
		w.start()
		s.before(w)
		w.write("erlang.log.2", lines(10, 10))
		s.middle(w)
		w.write("erlang.log.3", lines(20, 10))
		s.after(w)
		w.pass(5 * time.Second)
		s.before(w)
		w.remove("erlang.log.1") // the ring has gone round
		w.write("erlang.log.1", lines(30, 10))
		s.middle(w)
		w.write("erlang.log.1", lines(40, 10))
		s.after(w)
		w.pass(5 * time.Second)
		w.wantRepeats(50)
	}},
	{"overwritten at start", func(w *world, s situation) {
		w.write("sysctl.log", "net.core.a = 1\nnet.core.b = 2\n")
		w.start()
		s.before(w)
		w.truncate("sysctl.log")
		s.middle(w)
		w.write("sysctl.log", "net.core.a = 3\n")
		w.write("sysctl.log", "net.core.b = 4\n")
		os.Chtimes(w.path("sysctl.log"), time.Time{}, time.Now().Add(40*365*24*time.Hour))
		s.after(w)
		w.pass(5 * time.Second)
		got := slices.Compact(w.sink.texts())
		if !slices.Equal(got, []string{"net.core.a = 1\nnet.core.b = 2", "net.core.a = 3\nnet.core.b = 4"}) {
			w.t.Errorf("received %q", got)
		}
	}},
	{"truncated and rewritten to a larger size", func(w *world, s situation) {
		w.write("sora.jsonl", lines(0, 10))
		w.start()
		s.before(w)
		w.truncate("sora.jsonl")
		w.write("sora.jsonl", lines(10, 15))
		s.middle(w)
		w.write("sora.jsonl", lines(25, 15))
		s.after(w)
		w.pass(10 * time.Second)
		w.wantRepeats(40)
	}},
	{"symbolic link moved to another file", func(w *world, s situation) {
		link := func(target string) {
			os.Remove(w.path("sora.jsonl"))
			if err := os.Symlink(w.path(target), w.path("sora.jsonl")); err != nil {
				w.t.Fatal(err)
			}
		}
		w.write("a", lines(0, 10))
		w.write("b", lines(10, 10))
		link("a")
		w.start()
		s.before(w)
		link("b")
		s.middle(w)
		w.write("b", lines(20, 10))
		s.after(w)
		w.pass(10 * time.Second)
		w.wantRepeats(30)
	}},
	{"replaced by a directory, then by a FIFO", func(w *world, s situation) {
		w.write("sora.jsonl", lines(0, 10))
		w.start()
		s.before(w)
		w.write("sora.jsonl", lines(10, 10))
		w.rename("sora.jsonl", "sora.jsonl.1")
		os.Mkdir(w.path("sora.jsonl"), 0o755)
		s.middle(w)
		os.Remove(w.path("sora.jsonl"))
		if err := syscall.Mkfifo(w.path("sora.jsonl"), 0o644); err != nil {
			w.t.Fatal(err)
		}
		s.after(w)
		w.pass(3 * time.Second)
		w.remove("sora.jsonl")
		w.write("sora.jsonl", lines(20, 10))
		w.pass(10 * time.Second)
		w.wantRepeats(30)
	}},
	{"unreadable for a while", func(w *world, s situation) {
		w.write("sora.jsonl", lines(0, 10))
		w.start()
		s.before(w)
		w.write("sora.jsonl", lines(10, 10))
		os.Rename(w.dir, w.dir+".away") // permissions do not stop root
		s.middle(w)
		os.Rename(w.dir+".away", w.dir)
		w.write("sora.jsonl", lines(20, 10))
		s.after(w)
		w.pass(10 * time.Second)
		w.wantRepeats(30)
	}},
	{"log moved away and back", func(w *world, s situation) {
		w.write("sora.jsonl", lines(0, 10))
		w.start()
		s.before(w)
		w.rename("sora.jsonl", "elsewhere")
		s.middle(w)
		w.write("elsewhere", lines(10, 10))
		w.rename("elsewhere", "sora.jsonl")
		s.after(w)
		w.pass(10 * time.Second)
		w.wantRepeats(20)
	}},
}

// TestRotationTable has a test for each row and situation that
// TestRotationWhileRunning and its neighbours, which go through the forms of
// names, do not have.
func TestRotationTable(t *testing.T) {
	for _, row := range table {
		for _, s := range situations {
			t.Run(row.name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				inWorld(t, func(w *world) { row.run(w, s) })
			})
		}
	}
}

// A log with many rotated files is read as soon as one without, and a stranger
// among them changes nothing.
func TestManyGenerationsDoNotStarveTheLog(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.Sources[0].Start.At = time.Unix(1, 0)
		for i := range 30 {
			w.write("sora.jsonl."+strconv.Itoa(30-i), lines(10*i, 10))
		}
		w.write("sora.jsonl", lines(300, 10))
		w.start()
		w.pass(20 * time.Second)
		w.kill()
		w.write("sora.jsonl.31", lines(0, 4)) // a copy, for all that anybody can say
		w.start()
		w.write("sora.jsonl", lines(310, 10))
		w.pass(300 * time.Millisecond)
		w.wantRepeats(320)
	})
}
