package known

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/early"
	"github.com/rtcship/rtcship/tailer/internal/match"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// A generation is known by its file, whatever happens to its name.
func TestFollowsTheFile(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(*world)
		want string
	}{
		{"nothing happens", func(*world) {}, "sora.jsonl live"},
		{"rotated", func(w *world) { w.rename("sora.jsonl", "sora.jsonl.1") }, "sora.jsonl.1 rotated"},
		{"rotated, and made again", func(w *world) { w.rename("sora.jsonl", "sora.jsonl.1"); w.write("sora.jsonl", "new\n") }, "sora.jsonl live, sora.jsonl.1 rotated"},
		{"rotated twice", func(w *world) {
			w.rename("sora.jsonl", "sora.jsonl.1")
			w.look()
			w.rename("sora.jsonl.1", "sora.jsonl.2")
		}, "sora.jsonl.2 rotated"},
		{"rotated and put back", func(w *world) {
			w.rename("sora.jsonl", "sora.jsonl.1")
			w.look()
			w.rename("sora.jsonl.1", "sora.jsonl")
		}, "sora.jsonl live"},
		{"deleted", func(w *world) { w.remove("sora.jsonl") }, "sora.jsonl deleted"},
		{"moved out", func(w *world) { w.rename("sora.jsonl", "elsewhere/x") }, "sora.jsonl moved"},
		{"moved out and back", func(w *world) {
			w.rename("sora.jsonl", "elsewhere/x")
			w.look()
			w.rename("elsewhere/x", "sora.jsonl")
		}, "sora.jsonl live"},
		{"moved out, and looked at", func(w *world) {
			w.rename("sora.jsonl", "elsewhere/x")
			w.look()
			w.x.LookAtMoved(w.now)
		}, "sora.jsonl moved"},
		{"moved out, then deleted", func(w *world) {
			w.rename("sora.jsonl", "elsewhere/x")
			w.look()
			w.remove("elsewhere/x")
			w.x.LookAtMoved(w.now)
		}, "sora.jsonl deleted"},
		{"unreadable", func(w *world) {
			w.rename("sora.jsonl", "elsewhere/x")
			if err := os.Symlink("/etc/hostname", w.path("sora.jsonl")); err != nil {
				w.Fatal(err)
			}
		}, "sora.jsonl live"}, // it is open, and nothing is known of what is there now
		{"closed, and unreadable", func(w *world) {
			w.gen("sora.jsonl").Close()
			w.remove("sora.jsonl")
			if err := os.Symlink("/etc/hostname", w.path("sora.jsonl")); err != nil {
				w.Fatal(err)
			}
		}, "sora.jsonl unreadable"},
		{"rotated, and unreadable is what has its name", func(w *world) {
			w.rename("sora.jsonl", "sora.jsonl.1")
			if err := os.Symlink("/etc/hostname", w.path("sora.jsonl")); err != nil {
				w.Fatal(err)
			}
		}, "sora.jsonl.1 rotated"},
		{"closed, rotated, and unreadable is what has its name", func(w *world) {
			w.gen("sora.jsonl").Close()
			w.rename("sora.jsonl", "sora.jsonl.1")
			if err := os.Symlink("/etc/hostname", w.path("sora.jsonl")); err != nil {
				w.Fatal(err)
			}
		}, "sora.jsonl.1 rotated"},
		{"closed, and deleted", func(w *world) { w.gen("sora.jsonl").Close(); w.remove("sora.jsonl") }, "sora.jsonl missing"},
		{"closed, and rotated", func(w *world) { w.gen("sora.jsonl").Close(); w.rename("sora.jsonl", "sora.jsonl.1") }, "sora.jsonl.1 rotated"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.write("sora.jsonl", lines("a"))
			w.scan()
			g := w.must("sora.jsonl")
			test.do(w)
			w.scan()
			w.want(test.want)
			if !slices.Contains(w.x.All(), g) {
				t.Error("it is not known any more")
			}
			live := g.at.State == "live" || g.at.State == "unreadable"
			if g.Away(w.now.Add(time.Hour)) == 0 != live {
				t.Errorf("away for %v", g.Away(w.now.Add(time.Hour)))
			}
			if got := g.Origin(); got.Path != g.Path() || got.Generation != g.id || got.Log != "sora" || got.Source != "sora" {
				t.Errorf("origin: %+v", got)
			}
		})
	}
}

// An inode may be used again: a file that is closed is told by how it is, too.
func TestInodeIsUsedAgain(t *testing.T) {
	for _, test := range []struct {
		name string
		open bool
		want bool // it is the same
	}{{"closed", false, false}, {"open", true, true}} {
		w := newWorld(t)
		w.write("sora.jsonl", "one\n")
		w.scan()
		g := w.must("sora.jsonl")
		if !test.open {
			g.Close()
		}
		w.pass(time.Minute)
		w.write("sora.jsonl", "another that is shorter\n"[:3]) // in place: the same inode
		here, loose := w.look()
		if here[g] != test.want || len(loose) == 0 != test.want {
			t.Errorf("%s: here %v, loose %d", test.name, here[g], len(loose))
		}
	}
}

// What is not to be found is missing only if the directory could be listed, or is not
// followed any more.
func TestMissingOnlyWhereItWasLookedFor(t *testing.T) {
	for _, test := range []struct {
		name string
		path string
		dirs []string
		want string
	}{
		{"listed", "sora.jsonl", []string{""}, "sora.jsonl missing"},
		{"not listed", "sora.jsonl", nil, "sora.jsonl live"},
		{"another was listed", "sora.jsonl", []string{"small"}, "sora.jsonl live"},
		{"where it is was not", "sub/sora.jsonl.1", []string{""}, "sub/sora.jsonl.1 live"},
		{"where it is was not, but is not followed", "old/sora.jsonl.1", []string{""}, "old/sora.jsonl.1 missing"},
	} {
		w := newWorld(t, func(_ *Config, s *rules.Source) { s.Include = []string{"sub/*.jsonl"} })
		w.write("sora.jsonl", "one\n")
		w.scan()
		g := w.must("sora.jsonl")
		g.Close()
		w.remove("sora.jsonl")
		g.at.Path = w.path(test.path)
		dirs := map[string]bool{}
		for _, dir := range test.dirs {
			dirs[filepath.Join(w.dir, dir)] = true
		}
		w.x.Reconcile(nil, dirs, 0, w.now)
		if got := w.where(); got != test.want {
			t.Errorf("%s: %s", test.name, got)
		}
	}
}

// A small file, and a log whose directory has another name, belong to the log under
// whose own name they are found.
func TestBelongsToAnotherLog(t *testing.T) {
	for _, test := range []struct{ name, from, to, log string }{
		{"small", "small/a.jsonl", "small/b.jsonl", "small/b.jsonl"},
		{"another log's name", "a.jsonl", "b.jsonl", "a.jsonl"},
		{"a name of one's own in another directory", "a.jsonl", "sub/a.jsonl", "sub/a.jsonl"},
		{"rotated", "a.jsonl", "a.jsonl.1", "a.jsonl"},
	} {
		w := newWorld(t, func(_ *Config, s *rules.Source) { s.Include = []string{"sub/*.jsonl"} })
		w.write(test.from, lines("a"))
		w.scan()
		g := w.must(test.from)
		w.rename(test.from, test.to)
		w.look()
		f := w.s.families[w.path(test.log)]
		if g.Path() != w.path(test.to) || g.fam.Path != w.path(test.log) || f == nil || !slices.Contains(f.gens, g) || g.Origin().Path != g.Path() {
			t.Errorf("%s: it is at %s, of %s", test.name, g.Path(), g.fam.Path)
		}
		n := 0
		for f := range w.s.Families() {
			if slices.Contains(f.gens, g) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s: it is one of %d logs", test.name, n)
		}
	}
}

// What is loose is opened if it may be something else than it was found to be.
func TestUnknown(t *testing.T) {
	for _, test := range []struct {
		name     string
		do       func(*world, *Found)
		after    time.Duration
		draining bool
		want     bool
	}{
		{"never seen", func(*world, *Found) {}, 0, false, true},
		{"met just now", func(w *world, fl *Found) { fl.Fam.strangers.Meet(fl.File, w.now) }, 0, false, false},
		{"met just now, and draining", func(w *world, fl *Found) { fl.Fam.strangers.Meet(fl.File, w.now) }, 0, true, true},
		{"met before", func(w *world, fl *Found) { fl.Fam.strangers.Meet(fl.File, w.now) }, 5 * time.Second, false, true},
		{"left alone", func(w *world, fl *Found) { fl.Fam.strangers.Leave(fl.File, "old", w.now) }, time.Hour, false, false},
		{"left alone, and draining", func(w *world, fl *Found) { fl.Fam.strangers.Leave(fl.File, "old", w.now) }, time.Hour, true, false},
		{"left alone, and something is searched", func(w *world, fl *Found) {
			fl.Fam.strangers.Leave(fl.File, "old", w.now)
			fl.Fam.search = w.now
		}, 9 * time.Second, false, true},
		{"left alone, and it was searched long ago", func(w *world, fl *Found) {
			fl.Fam.strangers.Leave(fl.File, "old", w.now)
			fl.Fam.search = w.now
		}, 10 * time.Second, false, false},
		{"met just now, beside one that is compressed", func(w *world, fl *Found) {
			fl.Fam.strangers.Meet(fl.File, w.now)
			w.write("sora.jsonl.2.gz", "x")
		}, 0, false, true},
	} {
		w := newWorld(t)
		w.write("sora.jsonl.1", lines("a"))
		_, loose := w.look()
		if len(loose) != 1 {
			t.Fatalf("%s: %d are loose", test.name, len(loose))
		}
		test.do(w, loose[0])
		w.pass(test.after)
		_, loose = w.look()
		got := slices.ContainsFunc(w.x.Unknown(loose, test.draining, w.now), func(fl *Found) bool { return strings.HasSuffix(fl.Path, ".1") })
		if got != test.want {
			t.Errorf("%s: it is opened: %v", test.name, got)
		}
	}
}

// Logs that the rules know by name come first.
func TestUnknownInOrder(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"a.jsonl", "sora.jsonl.1", "sora.jsonl", "b.log"} {
		w.write(name, "x\n")
	}
	_, loose := w.look()
	if got := w.x.Unknown(loose, false, w.now); len(got) != 4 || got[0].Path != w.path("sora.jsonl") || got[1].Path != w.path("sora.jsonl.1") {
		t.Errorf("%s first, of %d", got[0].Path, len(got))
	}
}

// A file with a foreign name is looked into only while its log misses something, or
// where one of the log's was found; and not if it is excluded.
func TestAsides(t *testing.T) {
	setup := func(t *testing.T, exclude ...string) *world {
		w := newWorld(t, func(_ *Config, s *rules.Source) { s.Exclude = exclude })
		w.write("sora.jsonl", lines("a"))
		w.scan()
		w.settle(w.must("sora.jsonl"))
		w.must("sora.jsonl").Close()
		return w
	}
	asides := func(w *world) (names []string) {
		_, loose := w.look()
		for _, fl := range w.x.Unknown(loose, false, w.now) {
			names = append(names, filepath.Base(fl.Path))
		}
		return names
	}
	for _, test := range []struct {
		name    string
		exclude []string
		to      string
		want    string
	}{
		{"begins as the log does", nil, "sora.old", "sora.old"},
		{"begins in another way", nil, "x.old", ""},
		{"excluded", []string{"sora.old"}, "sora.old", ""},
		{"compressed in an unknown way", nil, "sora.jsonl.xz", ""}, // it is shown, not opened
	} {
		w := setup(t, test.exclude...)
		w.write(test.to, lines("a"))
		if got := asides(w); len(got) != 0 {
			t.Errorf("%s: looked into while nothing is missing: %v", test.name, got)
		}
		w.remove("sora.jsonl")
		w.look()
		if got := strings.Join(asides(w), " "); got != test.want {
			t.Errorf("%s: looked into: %q", test.name, got)
		}
	}
	w := setup(t)
	w.rename("sora.jsonl", "sora.old")
	w.look()
	_, loose := w.look()
	c := w.x.Candidate(loose[0])
	w.x.Apply(match.Verdict{What: match.Same, Known: &match.Known{Ref: w.must("sora.jsonl")}}, c, w.now)
	if w.scan(); w.where() != "sora.old rotated" {
		t.Errorf("a generation is not followed where it was found: %s", w.where())
	}
}

// A file that may hold what is missing and cannot be read is shown, as long as
// something is missing.
func TestSealed(t *testing.T) {
	for _, test := range []struct {
		name    string
		settled bool
		later   time.Duration // than the log it was written
		want    bool
	}{
		{"something is missing", false, 0, true},
		{"something may be missing", true, time.Second, true},
		{"nothing is missing", true, 0, false},
		{"it is older", false, -time.Second, false},
	} {
		w := newWorld(t)
		w.write("sora.jsonl", lines("a"))
		w.scan()
		g := w.must("sora.jsonl")
		if test.settled {
			w.settle(g)
		} else {
			w.settle(g, 3)
		}
		g.Close()
		w.remove("sora.jsonl")
		w.look()
		w.pass(test.later)
		w.write("sora.jsonl.xz", "x")
		w.look()
		w.finish()
		shown := false
		for f := range w.s.Families() {
			_, is := f.Strangers()[w.path("sora.jsonl.xz")]
			shown = shown || is
		}
		if shown != test.want {
			t.Errorf("%s: shown: %v", test.name, shown)
		}
	}
}

// A compressed file belongs to the log whose file lay there under the same name.
func TestPackedFrom(t *testing.T) {
	w := newWorld(t, func(_ *Config, s *rules.Source) { s.Rules = append(all[:1:1], rules.Rule{Pattern: "*"}) })
	w.write("sora.jsonl", lines("a"))
	w.scan()
	g := w.must("sora.jsonl")
	w.rename("sora.jsonl", "sora.backup")
	w.scan()
	if g.Path() != w.path("sora.backup") || g.fam.Path != w.path("sora.jsonl") {
		t.Fatalf("it is at %s, of %s", g.Path(), g.fam.Path)
	}
	w.write("sora.backup.gz", "x")
	w.write("other.gz", "x")
	_, loose := w.look()
	for _, fl := range loose {
		want := map[string]string{"sora.backup.gz": "sora.jsonl", "other.gz": "other"}[filepath.Base(fl.Path)]
		if fl.Fam.Path != w.path(want) {
			t.Errorf("%s is of %s", fl.Path, fl.Fam.Path)
		}
	}
	if len(loose) != 2 {
		t.Errorf("%d are loose", len(loose))
	}

	// A name that says whose the file is, or is that of another log's file as well.
	for range 20 { // logs have no order
		w := newWorld(t)
		w.write("sora.jsonl", lines("a"))
		w.write("x.jsonl", lines("b"))
		w.scan()
		other := w.must("x.jsonl")
		for file, path := range map[string]string{"sora.jsonl.1.gz": "sora.jsonl.1", "sora.jsonl.gz": "sora.jsonl"} {
			other.at.Path = w.path(path)
			fl := w.s.own([]*rules.File{w.s.Set.Look(w.path("sora.jsonl"), rules.Class{Rule: other.fam.Rule, Family: w.path("sora.jsonl"), Packed: 1})})[0]
			fl.Path, fl.Fam = w.path(file), w.s.families[w.path("sora.jsonl")]
			if f := w.x.packedFrom()(fl); f != nil {
				t.Errorf("%s is of %s", file, f.Path)
			}
		}
	}
}

// A ring's files, and those in a Format, come in their own order; else the live one is
// the last.
func TestSort(t *testing.T) {
	for _, test := range []struct {
		name  string
		names []string // each a minute after the one before
		want  string
	}{
		{"rotated ones by their time, the live one last", []string{"sora.jsonl", "sora.jsonl.1", "sora.jsonl.2"}, "sora.jsonl.1 sora.jsonl.2 sora.jsonl"},
		{"a ring by time", []string{"erlang.log.3", "erlang.log.1", "erlang.log.2"}, "erlang.log.3 erlang.log.1 erlang.log.2"},
	} {
		w := newWorld(t)
		for _, name := range test.names {
			w.write(name, name+"\n")
			w.pass(time.Minute)
		}
		w.scan()
		var got []string
		for g := range w.must(test.names[0]).fam.Generations() {
			got = append(got, filepath.Base(g.Path()))
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

// Those who read get the generations in the order in which they are by now.
func TestFeedsAllInOrder(t *testing.T) {
	w := newWorld(t)
	w.write("sora.jsonl", "a\n")
	w.scan()
	f := w.must("sora.jsonl").fam
	check := func(what string, n int) {
		t.Helper()
		f.Feed(w.now)
		if len(f.turns) != n || len(f.gens) != n {
			t.Fatalf("%s: %d of %d are fed", what, len(f.turns), len(f.gens))
		}
		for i, g := range f.gens {
			if f.turns[i] != g.reading {
				t.Errorf("%s: another one is in turn %d", what, i)
			}
		}
	}
	check("one", 1)
	w.rename("sora.jsonl", "sora.jsonl.1")
	w.pass(time.Minute)
	w.write("sora.jsonl", "b\n")
	w.scan()
	check("rotated", 2)
	g := w.must("sora.jsonl.1")
	g.at.Stat.Mtime += int64(time.Hour)
	g.at.Live, w.must("sora.jsonl").at.Live = true, false
	w.x.FinishSome(f)
	check("in another order", 2)
	w.x.while(func() { w.x.forgetGeneration(g) })
	g.Close()
	check("one is forgotten", 1)
	if n := testing.AllocsPerRun(10, func() { f.Feed(w.now) }); n != 0 {
		t.Errorf("feeding allocates %v times", n)
	}
}

// What is found out by a scan is noted: what has grown, what is to be saved, what is to
// be searched for, and what is no matter of when the source was new any more.
func TestScanNotes(t *testing.T) {
	w := newWorld(t)
	w.write("sora.jsonl", lines("a"))
	w.look() // the source is new, and its directory listed
	w.write("late.jsonl", lines("b"))
	w.scan()
	g := w.must("sora.jsonl")
	if w.s.Early.Was(g.at.Key) != nil || w.s.Early.Len() != 0 {
		t.Error("a file that is known is not decided about")
	}
	w.settle(g)
	w.s.Early = *new(early.Source)
	w.s.Early.Note(g.at.Stat)
	w.pass(time.Minute)
	w.write("sora.jsonl", lines("a")+"more\n")
	w.rename("sora.jsonl", "sora.jsonl.1")
	changes := w.changes.Load()
	w.look()
	if w.s.Early.Was(g.at.Key) != nil {
		t.Error("a file that is found again is not decided about")
	}
	if g.View().Size != int64(len(lines("a")+"more\n")) {
		t.Error("it was not seen to have grown")
	}
	if w.changes.Load() == changes {
		t.Error("that it has moved is not to be saved")
	}

	w.remove("sora.jsonl.1")
	w.pass(time.Minute)
	changes, lost := w.changes.Load(), w.now
	w.look()
	if !g.fam.search.Equal(lost) || w.changes.Load() == changes {
		t.Error("that it was deleted is not to be saved, or nothing is searched")
	}
	w.pass(time.Minute)
	changes = w.changes.Load()
	if w.look(); !g.fam.search.Equal(lost) || w.changes.Load() != changes {
		t.Error("it is deleted once more")
	}

	other := w.must("late.jsonl")
	w.settle(other, 3)
	other.Close()
	w.remove("late.jsonl")
	lost = w.now
	if w.look(); !other.View().Finished {
		t.Error("what cannot be had is waited for")
	}
	w.pass(time.Minute)
	if w.look(); !other.at.Missing.Equal(lost) {
		t.Error("it is missing since later than it is")
	}
}

// A file that was looked into and is gone is forgotten.
func TestForgetsStrangers(t *testing.T) {
	w := newWorld(t)
	w.write("sora.jsonl.1", lines("a"))
	_, loose := w.look()
	gone := loose[0]
	gone.Fam.strangers.Leave(gone.File, "old", w.now)
	w.remove("sora.jsonl.1")
	w.write("sora.jsonl.2", lines("another")) // it may have the same inode
	_, loose = w.look()
	w.x.Unknown(loose, false, w.now)
	if _, refused := gone.Fam.strangers.Known(gone.File, w.now); refused {
		t.Error("it is remembered for ever")
	}
}
