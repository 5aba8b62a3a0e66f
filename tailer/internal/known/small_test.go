package known

import (
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/saved"
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
		{"not settled", func(w *world, g *Generation) { w.close(g); g.Rewind(pos(3)) }, false},
		{"gone just now", func(w *world, g *Generation) { w.close(g); w.remove("small/a.jsonl"); w.look() }, false},
		{"something of it is lost", func(w *world, g *Generation) { w.x.while(func() { w.x.gap(g, 0, 1, "x", w.now) }) }, false},
		{"a file waits that may be its own", func(w *world, g *Generation) { g.fam.strangers.Later() }, false},
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
		w.x.Do(func(l Locked) {
			if list := l.TakeForgotten(); test.want != (len(list) == 2) || test.want && (list[0].Forgotten != g.HexID() || list[1].NoLog == nil) {
				t.Errorf("%s: forgotten: %+v", test.name, list)
			}
		})
		sum := w.s.Small.Sums()[w.path("small")]
		if on := sum == (saved.Sum{Files: 1, Bytes: 216, Entries: 9, SettledEntries: 9}); on != test.want {
			t.Errorf("%s: on the shelf: %+v", test.name, sum)
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
		if n := w.s.Small.Sums()[w.path("small")].Files; n != 0 {
			t.Errorf("%s: it is on the shelf as well", test.name)
		}
	}
}

// At rest the present size of a file counts, if it is where it was.
func TestSeeSizes(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(*world)
		want int64
	}{
		{"grown", func(w *world) { w.write("sora.jsonl", lines("a")+lines("a")) }, 432},
		{"gone", func(w *world) { w.remove("sora.jsonl") }, 216},
		{"another", func(w *world) { w.rename("sora.jsonl", "kept"); w.write("sora.jsonl", "x") }, 216},
	} {
		w := newWorld(t)
		w.write("sora.jsonl", lines("a"))
		w.scan()
		g := w.must("sora.jsonl")
		g.Close()
		test.do(w)
		if w.x.SeeSizes(); g.View().Size != test.want {
			t.Errorf("%s: %d bytes", test.name, g.View().Size)
		}
	}
}
