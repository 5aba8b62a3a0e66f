package known

import (
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/match"
	"github.com/rtcship/rtcship/tailer/internal/place"
	"github.com/rtcship/rtcship/tailer/internal/progress"
)

// loose is the one file that nobody knows, opened.
func (w *world) loose() *Candidate {
	w.Helper()
	_, loose := w.look()
	if len(loose) != 1 {
		w.Fatalf("%d files are loose", len(loose))
	}
	c := w.x.Candidate(loose[0])
	if c == nil {
		w.Fatal("it is not opened")
	}
	return c
}

// A generation goes on in the file that it was found in, which it keeps.
func TestAssign(t *testing.T) {
	for _, test := range []struct {
		name     string
		was, is  string
		text     string
		verdict  match.Verdict
		state    place.State
		log      string
		written  bool // it counts as having grown
		recent   int  // marks that a short one is known by
		finished bool
	}{
		{"rotated", "sora.jsonl", "sora.jsonl.1", lines("a"), match.Verdict{}, place.Rotated, "sora.jsonl", false, 0, false},
		{"rotated and grown", "sora.jsonl", "sora.jsonl.1", lines("a") + "more\n", match.Verdict{}, place.Rotated, "sora.jsonl", true, 0, false},
		{"a copy that is shorter", "sora.jsonl", "sora.jsonl.1", lines("a")[:48], match.Verdict{Short: true}, place.Rotated, "sora.jsonl", false, 1, true},
		{"a longer one that has nothing more", "sora.jsonl", "sora.jsonl.1", lines("a") + "more\n", match.Verdict{Short: true}, place.Rotated, "sora.jsonl", false, 1, true},
		{"a small file", "small/a.jsonl", "small/b.jsonl", lines("a"), match.Verdict{}, place.Live, "small/b.jsonl", false, 0, false},
	} {
		w := newWorld(t)
		w.write(test.was, lines("a"))
		w.scan()
		g := w.must(test.was)
		w.settle(g)
		g.Close()
		w.remove(test.was)
		w.look()
		w.x.OpenFamilies()
		before := g.at.Written
		w.pass(time.Minute)
		w.write(test.is, test.text)
		c := w.loose()
		test.verdict.What, test.verdict.Known = match.Same, &match.Known{Ref: g}
		w.x.Apply(test.verdict, c, w.now)
		if c.Release() != g || g.Src() == nil || len(w.x.OpenFamilies()) != 1 {
			t.Fatalf("%s: the file is closed that it was found in", test.name)
		}
		if _, err := g.Src().ReadAt(make([]byte, 1), 0); err != nil {
			t.Errorf("%s: it cannot be read: %v", test.name, err)
		}
		if g.Path() != w.path(test.is) || g.at.State != test.state || g.fam.Path != w.path(test.log) || g.Quiet(w.now) != 0 {
			t.Errorf("%s: it is at %+v, of %s", test.name, g.at, g.fam.Path)
		}
		if grown := g.at.Written != before; grown != test.written {
			t.Errorf("%s: seen to have grown: %v", test.name, grown)
		}
		if _, print := g.Look(); len(print.Recent) > 0 && test.recent == 1 && print.Recent[0].At != int64(len(test.text)) || test.recent == 1 && len(print.Recent) != 1 {
			t.Errorf("%s: known by %+v", test.name, print.Recent)
		}
	}
}

// Of what was there before anybody asked for it, and of a copy, only what follows is read.
func TestAdoptFrom(t *testing.T) {
	for _, test := range []struct {
		name    string
		file    string
		text    string
		verdict match.Verdict
		want    progress.View // of it: Ended, Unsized
		copied  bool
		known   bool
		rests   bool
	}{
		{"an old log", "x.jsonl", lines("a"), match.Verdict{What: match.Old, At: 24}, progress.View{}, false, true, false},
		{"an old rotated one", "sora.jsonl.1", lines("a"), match.Verdict{What: match.Old, At: 216}, progress.View{Ended: true}, false, true, false},
		{"an old compressed one that nobody has looked into", "sora.jsonl.1.gz", "", match.Verdict{What: match.Old}, progress.View{Ended: true, Unsized: true}, false, true, false},
		{"a copy", "sora.jsonl.1", lines("a"), match.Verdict{What: match.Copy, At: 48}, progress.View{}, true, true, false},
		{"a log that is shorter by now", "x.jsonl", lines("a"), match.Verdict{What: match.Old, At: 1 << 40}, progress.View{}, false, false, false},
		{"a rotated one that is shorter by now", "sora.jsonl.1", lines("a"), match.Verdict{What: match.Old, At: 1 << 40}, progress.View{}, false, false, true},
	} {
		w := newWorld(t)
		w.write("orig.jsonl", lines("a"))
		w.scan()
		orig := w.must("orig.jsonl")
		if test.verdict.What == match.Copy {
			test.verdict.Known = &match.Known{Ref: orig}
		}
		if test.text == "" {
			test.text = gzipped
		}
		w.write(test.file, test.text)
		c := w.loose()
		w.x.Apply(test.verdict, c, w.now)
		g := c.Release()
		if (g != nil) != test.known {
			t.Errorf("%s: known: %v", test.name, g != nil)
		}
		if g == nil {
			_, loose := w.look()
			if rests := len(w.x.Unknown(loose, false, w.now)) == 0; rests != test.rests {
				t.Errorf("%s: it rests: %v", test.name, rests)
			}
			continue
		}
		v := g.View()
		if v.Ended != test.want.Ended || v.Unsized != test.want.Unsized || (v.CopyOf == orig.HexID()) != test.copied || !v.Unsized && (v.Read.At != test.verdict.At || v.Settled.At != test.verdict.At) {
			t.Errorf("%s: %+v", test.name, v)
		}
	}
}

// A copy of what was found just now is one once that is a generation: until then it may be
// all that there is.
func TestCopyOfWhatWasFound(t *testing.T) {
	w := newWorld(t)
	w.write("orig.jsonl", lines("a"))
	w.scan()
	w.write("x.jsonl", lines("a"))
	c := w.loose()
	v := match.Verdict{What: match.Copy, At: 48, Known: &match.Known{Path: w.path("gone.jsonl")}}
	if w.x.Apply(v, c, w.now); c.Release() != nil {
		t.Error("a copy of what is gone")
	}
	c = w.loose()
	v.Known.Path = w.path("orig.jsonl")
	w.x.Apply(v, c, w.now)
	if g := c.Release(); g == nil || g.View().CopyOf != w.must("orig.jsonl").HexID() {
		t.Errorf("%+v is no copy", g)
	}
}

// gzipped is a small compressed file.
const gzipped = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x4b\xe4\x02\x00\x07\xa1\xea\xdd\x02\x00\x00\x00"

// A compressed file that cannot be told yet keeps what its log misses from being lost.
func TestCompressedWaits(t *testing.T) {
	w := newWorld(t)
	w.write("sora.jsonl.1.gz", gzipped)
	c := w.loose()
	w.x.Apply(match.Verdict{What: match.Wait}, c, w.now)
	if c.Release(); !c.Fam.strangers.Waiting() {
		t.Error("it does not wait")
	}
}

// What a file is like is what it was like when it was opened, not when it was listed.
func TestAsOpened(t *testing.T) {
	w := newWorld(t)
	w.write("sora.jsonl", "a\n")
	_, loose := w.look()
	w.write("sora.jsonl", lines("a"))
	c := w.x.Candidate(loose[0])
	defer c.Release()
	v := w.x.View(none, nil)
	defer v.Close()
	if f := c.AsFound(v, w.now); f.Stat.Size != 216 || loose[0].File.Stat.Size != 216 || f.Early == nil || f.Early.Size != 2 {
		t.Errorf("%+v, at first %+v", f.Stat, f.Early)
	}
}

// none is no generation.
func none(func(*Generation) bool) {}

// What is older than what was settled of its log, or than the source, is left alone.
func TestFloor(t *testing.T) {
	w := newWorld(t)
	w.write("sora.jsonl", "a\n")
	w.scan()
	f := w.must("sora.jsonl").fam
	source := w.s.Early.Floor()
	for _, floor := range []int64{source - 5, source + 5} {
		f.floor = floor
		v := &View{logs: map[*Family]*match.Log{}}
		if got := v.Log(f).Floor; got != max(floor, source) {
			t.Errorf("%d, of %d and %d", got, floor, source)
		}
	}
}

// Nothing is compared that is no copy.
func TestComparesOnlyCopies(t *testing.T) {
	w := newWorld(t)
	w.write("sora.jsonl", lines("a"))
	w.scan()
	changes := w.changes.Load()
	if w.x.CompareCopies(w.now); w.changes.Load() != changes {
		t.Error("something is to be saved")
	}
}

// A file that was moved out is deleted when it has no name any more, and not before.
func TestLookAtMoved(t *testing.T) {
	w := newWorld(t)
	w.write("sora.jsonl", lines("a"))
	w.scan()
	w.rename("sora.jsonl", "elsewhere/x")
	w.look()
	for _, want := range []place.State{place.Moved, place.Deleted} {
		w.pass(time.Minute)
		if w.x.LookAtMoved(w.now); w.must("sora.jsonl").at.State != want {
			t.Errorf("%s, want %s", w.where(), want)
		}
		if want == place.Moved {
			w.remove("elsewhere/x")
		}
	}
}
