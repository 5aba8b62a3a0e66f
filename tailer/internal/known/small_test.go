package known

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/place"
)

// A small file that is settled lies on the shelf, and is no generation any more.
func TestShelve(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(*world, *Generation)
		want bool
	}{
		{"settled", func(*world, *Generation) {}, true},
		{"written just now", func(w *world, g *Generation) { g.at.Changed = w.now }, false},
		{"not settled", func(_ *world, g *Generation) { g.Rewind(pos(3)) }, false},
		{"gone just now", func(w *world, g *Generation) { w.remove("small/a.jsonl"); w.look() }, false},
		{"something of it is lost", func(w *world, g *Generation) { w.x.while(func() { w.x.gap(g, 0, 1, "x", w.now) }) }, false},
		{"two of it are known", func(w *world, g *Generation) { g.fam.add(newGeneration(g.fam, w.now)) }, false},
	} {
		w := newWorld(t)
		w.write("small/a.jsonl", lines("a"))
		w.scan()
		g := w.must("small/a.jsonl")
		w.settle(g)
		w.pass(5 * time.Second)
		test.do(w, g)
		w.x.Finish(g.fam, w.now) // closes it
		w.x.Finish(g.fam, w.now)
		if got := w.gen("small/a.jsonl") == nil; got != test.want {
			t.Errorf("%s: on the shelf: %v", test.name, got)
		}
		status := ""
		for _, s := range w.x.Status() {
			status += fmt.Sprintf("%s %s %d %d;", filepath.Base(s.Path), s.State, s.Files, s.Settled)
		}
		if on := strings.Contains(status, "* settled 1 216;"); on != test.want {
			t.Errorf("%s: status: %s", test.name, status)
		}
	}
}

// A shelved file that has grown goes on, under its id, where it was settled; one that
// holds something else is new.
func TestComesOffTheShelf(t *testing.T) {
	for _, test := range []struct {
		name string
		text string
		same bool
	}{
		{"grown", lines("a") + "more\n", true},
		{"another", lines("b"), false},
	} {
		w := newWorld(t)
		w.write("small/a.jsonl", lines("a"))
		w.scan()
		g := w.must("small/a.jsonl")
		id := g.HexID()
		w.settle(g)
		w.pass(time.Minute)
		w.scan()
		w.scan()
		if w.gen("small/a.jsonl") != nil {
			t.Fatal("it is not on the shelf")
		}
		w.pass(time.Minute)
		w.write("small/a.jsonl", test.text)
		_, loose := w.look()
		if len(loose) != 1 {
			t.Errorf("%s: %d are loose", test.name, len(loose))
		}
		if g = w.gen("small/a.jsonl"); (g != nil) != test.same {
			t.Errorf("%s: it is known: %v", test.name, g != nil)
		}
		if g != nil {
			v := g.View() // as if the growth had not been seen
			if g.HexID() != id || v.Settled.At != 216 || v.Read.At != 216 || v.Size != 216 || g.at.Key != loose[0].Stat.Key || g.at.Stat.Like(loose[0].Stat) {
				t.Errorf("%s: %+v, at %+v", test.name, v, g.at)
			}
		}
		for _, s := range w.x.Status() {
			if s.State == place.Settled && s.Files != 0 {
				t.Errorf("%s: it is on the shelf as well", test.name)
			}
		}
	}
}

// What the ledger says: each generation, and what is there and not followed.
func TestStatus(t *testing.T) {
	w := newWorld(t)
	w.write("sora.jsonl", lines("a"))
	w.write("b.jsonl", lines("b"))
	w.write("c.jsonl", lines("c"))
	other := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(other, []byte("outside\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, w.path("link.jsonl")); err != nil {
		t.Fatal(err)
	}
	w.write("sora.jsonl.1.gz", "no such thing")
	w.scan()
	w.settle(w.must("sora.jsonl"))
	w.settle(w.must("b.jsonl"), 24)
	w.must("c.jsonl").Fail(os.ErrPermission)
	got := map[string]FileStatus{}
	last := ""
	for _, s := range w.x.Status() {
		if s.Path < last || s.Source != "sora" {
			t.Errorf("%s after %s", s.Path, last)
		}
		last = s.Path
		got[filepath.Base(s.Path)] = s
	}
	for name, want := range map[string]FileStatus{
		"sora.jsonl":      {Log: "sora", State: place.Live, Size: 216, Read: 216, Settled: 216},
		"b.jsonl":         {Log: "b", State: place.Live, Size: 216, Read: 24, Settled: 24, Lag: 192},
		"c.jsonl":         {Log: "c", State: place.Unreadable, Size: 216, Lag: 216, Error: "permission denied"},
		"link.jsonl":      {Log: "link", State: place.Ignored},
		"sora.jsonl.1.gz": {Log: "sora", State: place.Unreadable},
	} {
		s := got[name]
		if s.Log != want.Log || s.State != want.State || s.Size != want.Size && want.State != place.Ignored || s.Read != want.Read || s.Settled != want.Settled || s.Lag != want.Lag || want.Error != "" && s.Error != want.Error {
			t.Errorf("%s: %+v", name, s)
		}
		if (s.Error == "") != (name == "sora.jsonl" || name == "b.jsonl") {
			t.Errorf("%s: error %q", name, s.Error)
		}
	}
	if len(got) != 5 {
		t.Errorf("%d lines", len(got))
	}
	if b := got["c.jsonl"].Behind; b <= 0 {
		t.Errorf("behind for %v", b)
	}
	if b := got["sora.jsonl"].Behind; b != 0 {
		t.Errorf("behind for %v with nothing to do", b)
	}
	w.must("sora.jsonl").Close()
	w.write("sora.jsonl", lines("a")+lines("a"))
	w.must("b.jsonl").Close()
	w.remove("b.jsonl")
	w.x.SeeSizes()
	if v := w.must("sora.jsonl").View(); v.Size != 432 {
		t.Errorf("%d bytes are there", v.Size)
	}
	if v := w.must("b.jsonl").View(); v.Size != 216 {
		t.Errorf("%d bytes are there of what is not", v.Size)
	}
}
