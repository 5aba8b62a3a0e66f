package known

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/match"
	"github.com/rtcship/rtcship/tailer/internal/place"
	"github.com/rtcship/rtcship/tailer/internal/progress"
)

// An open file that holds other bytes by now is another generation, and the one it was
// is looked for; one that has only lost its end is the same.
func TestLooksIntoAFile(t *testing.T) {
	a, b := lines("a"), lines("b")
	for _, test := range []struct {
		name  string
		file  string
		do    func(w *world)
		want  string // known afterwards
		gaps  string
		again bool // it is to be looked for at once
	}{
		{"as it was", "sora.jsonl", func(*world) {}, "sora.jsonl live", "", false},
		{"grown", "sora.jsonl", func(w *world) { w.write("sora.jsonl", a+"more\n") }, "sora.jsonl live", "", false},
		{"touched", "sora.jsonl", func(w *world) { w.write("sora.jsonl", a) }, "sora.jsonl live", "", false},
		{"truncated", "sora.jsonl", func(w *world) { w.write("sora.jsonl", "") }, "sora.jsonl live, sora.jsonl missing", "", true},
		{"truncated and written again", "sora.jsonl", func(w *world) { w.write("sora.jsonl", b) }, "sora.jsonl live, sora.jsonl missing", "", true},
		{"truncated and written again, and longer", "sora.jsonl", func(w *world) { w.write("sora.jsonl", b+b) }, "sora.jsonl live", "", false}, // the read will tell
		{"truncated, and as far as it goes the same", "sora.jsonl", func(w *world) { w.write("sora.jsonl", a[:len(a)-5]) }, "sora.jsonl live, sora.jsonl missing", "", true},
		{"another log copied over it", "other.jsonl", func(w *world) { w.write("other.jsonl", a) }, "other.jsonl missing, sora.jsonl live", "", true},
		{"a rotated one, and another log copied over it", "other.jsonl", func(w *world) {
			w.rename("other.jsonl", "other.jsonl.1")
			w.look()
			w.write("other.jsonl.1", a)
		}, "other.jsonl.1 missing, other.jsonl.1 rotated, sora.jsonl live", "", true},
		{"another log's beginning, that is no longer one", "other.jsonl", func(w *world) { w.write("other.jsonl", lines("b")) }, "other.jsonl live, other.jsonl missing, sora.jsonl live", "", true},
		{"written as a whole again", "ulimit.log", func(w *world) { w.write("ulimit.log", lines("ulimit.log")) }, "sora.jsonl live, ulimit.log live, ulimit.log missing", "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.write("sora.jsonl", a)
			if test.file != "sora.jsonl" {
				w.write(test.file, lines(test.file))
			}
			w.scan()
			for _, g := range w.x.All() {
				w.settle(g)
			}
			g := w.must(test.file)
			w.pass(time.Minute)
			rescans := w.rescans
			test.do(w)
			w.x.StatNow(g, w.now)
			w.want(test.want)
			if again := w.rescans > rescans; again != test.again {
				t.Errorf("looked for at once: %v", again)
			}
			var gaps []string
			for _, gap := range g.View().Gaps {
				gaps = append(gaps, fmt.Sprintf("%d+%d %s", gap.At, gap.Bytes, gap.Reason))
			}
			if got := strings.Join(gaps, ", "); got != test.gaps {
				t.Errorf("gaps: %q", got)
			}
			if n := int64(strings.Count(test.want, "live") + strings.Count(test.want, "rotated")); w.x.OpenFiles() != n {
				t.Errorf("%d files are open, %d live", w.x.OpenFiles(), n)
			}
		})
	}
}

// What was seen of a file and not read is a gap when it is cut off the end.
func TestCutOffTheEnd(t *testing.T) {
	for _, test := range []struct {
		name string
		twin bool // another generation ends its read lines in the same way
		want string
		gap  string
	}{
		{"", false, "x.jsonl live", "216+20 removed from the end of the file"},
		{"begun again, a copy is there", true, "x.jsonl live, x.jsonl missing, x.jsonl.1 rotated", ""},
	} {
		w := newWorld(t)
		a := lines("a")
		w.write("x.jsonl", a)
		w.scan()
		g := w.must("x.jsonl")
		w.settle(g)
		if test.twin {
			w.write("x.jsonl.1", a)
			w.scan()
			w.must("x.jsonl.1")
			w.settle(w.must("x.jsonl.1"))
		}
		w.pass(time.Second)
		w.write("x.jsonl", a+"what was never read\n")
		w.x.StatNow(g, w.now)
		w.pass(time.Second)
		w.write("x.jsonl", a)
		w.x.StatNow(g, w.now)
		w.want(test.want)
		gap := ""
		for _, gp := range g.View().Gaps {
			gap = fmt.Sprintf("%d+%d %s", gp.At, gp.Bytes, gp.Reason)
		}
		if gap != test.gap {
			t.Errorf("%s: gap %q", test.name, gap)
		}
	}
}

// A file that has lost more than its end, or of which nothing was read, is another one
// by now: what was there may be in a copy.
func TestCutShort(t *testing.T) {
	long := strings.Repeat(lines("a"), 20)
	for _, test := range []struct {
		name   string
		text   string
		read   int64
		left   int
		framed bool
		want   string
	}{
		{"behind what was read", long, 2160, 2200, false, "x.jsonl live; 2200+2120 removed from the end of the file"},
		{"behind what was read, of a Format", long, 2160, 2200, true, "x.jsonl live; "}, // a torn tail
		{"nothing was read", long, 0, 2200, false, "x.jsonl live, x.jsonl missing; "},
		{"before the end of its head", lines("a"), 96, 120, false, "x.jsonl live, x.jsonl missing; "},
		{"before what was read", long, 2160, 2000, false, "x.jsonl live, x.jsonl missing; "},
		{"and its beginning differs", long, 2160, -2201, false, "x.jsonl live, x.jsonl missing; "},
		{"and it differs", long, 2160, -2200, false, "x.jsonl live, x.jsonl missing; "},
	} {
		w := newWorld(t)
		w.write("x.jsonl", test.text)
		w.scan()
		g := w.must("x.jsonl")
		w.settle(g, test.read)
		w.pass(time.Second)
		text := []byte(test.text)[:max(test.left, -test.left)]
		if test.left < 0 {
			text[map[int]int{-2200: 2159, -2201: 5}[test.left]] ^= 1 // behind the head and before what was read, or in the head
		}
		if test.framed {
			w.s.Format = framed{}
		}
		w.write("x.jsonl", string(text))
		w.x.StatNow(g, w.now)
		got := w.where() + "; "
		for _, gap := range g.View().Gaps {
			got += fmt.Sprintf("%d+%d %s", gap.At, gap.Bytes, gap.Reason)
		}
		if got != test.want {
			t.Errorf("%s: %s", test.name, got)
		}
	}
}

// framed is a Format of which nothing is read.
type framed struct{ entry.Format }

// When a file was seen to change, and to grow, is noted.
func TestObserve(t *testing.T) {
	for _, test := range []struct {
		name           string
		text           string
		changed, grown bool
		copied         bool
	}{
		{"as it was", "", false, false, false},
		{"touched", lines("a"), true, false, false},
		{"grown", lines("a") + "more\n", true, true, false},
		{"a copy has grown", lines("a") + "more\n", true, true, true},
	} {
		w := newWorld(t)
		w.write("sora.jsonl", lines("a"))
		w.scan()
		g := w.must("sora.jsonl")
		w.settle(g)
		if test.copied {
			g.SkipTo(progress.Start{Head: []byte(lines("a")), At: g.View().Read.Mark, CopyOf: "the one"})
		}
		before := w.now
		w.pass(time.Minute)
		if test.text != "" {
			w.write("sora.jsonl", test.text)
		}
		rescans := w.rescans
		w.x.StatNow(g, w.now)
		if got := g.Quiet(w.now) == 0; got != test.changed {
			t.Errorf("%s: seen to change %v ago", test.name, g.Quiet(w.now))
		}
		want := before
		if test.changed {
			want = w.now // one that was only written counts as grown when it was looked into
		}
		if g.at.Written != want.UnixNano() {
			t.Errorf("%s: seen to have grown at %v", test.name, time.Unix(0, g.at.Written))
		}
		if again := w.rescans > rescans; again != test.copied {
			t.Errorf("%s: compared at once: %v", test.name, again)
		}
		if held := g.IsHeld(); held != test.copied {
			t.Errorf("%s: held: %v", test.name, held)
		}
	}
}

// The next generation of a file that is truncated is as far from its name as the one
// before, and of a copy is held until it is compared.
func TestTruncatedGoesOn(t *testing.T) {
	w := newWorld(t)
	w.write("sora.jsonl", lines("a"))
	w.scan()
	g := w.must("sora.jsonl")
	w.settle(g)
	g.SkipTo(progress.Start{Head: []byte(lines("a")), At: g.View().Read.Mark, CopyOf: "the one"})
	w.rename("sora.jsonl", "sora.jsonl.1")
	w.look()
	w.pass(time.Minute)
	w.write("sora.jsonl.1", "b\n")
	f := g.fam
	f.Feed(w.now)
	w.x.StatNow(g, w.now)
	if len(f.gens) != 2 {
		t.Fatalf("%d generations", len(f.gens))
	}
	if f.Feed(w.now); len(f.turns) != 2 {
		t.Errorf("%d are read", len(f.turns))
	}
	n := f.gens[1]
	if n.Away(w.now) != time.Minute || n.at.State != place.Rotated || n.at.Key == g.at.Key || n.id == g.id {
		t.Errorf("the next one is %+v", n.at)
	}
	if v := n.View(); v.CopyOf != "the one" || !v.Held || v.Size != 2 {
		t.Errorf("the next one is %+v", v)
	}
	if g.Src() != nil || n.Src() == nil || len(w.x.OpenFamilies()) != 1 {
		t.Error("the file is not the next one's")
	}
	if !f.search.Equal(w.now) {
		t.Error("the one before is not searched for")
	}
}

// A file that still is what it was is not read for nothing.
func TestIntact(t *testing.T) {
	a := lines("a")
	for _, test := range []struct {
		name string
		text string
		want bool
	}{
		{"as it was", a, true}, {"grown", a + "more\n", true},
		{"shorter", a[:100], false}, {"another", lines("b"), false}, {"another end", a[:len(a)-9] + "otherwise\n"[1:], false},
	} {
		w := newWorld(t)
		w.write("sora.jsonl", a)
		w.scan()
		g := w.must("sora.jsonl")
		w.settle(g)
		w.write("sora.jsonl", test.text)
		if got := g.Intact(); got != test.want {
			t.Errorf("%s: intact: %v", test.name, got)
		}
	}
	w := newWorld(t)
	long := strings.Repeat(a, 20) // longer than its head
	w.write("sora.jsonl", long)
	w.scan()
	g := w.must("sora.jsonl")
	w.settle(g)
	w.write("sora.jsonl", long[:len(long)-9]+"another.\n")
	if g.Intact() {
		t.Error("another end is taken for the same")
	}
	w.write("sora.jsonl", long+"something more\n")
	w.pass(time.Second)
	w.x.StatNow(g, w.now)
	w.write("sora.jsonl", long+"some")
	if g.Intact() {
		t.Error("what was seen and is not there any more is not missed")
	}
}

// Whom a file may have to do with: those of its log, those with its inode, and those
// that begin as it does, wherever they are.
func TestConcerned(t *testing.T) {
	w := newWorld(t)
	w.write("sora.jsonl", lines("a"))
	w.write("alike.jsonl", lines("c"))
	w.write("other.jsonl", lines("o"))
	w.write("inode.jsonl", lines("i"))
	w.write("short.jsonl", "s\n")
	w.scan()
	for _, g := range w.x.All() {
		w.settle(g)
	}
	segments := struct{ entry.Format }{}
	for _, test := range []struct {
		name string
		do   func(c *Candidate)
		want string
	}{
		{"of its log", func(*Candidate) {}, "sora.jsonl"},
		{"begins as another", func(c *Candidate) { c.Head = []byte(lines("c")) }, "alike.jsonl sora.jsonl"},
		{"begins as another, and is too short", func(c *Candidate) { c.Head = []byte(lines("c"))[:match.Little-1] }, "sora.jsonl"},
		{"has its inode", func(c *Candidate) { c.Opened.Stat.Key = w.must("inode.jsonl").at.Key }, "inode.jsonl sora.jsonl"},
		{"written anew as it is", func(c *Candidate) {
			c.Head = []byte(lines("z"))
			w.write("other.jsonl", lines("z"))
		}, "other.jsonl sora.jsonl"},
		{"begins as a segment", func(c *Candidate) { c.Head, w.s.Format = []byte(lines("c")), segments }, "sora.jsonl"},
		{"has the inode of a segment", func(c *Candidate) {
			c.Opened.Stat.Key, w.s.Format = w.must("inode.jsonl").at.Key, segments
		}, "sora.jsonl"},
		{"a segment of which little is known", func(*Candidate) {
			w.s.Format = segments
			w.write("short.jsonl", lines("s"))
			w.x.StatNow(w.must("short.jsonl"), w.now)
		}, "sora.jsonl"},
		{"one of which little is known", func(*Candidate) { w.write("short.jsonl", lines("s")); w.x.StatNow(w.must("short.jsonl"), w.now) }, "short.jsonl sora.jsonl"},
	} {
		w.write("sora.jsonl.1", lines("x"))
		w.pass(time.Minute)
		_, loose := w.look()
		c := w.x.Candidate(loose[0])
		test.do(c)
		var names []string
		for _, g := range w.x.Concerned([]*Candidate{c}) {
			names = append(names, strings.TrimPrefix(g.Path(), w.dir+"/"))
		}
		c.Release()
		w.s.Format = nil
		got := strings.Fields(strings.Join(names, " "))
		if want := strings.Fields(test.want); len(got) != len(want) || !sameSet(got, want) {
			t.Errorf("%s: %v, want %v", test.name, got, want)
		}
	}
}

func sameSet(a, b []string) bool {
	m := map[string]int{}
	for _, s := range a {
		m[s]++
	}
	for _, s := range b {
		m[s]--
	}
	for _, n := range m {
		if n != 0 {
			return false
		}
	}
	return true
}

// What is decided of a file is done, and a file that nobody took is closed.
func TestApply(t *testing.T) {
	for _, test := range []struct {
		name    string
		verdict func(w *world) match.Verdict
		want    string
		settled int64
		rests   bool // it is not looked into at the next scan
		reason  string
	}{
		{"new", func(*world) match.Verdict { return match.Verdict{What: match.New} }, "sora.jsonl.1 rotated", 0, false, ""},
		{"old", func(*world) match.Verdict { return match.Verdict{What: match.Old, At: 216} }, "sora.jsonl.1 rotated", 216, false, ""},
		{"left alone", func(*world) match.Verdict { return match.Verdict{What: match.Leave, Reason: "old"} }, "", 0, true, "old"},
		{"a copy that is left alone", func(*world) match.Verdict { return match.Verdict{What: match.Leave} }, "", 0, true, ""},
		{"not to be told yet", func(*world) match.Verdict { return match.Verdict{What: match.Wait} }, "", 0, true, ""},
		{"a place that cannot be read", func(*world) match.Verdict { return match.Verdict{What: match.Old, At: 1 << 40} }, "", 0, true, match.LeftOld},
	} {
		w := newWorld(t)
		w.write("sora.jsonl.1", lines("a"))
		_, loose := w.look()
		c := w.x.Candidate(w.x.Unknown(loose, false, w.now)[0])
		w.x.Apply(test.verdict(w), c, w.now)
		g := c.Release()
		w.want(test.want)
		if (g != nil) != (test.want != "") || w.x.OpenFiles() != map[bool]int64{true: 1}[g != nil] {
			t.Errorf("%s: %d files are open", test.name, w.x.OpenFiles())
		}
		if g != nil && g.View().Settled.At != test.settled {
			t.Errorf("%s: %d is settled", test.name, g.View().Settled.At)
		}
		_, loose = w.look()
		if rests := len(w.x.Unknown(loose, false, w.now)) == 0; g == nil && rests != test.rests {
			t.Errorf("%s: it rests: %v", test.name, rests)
		}
		w.finish()
		reason := ""
		for f := range w.s.Families() {
			for _, s := range f.Strangers() {
				reason += s.Reason
			}
		}
		if reason != test.reason {
			t.Errorf("%s: the reason is %q", test.name, reason)
		}
	}
}

// A copy that has grown as its original did is not sent; from where it differs it is.
func TestCompareCopies(t *testing.T) {
	for _, test := range []struct {
		name string
		copy string
		at   int64
		held bool
		of   bool
	}{
		{"as the original", lines("a"), 216, false, true},
		{"it differs", lines("a")[:168] + lines("b"), 168, false, false},
		{"nothing was read, and it is short", "b\n", 0, true, true},
	} {
		w := newWorld(t)
		w.write("sora.jsonl", lines("a"))
		w.write("copy.jsonl", test.copy)
		w.scan()
		orig, g := w.must("sora.jsonl"), w.must("copy.jsonl")
		g.SkipTo(progress.Start{CopyOf: orig.HexID(), Held: true})
		w.x.CompareCopies(w.now)
		v := g.View()
		if v.Read.At != test.at || v.Settled.At != test.at || v.Held != test.held || (v.CopyOf != "") != test.of {
			t.Errorf("%s: %+v", test.name, v)
		}
	}
}

// Nothing is begun in a file that was not to be opened.
func TestCandidate(t *testing.T) {
	for _, test := range []struct {
		name    string
		do      func(*world)
		file    string
		opened  bool
		waiting bool
	}{
		{"a log", func(w *world) { w.write("sora.jsonl", "a\n") }, "sora.jsonl", true, false},
		{"an empty log", func(w *world) { w.write("sora.jsonl", "") }, "sora.jsonl", true, false},
		{"an empty rotated one", func(w *world) { w.write("sora.jsonl.1", "") }, "sora.jsonl.1", false, false},
		{"there is no room", func(w *world) { w.write("sora.jsonl", "a\n"); w.x.cfg.OpenFiles = 0 }, "sora.jsonl", true, false},
		{"compressed, and only begun", func(w *world) { w.write("sora.jsonl.1.gz", "\x1f\x8b") }, "sora.jsonl.1.gz", false, false},
		{"compressed, and no such thing", func(w *world) { w.write("sora.jsonl.1.gz", lines("a")) }, "sora.jsonl.1.gz", false, true},
	} {
		w := newWorld(t)
		test.do(w)
		_, loose := w.look()
		c := w.x.Candidate(loose[0])
		f := loose[0].Fam
		if (c != nil) != test.opened || f.strangers.Waiting() != test.waiting {
			t.Errorf("%s: opened %v, waiting %v", test.name, c != nil, f.strangers.Waiting())
		}
		if c != nil {
			c.Release()
		}
	}
	w := newWorld(t)
	w.write("sora.jsonl", "a\n")
	_, loose := w.look()
	if err := os.Remove(w.path("sora.jsonl")); err != nil {
		t.Fatal(err)
	}
	if c := w.x.Candidate(loose[0]); c != nil || !loose[0].Fam.strangers.Waiting() {
		t.Error("what has gone is opened, or what it held is lost at once")
	}
}
