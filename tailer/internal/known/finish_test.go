package known

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/early"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/place"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/reader"
	"github.com/rtcship/rtcship/tailer/internal/rules"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// A file is closed when it is out of the way and settled, and nothing more is to come
// through it.
func TestClosable(t *testing.T) {
	const wait, forget = 5 * time.Second, time.Hour
	now := time.Now()
	long, short := now.Add(-wait), now.Add(-wait+1)
	small, log := &rules.Rule{Small: true}, &rules.Rule{}
	done := progress.View{Done: true}
	for _, test := range []struct {
		name  string
		place place.Place
		rule  *rules.Rule
		view  progress.View
		live  bool // another file has its name
		want  bool
	}{
		{"live", place.Place{Live: true, State: place.Live, Changed: long}, log, done, false, false},
		{"live, and small", place.Place{Live: true, State: place.Live, Changed: short}, small, done, false, true},
		{"live, small and not settled", place.Place{Live: true, State: place.Live, Changed: long}, small, progress.View{}, false, false},
		{"rotated", place.Place{State: place.Rotated, Rotated: long, Changed: long}, log, done, true, true},
		{"rotated just now", place.Place{State: place.Rotated, Rotated: short, Changed: long}, log, done, true, false},
		{"rotated, and written just now", place.Place{State: place.Rotated, Rotated: long, Changed: short}, log, done, true, false},
		{"rotated, and being read", place.Place{State: place.Rotated, Rotated: long, Changed: long}, log, progress.View{Done: true, Active: true}, true, false},
		{"rotated, and perhaps another by now", place.Place{State: place.Rotated, Rotated: long, Changed: long}, log, progress.View{Done: true, Suspect: true}, true, false},
		{"rotated, and not settled", place.Place{State: place.Rotated, Rotated: long, Changed: long}, log, progress.View{}, true, false},
		{"a copy that ends before what was read", place.Place{State: place.Rotated, Rotated: short, Changed: short}, log, progress.View{Done: true, Short: true}, true, true},
		{"moved out", place.Place{State: place.Moved, Rotated: long, Changed: long}, log, done, true, false},
		{"moved out, and still for a week", place.Place{State: place.Moved, Rotated: long, Changed: now.Add(-forget)}, log, done, true, true},
		{"deleted, and another is there", place.Place{State: place.Deleted, Rotated: long, Changed: long}, log, done, true, true},
		{"deleted just now, and another is there", place.Place{State: place.Deleted, Rotated: short, Changed: long}, log, done, true, false},
		{"deleted, and none is there", place.Place{State: place.Deleted, Rotated: long, Changed: long}, log, done, false, false},
		{"deleted, and none for a week", place.Place{State: place.Deleted, Rotated: long, Changed: now.Add(-forget)}, log, done, false, true},
	} {
		x := &Index{cfg: Config{RotateWait: wait, Forget: forget}}
		f := &Family{Src: &Followed{}, Rule: test.rule}
		g := &Generation{fam: f, at: test.place}
		f.add(g)
		if test.live {
			f.add(&Generation{fam: f, at: place.Place{Live: true}})
		}
		if got := x.closable(g, &test.view, now); got != test.want {
			t.Errorf("%s: closable: %v", test.name, got)
		}
	}
}

// What was not read of a file that cannot be found is a gap, once, when it is sure that
// no file is left that may be it; and its position is kept for a while.
func TestBury(t *testing.T) {
	for _, test := range []struct {
		name    string
		after   time.Duration
		waiting bool
		settled int64
		gaps    string
		known   bool
	}{
		{"just gone", 0, false, 10, "", true},
		{"gone for long enough", 5 * time.Second, false, 10, "10+20 the file is gone", true},
		{"gone, and all was settled", 5 * time.Second, false, 30, "", true},
		{"gone, and a file is still to be looked into", 5 * time.Second, true, 10, "", true},
		{"gone, and a file cannot be read", 5 * time.Second, false, 10, "", true},
		{"gone for ever", time.Hour, false, 10, "10+20 the file is gone", false},
	} {
		w := newWorld(t)
		w.write("sora.jsonl", strings.Repeat("a line...\n", 3))
		w.scan()
		g := w.must("sora.jsonl")
		w.settle(g, test.settled)
		g.Close()
		w.remove("sora.jsonl")
		if strings.Contains(test.name, "cannot be read") {
			if err := os.Symlink("/etc/hostname", w.path("sora.jsonl.1")); err != nil {
				t.Fatal(err)
			}
		}
		w.look()
		for range 3 {
			w.pass(test.after)
			test.after = min(test.after, 1) // what follows is but a moment later
			w.look()
			if test.waiting {
				g.fam.strangers.Later()
			}
			w.finish()
		}
		var gaps []string
		for _, gap := range g.View().Gaps {
			gaps = append(gaps, fmt.Sprintf("%d+%d %s", gap.At, gap.Bytes, gap.Reason))
		}
		if got := strings.Join(gaps, ", "); got != test.gaps {
			t.Errorf("%s: gaps: %q", test.name, got)
		}
		if known := w.gen("sora.jsonl") != nil; known != test.known {
			t.Errorf("%s: known: %v", test.name, known)
		}
		w.x.Do(func(l Locked) {
			forgotten := l.TakeForgotten()
			if test.known != (len(forgotten) == 0) || !test.known && forgotten[0].Forgotten != g.HexID() {
				t.Errorf("%s: forgotten: %+v", test.name, forgotten)
			}
			if again := l.TakeForgotten(); len(again) != 0 {
				t.Errorf("%s: forgotten once more: %+v", test.name, again)
			}
		})
	}
}

// A file of which nothing is known but its inode is not kept for long.
func TestBuryNothing(t *testing.T) {
	w := newWorld(t)
	w.write("sora.jsonl", "")
	w.scan()
	w.must("sora.jsonl").Close()
	w.remove("sora.jsonl")
	w.scan()
	w.want("sora.jsonl missing")
	w.now = w.now.Add(w.x.cfg.RotateWait)
	w.scan()
	w.want("")
}

// Deleted files keep no more of the disk than they may: those go first of which all is
// settled, then the oldest, and what is lost is a gap.
func TestHoldDeleted(t *testing.T) {
	const size = 3 * 4096
	w := newWorld(t, func(c *Config, _ *rules.Source) { c.DeletedBytes = 2 * size })
	names := []string{"a.jsonl", "b.jsonl", "c.jsonl", "d.jsonl"} // each a minute younger than the one before
	gens := map[string]*Generation{}
	for _, name := range names {
		w.write(name, strings.Repeat("a line...\n", size/10+1)[:size])
		w.pass(time.Minute)
	}
	w.scan()
	for _, name := range names {
		gens[name] = w.must(name)
		if gens[name].at.Stat.Blocks != size {
			t.Skipf("the file system takes %d bytes for %d", gens[name].at.Stat.Blocks, size)
		}
		w.remove(name)
	}
	w.settle(gens["d.jsonl"])
	w.settle(gens["a.jsonl"], 10)
	w.look()
	w.x.HoldDeleted(w.now)
	for name, want := range map[string]string{"a.jsonl": "10+12278", "b.jsonl": "", "c.jsonl": "", "d.jsonl": ""} {
		g := gens[name]
		gap := ""
		for _, gp := range g.View().Gaps {
			gap = fmt.Sprintf("%d+%d", gp.At, gp.Bytes)
			if gp.Reason != "deleted, and larger than limits.deleted_bytes" {
				t.Error(gp.Reason)
			}
		}
		if closed := name == "a.jsonl" || name == "d.jsonl"; (g.Src() == nil) != closed || gap != want && want != "" {
			t.Errorf("%s: closed: %v, gap %s", name, g.Src() == nil, gap)
		}
	}
	w.want("a.jsonl missing, b.jsonl deleted, c.jsonl deleted, d.jsonl missing")
	if a := gens["a.jsonl"]; !a.View().Finished {
		t.Error("what cannot be had is waited for")
	}
	w.pass(time.Minute)
	if w.scan(); len(gens["a.jsonl"].View().Gaps) != 1 {
		t.Errorf("it is lost twice: %+v", gens["a.jsonl"].View().Gaps)
	}
}

// When there is no room for one more file the ones go that have been still for the
// longest, those that the rules know by name last; never one that is needed.
func TestMakeRoom(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(*world)
		want string // what is closed
		room bool
	}{
		{"all are settled", func(w *world) {
			for _, g := range w.x.All() {
				w.settle(g)
			}
		}, "a.jsonl b.jsonl", true},
		{"the one that is known by name is not written to", func(w *world) {
			for _, g := range w.x.All() {
				w.settle(g)
			}
			w.must("sora.jsonl").at.Changed = time.Now().Add(-time.Hour)
		}, "a.jsonl b.jsonl sora.jsonl", true},
		{"only the one that is known by name is settled", func(w *world) {
			w.settle(w.must("sora.jsonl"))
		}, "", false},
		{"one is not settled", func(w *world) {
			w.settle(w.must("sora.jsonl"))
			w.settle(w.must("b.jsonl"))
		}, "b.jsonl", true},
		{"none is settled", func(*world) {}, "", false},
		{"one is not saved", func(w *world) {
			for _, g := range w.x.All() {
				w.settle(g)
				g.SavedHead(0)
			}
		}, "", false},
		{"one is deleted, and another is idle", func(w *world) {
			w.settle(w.must("a.jsonl"))
			w.settle(w.must("b.jsonl"))
			w.remove("a.jsonl")
			w.look()
			w.must("a.jsonl").at.Changed = time.Now().Add(-time.Hour)
		}, "b.jsonl", true},
		{"only deleted ones", func(w *world) {
			w.settle(w.must("a.jsonl"))
			w.remove("a.jsonl")
			w.look()
			w.pass(time.Hour) // MakeRoom has a clock of its own
			w.must("a.jsonl").at.Changed = time.Now().Add(-time.Hour)
		}, "a.jsonl", true},
		{"only deleted ones that were written just now", func(w *world) {
			w.settle(w.must("a.jsonl"))
			w.remove("a.jsonl")
			w.look()
			w.must("a.jsonl").at.Changed = time.Now().Add(time.Hour)
		}, "", false},
	} {
		w := newWorld(t, func(c *Config, _ *rules.Source) { c.OpenFiles = 3 })
		for _, name := range []string{"a.jsonl", "b.jsonl", "sora.jsonl"} {
			w.write(name, lines(name))
		}
		w.scan()
		test.do(w)
		before := w.x.All()
		if room := w.x.MakeRoom(); room != test.room {
			t.Errorf("%s: there is room: %v", test.name, room)
		}
		var closed []string
		for _, g := range before {
			if g.Src() == nil {
				closed = append(closed, strings.TrimPrefix(g.Path(), w.dir+"/"))
			}
		}
		slices.Sort(closed)
		if got := strings.Join(closed, " "); got != test.want {
			t.Errorf("%s: closed: %s", test.name, got)
		}
		if g := w.must("a.jsonl"); test.name == "only deleted ones" && (g.at.State != place.Missing || len(g.View().Gaps) != 1 || !strings.Contains(g.View().Gaps[0].Reason, "limits.open_files")) {
			t.Errorf("a deleted one is closed in silence: %+v", g.View())
		}
	}
}

// Where there is no room but for logs that the rules know by name, they take turns.
func TestMakeRoomAmongItsOwn(t *testing.T) {
	w := newWorld(t, func(c *Config, _ *rules.Source) { c.OpenFiles = 3 })
	for _, name := range []string{"crash.log", "sora.jsonl", "x.jsonl"} {
		w.write(name, lines(name))
	}
	w.scan()
	w.settle(w.must("crash.log"))
	w.settle(w.must("sora.jsonl"))
	if !w.x.MakeRoom() || w.must("x.jsonl").Src() == nil {
		t.Error("two of three are known by name and idle, and keep all others out")
	}
}

// The order in which files are closed.
func TestEvictsInOrder(t *testing.T) {
	w := newWorld(t, func(c *Config, s *rules.Source) { c.OpenFiles = EvictAtOnce + 3 })
	for i := range EvictAtOnce + 1 {
		w.write(fmt.Sprintf("x%02d.log", i), lines("x"))
		w.write("sora.jsonl", lines("sora"))
	}
	w.scan()
	w.write("late.log", lines("late"))
	w.scan()
	for i, g := range w.x.All() {
		w.settle(g)
		g.at.Changed = w.now.Add(time.Duration(i) * time.Second)
	}
	w.must("sora.jsonl").at.Changed = w.now.Add(-time.Hour)
	w.must("late.log").at.Changed = w.now.Add(2 * time.Hour)
	w.must("x07.log").at.Changed = w.now.Add(time.Hour)
	if !w.x.MakeRoom() {
		t.Fatal("there is no room")
	}
	for _, g := range w.x.All() {
		name := strings.TrimPrefix(g.Path(), w.dir+"/")
		kept := name == "sora.jsonl" || name == "late.log" || name == "x07.log"
		if open := g.Src() != nil; open != kept {
			t.Errorf("%s is open: %v", name, open)
		}
	}
}

// A file is opened again if it is to be read, and is the same one.
func TestReopen(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(*world, *Generation)
		want bool
	}{
		{"nothing is to be read", func(w *world, g *Generation) { w.settle(g); w.close(g) }, false},
		{"something is to be read", func(w *world, g *Generation) { w.close(g) }, true},
		{"it is missing", func(w *world, g *Generation) {
			w.close(g)
			w.remove("sora.jsonl")
			w.look()
			w.write("sora.jsonl", "x")
		}, false},
		{"another file is there", func(w *world, g *Generation) {
			w.close(g)
			w.rename("sora.jsonl", "kept")
			w.write("sora.jsonl", lines("b"))
		}, false},
		{"there is no room", func(w *world, g *Generation) { w.close(g); w.x.cfg.OpenFiles = 0 }, false},
	} {
		w := newWorld(t)
		w.write("sora.jsonl", lines("a"))
		w.scan()
		g := w.must("sora.jsonl")
		test.do(w, g)
		w.pass(time.Minute)
		w.x.OpenFamilies()
		w.x.Reopen(g, w.now)
		if g.Src() != nil && !g.at.Used.Equal(w.now) {
			t.Errorf("%s: that it was needed is not noted", test.name)
		}
		if got := g.Src() != nil; got != test.want || w.x.OpenFiles() != map[bool]int64{true: 1}[test.want] {
			t.Errorf("%s: it is open: %v, %d files are", test.name, got, w.x.OpenFiles())
		}
		if listed := len(w.x.OpenFamilies()) == 1; listed != test.want {
			t.Errorf("%s: it is listed as open: %v", test.name, listed)
		}
	}
	w := newWorld(t)
	w.write("sora.jsonl", lines("a"))
	w.scan()
	g := w.must("sora.jsonl")
	g.Close()
	w.remove("sora.jsonl")
	w.x.Reopen(g, w.now)
	if g.View().Fault == "" {
		t.Error("a file that cannot be opened is no fault")
	}
}

// A log is forgotten with the last of its files, one with rotated files later.
func TestForget(t *testing.T) {
	for _, test := range []struct {
		name   string
		file   string
		newest time.Duration // before now
		known  bool
	}{
		{"never settled", "sora.jsonl", 1 << 62, false},
		{"settled lately", "sora.jsonl", time.Hour, true},
		{"settled long ago", "sora.jsonl", 4 * time.Hour, false},
		{"small", "small/a.jsonl", time.Hour, false},
		{"a ring", "erlang.log.1", 1 << 62, true},
	} {
		w := newWorld(t)
		w.write(test.file, "")
		w.scan()
		f := w.must(test.file).fam
		if test.newest < 1<<62 {
			w.x.readers.Restore(f.settled, w.now.Add(-test.newest).UnixNano(), time.Time{})
		}
		w.must(test.file).Close()
		w.remove(test.file)
		w.scan()
		w.now = w.now.Add(w.x.cfg.RotateWait)
		w.scan()
		w.scan()
		if known := w.s.families[f.Path] != nil; known != test.known {
			t.Errorf("%s: known: %v", test.name, known)
		}
		w.x.Do(func(l Locked) {
			list := slices.DeleteFunc(l.TakeForgotten(), func(c saved.Change) bool { return c.NoLog == nil })
			if (len(list) == 1) == test.known || len(list) == 1 && string(list[0].NoLog.File) != f.Path {
				t.Errorf("%s: forgotten: %+v", test.name, list)
			}
		})
	}
}

// No time in the future is believed: nothing is left alone for that.
func TestDoubt(t *testing.T) {
	w := newWorld(t)
	w.write("sora.jsonl", "a\n")
	w.scan()
	f := w.must("sora.jsonl").fam
	clock := w.now.Add(-time.Minute)
	for _, test := range []struct {
		newest, floor time.Duration // from now on
		want, wantFl  time.Duration
		none          bool // no floor
	}{
		{-time.Second, -time.Minute, -time.Second, -time.Minute, false},
		{time.Hour, time.Minute, 0, 0, true},
	} {
		w.x.readers.Restore(f.settled, w.now.Add(test.newest).UnixNano(), clock)
		f.floor = w.now.Add(test.floor).UnixNano()
		w.x.Doubt(w.s, w.now)
		newest, c := w.x.readers.Settled(f.settled)
		wantFloor := w.now.Add(test.wantFl).UnixNano()
		if test.none {
			wantFloor = 0
		}
		if newest != w.now.Add(test.want).UnixNano() || !c.Equal(clock) || f.floor != wantFloor {
			t.Errorf("%+v: newest %v, floor %d", test, time.Unix(0, newest), f.floor)
		}
	}
	changes := w.changes.Load()
	if w.x.Doubt(w.s, w.now.Add(-24*time.Hour)); w.changes.Load() == changes || w.s.Early.Floor() != 0 {
		t.Error("a beginning in the future is believed")
	}
}

// What is over is put away when there is too much of it, the longest gone first, and
// its log with the last of it.
func TestPutAway(t *testing.T) {
	setup := func(t *testing.T) *world {
		w := newWorld(t)
		for i := range 6 {
			w.write(fmt.Sprintf("%d.jsonl", i), lines(fmt.Sprint(i)))
		}
		w.scan()
		for i := range 6 {
			name := fmt.Sprintf("%d.jsonl", i)
			w.settle(w.must(name))
			w.must(name).Close()
			w.remove(name)
			w.scan()
			w.pass(time.Second)
		}
		w.pass(time.Minute)
		return w
	}
	put := func(w *world, most int, fails string) (names []string) {
		w.x.PutAway(most, w.now, func(l Locked, g *Generation) error {
			s := l.Look(g)
			if s.Path == w.path(fails) {
				return fmt.Errorf("cannot")
			}
			names = append(names, strings.TrimPrefix(s.Path, w.dir+"/"))
			return nil
		})
		return names
	}
	for _, test := range []struct {
		name string
		most int
		do   func(*world)
		want string
	}{
		{"few", 6, func(*world) {}, ""},
		{"hardly more than may be", 5, func(*world) {}, ""},
		{"too many", 2, func(*world) {}, "0.jsonl 1.jsonl 2.jsonl 3.jsonl"},
		{"not gone for long", 0, func(w *world) { w.pass(-7 * time.Second) }, ""},
		{"needed just now", 0, func(w *world) { w.must("0.jsonl").at.Used = w.now }, "1.jsonl 2.jsonl 3.jsonl 4.jsonl 5.jsonl"},
		{"there again", 0, func(w *world) { w.must("0.jsonl").at.Missing = time.Time{} }, "1.jsonl 2.jsonl 3.jsonl 4.jsonl 5.jsonl"},
		{"not settled", 0, func(w *world) { g := w.must("0.jsonl"); g.Rewind(pos(3)) }, "1.jsonl 2.jsonl 3.jsonl 4.jsonl 5.jsonl"},
		{"not saved", 0, func(w *world) { w.must("0.jsonl").SavedHead(1) }, "1.jsonl 2.jsonl 3.jsonl 4.jsonl 5.jsonl"},
		{"one cannot be put away", 0, func(*world) {}, "0.jsonl 1.jsonl 2.jsonl 3.jsonl 4.jsonl"},
	} {
		w := setup(t)
		test.do(w)
		fails := map[bool]string{true: "5.jsonl"}[test.name == "one cannot be put away"]
		got := put(w, test.most, fails)
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: put away: %v", test.name, got)
		}
		if n := len(w.x.All()); n != 6-len(got) {
			t.Errorf("%s: %d are known", test.name, n)
		}
		if n := len(w.s.families); n != 6-len(got) {
			t.Errorf("%s: %d logs are known", test.name, n)
		}
	}
}

// A log with a file that nobody knows stays.
func TestPutAwayKeepsTheLog(t *testing.T) {
	for _, files := range []int{0, 1} {
		w := newWorld(t)
		w.write("a.jsonl", lines("a"))
		w.scan()
		g := w.must("a.jsonl")
		w.settle(g)
		g.Close()
		w.remove("a.jsonl")
		w.look()
		g.fam.files = files
		w.pass(time.Minute)
		w.x.PutAway(0, w.now, func(Locked, *Generation) error { return nil })
		if len(w.x.All()) != 0 || len(w.s.families) != files {
			t.Errorf("with %d files %d generations and %d logs are known", files, len(w.x.All()), len(w.s.families))
		}
	}
}

// What is put away comes back with its log, once somebody needs it.
func TestBringBack(t *testing.T) {
	w := newWorld(t)
	id := strings.Repeat("ab", 16)
	newest := w.now.Add(-time.Minute).UnixNano()
	changes := w.changes.Load()
	saved := &Saved{Newest: newest, Gens: []Restored{{ID: id, Born: w.now, Place: place.Place{Path: w.path("a.jsonl.1"), State: place.Missing, Missing: w.now}}, {ID: "no id"}}}
	if !w.s.BringBack(w.path("a.jsonl"), saved, w.now) {
		t.Fatal("it does not come back")
	}
	g := w.must("a.jsonl.1")
	got, _ := w.x.readers.Settled(g.fam.settled)
	if g.HexID() != id || len(w.x.All()) != 1 || got != newest || g.fam.floor != newest-int64(early.Margin) || !g.fam.search.Equal(w.now) || w.changes.Load() == changes {
		t.Errorf("%s: %d are known; written at %d, floor %d, searched at %v", g.HexID(), len(w.x.All()), got, g.fam.floor, g.fam.search)
	}
	later := &Saved{Newest: 1, Gens: []Restored{{ID: strings.Repeat("cd", 16), Place: place.Place{Path: w.path("a.jsonl.2"), Missing: w.now}}}}
	w.s.BringBack(w.path("a.jsonl"), later, w.now)
	if got, _ = w.x.readers.Settled(g.fam.settled); got != newest || len(w.x.All()) != 2 {
		t.Errorf("what is known of the log is gone: written at %d", got)
	}
}

// While batches of a generation are on their way it is not lost what they hold.
func TestBuryWaitsForBatches(t *testing.T) {
	w := newWorld(t)
	w.write("sora.jsonl", lines("a"))
	w.scan()
	g := w.must("sora.jsonl")
	w.gate = make(chan struct{})
	g.Reread()
	g.SavedHead(g.HeadLen())
	g.fam.Feed(w.now)
	w.until(func() bool { return g.View().UnderWay > 0 && g.View().Read.At == g.View().Size })
	w.pass(time.Minute)
	w.write("sora.jsonl", "")
	w.x.StatNow(g, w.now)
	for range 2 {
		w.pass(time.Minute)
		w.look()
		if w.finish(); g.at.State != place.Missing || len(g.View().Gaps) != 0 {
			t.Errorf("%s, gaps %+v", g.at.State, g.View().Gaps)
		}
		if w.gate != nil {
			close(w.gate)
			w.gate = nil
			w.until(func() bool { return g.View().UnderWay == 0 })
		}
	}
}

// A file that is out of the way is closed when the last of its lines is settled.
func TestCloses(t *testing.T) {
	w := newWorld(t)
	w.write("sora.jsonl", lines("a"))
	w.write("x.jsonl", lines("x"))
	w.scan()
	g := w.must("sora.jsonl")
	w.settle(g)
	w.rename("sora.jsonl", "sora.jsonl.1")
	w.scan()
	if g.Src() == nil {
		t.Error("it is closed at once")
	}
	w.pass(time.Minute)
	if w.scan(); g.Src() != nil || w.must("x.jsonl").Src() == nil {
		t.Error("it is never closed, or another one is")
	}
}

// What is never put away: small files, rings, and what is in a Format.
func TestIsOver(t *testing.T) {
	for _, test := range []struct {
		name string
		file string
		do   func(*Generation)
		want bool
	}{
		{"a log", "a.jsonl", func(*Generation) {}, true},
		{"a small file", "small/a.jsonl", func(*Generation) {}, false},
		{"of a ring", "erlang.log.1", func(*Generation) {}, false},
		{"a copy", "a.jsonl", func(g *Generation) { g.SkipTo(progress.Start{At: pos(g.View().Size).Mark, CopyOf: "x"}) }, false},
	} {
		w := newWorld(t)
		w.write(test.file, lines("a"))
		w.scan()
		g := w.must(test.file)
		w.settle(g)
		test.do(g)
		g.Close()
		w.remove(test.file)
		w.look()
		w.pass(time.Minute)
		if got := w.x.isOver(g, w.now); got != test.want {
			t.Errorf("%s: over: %v", test.name, got)
		}
	}
}

// A log's name leads to another file: that is noticed once.
func TestNameMoved(t *testing.T) {
	w := newWorld(t)
	w.write("sora.jsonl", "a\n")
	w.scan()
	f := w.must("sora.jsonl").fam
	for range 2 {
		if f.NameMoved() {
			t.Error("it has moved although it has not")
		}
	}
	w.rename("sora.jsonl", "sora.jsonl.1")
	if !f.NameMoved() || f.NameMoved() {
		t.Error("that there is none is not noticed, or noticed twice")
	}
	w.write("sora.jsonl", "b\n")
	if !f.NameMoved() || f.NameMoved() {
		t.Error("that there is another is not noticed, or noticed twice")
	}
}

func pos(at int64) reader.Position { return reader.Position{Mark: file.Mark{At: at}} }

// A file that no name leads to is gone when it is closed, and that is saved: with what it
// may be found by.
func TestClosedForGoodIsSaved(t *testing.T) {
	w := newWorld(t)
	w.write("sora.jsonl", lines("a"))
	w.scan()
	g := w.must("sora.jsonl")
	w.settle(g)
	w.remove("sora.jsonl")
	w.look()
	w.x.Do(func(l Locked) { l.TakeUnsaved() })
	w.close(g)
	w.x.Do(func(l Locked) {
		if gens, _ := l.TakeUnsaved(); len(gens) != 1 {
			t.Errorf("%d generations are to be saved", len(gens))
		}
	})
}
