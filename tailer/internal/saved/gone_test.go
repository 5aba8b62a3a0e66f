package saved

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func missing(i int, since time.Time) (*Log, *Generation) {
	g := gen(i, 1000)
	g.Missing = since
	return &Log{Source: g.Source, File: g.File, Newest: since}, &g
}

func loadGone(t *testing.T, s *Store, forget time.Time, move func(string, Path) Path) *Gone {
	t.Helper()
	g, err := LoadGone(GoneFile(s.Dir), forget, move)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g
}

func head(i int) []byte { return fmt.Appendf(nil, "%0200d and more", i) }

// What is gone is found by what its file begins with, before it is saved, after
// that, and by another process; once it is taken out it is not there any more.
func TestGone(t *testing.T) {
	s, now := newStore(t), time.Now()
	g := loadGone(t, s, time.Time{}, stays)
	for i := range 3000 {
		if err := g.Add(missing(i, now)); err != nil {
			t.Fatal(err)
		}
		if i == 1000 {
			if err := g.Save(s); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, g := range []*Gone{g, nil, nil} {
		if g == nil {
			g = loadGone(t, s, time.Time{}, stays)
		}
		for _, n := range []int{1 + i, 2000 + i} {
			_, gens := g.Like(head(n))
			if len(gens) != 1 || gens[0].ID != gen(n, 0).ID {
				t.Fatalf("%d: found %v", n, gens)
			}
			if _, again := g.Like(head(n)); len(again) != 0 {
				t.Errorf("%d: found again", n)
			}
			if _, known := g.Log("sora", gens[0].File); known {
				t.Errorf("%d: the log is still known", n)
			}
		}
		if newest, known := g.Log("sora", "/log/500.log"); !known || newest != now.UnixNano() {
			t.Errorf("log: %d, %v", newest, known)
		}
		if _, gens := g.Like([]byte("something else")); len(gens) > 0 {
			t.Errorf("found %v", gens)
		}
		g.Confirm(g.Unconfirmed()) // a checkpoint has them
		if err := g.Save(s); err != nil {
			t.Fatal(err)
		}
		if want := 3000 - 2*(i+1); g.Len() != want {
			t.Errorf("%d remembered, want %d", g.Len(), want)
		}
	}
}

// The file does not grow with what is forgotten or taken out, and survives being
// torn.
func TestGoneIsWrittenAnew(t *testing.T) {
	s, now := newStore(t), time.Now()
	g := loadGone(t, s, time.Time{}, stays)
	for round := range 10 {
		for i := range 500 {
			if err := g.Add(missing(i+round*500, now.Add(time.Duration(round)*time.Hour))); err != nil {
				t.Fatal(err)
			}
		}
		g.Forget(now.Add(time.Duration(round) * time.Hour))
		if err := g.Save(s); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(GoneFile(s.Dir))
	if err != nil || info.Size() > 2500*1024 {
		t.Errorf("%v, %v", info.Size(), err)
	}
	f, err := os.OpenFile(GoneFile(s.Dir), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, `{"log":{"sou`)
	f.Close()
	last := now.Add(9 * time.Hour)
	g = loadGone(t, s, last, stays)
	if g.Len() != 500 {
		t.Errorf("%d remembered", g.Len())
	}
	if err := g.Add(missing(9000, last)); err != nil {
		t.Fatal(err)
	}
	if err := g.Save(s); err != nil {
		t.Fatal(err)
	}
	g = loadGone(t, s, last.Add(time.Minute), stays)
	if g.Len() != 0 {
		t.Errorf("%d remembered of those that have been gone for too long", g.Len())
	}
	if g = loadGone(t, s, last, stays); g.Len() != 501 {
		t.Errorf("%d remembered", g.Len())
	}
}

// A directory that has another name by now has it in what is gone as well, once.
func TestGoneMoves(t *testing.T) {
	s, now := newStore(t), time.Now()
	g := loadGone(t, s, time.Time{}, stays)
	if err := g.Add(missing(1, now)); err != nil {
		t.Fatal(err)
	}
	if err := g.Save(s); err != nil {
		t.Fatal(err)
	}
	move := func(_ string, p Path) Path { return p.Move("/log", "/log/now") }
	g = loadGone(t, s, time.Time{}, move)
	if _, known := g.Log("sora", "/log/now/1.log"); !known {
		t.Error("not known where it is")
	}
	if err := g.Save(s); err != nil {
		t.Fatal(err)
	}
	g = loadGone(t, s, time.Time{}, stays)
	if _, gens := g.Like(head(1)); len(gens) != 1 || gens[0].File != "/log/now/1.log" {
		t.Errorf("found %v", gens)
	}
	if left, _ := filepath.Glob(GoneFile(s.Dir) + ".*"); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

// What the first line is like says nothing about how much memory to take: it may be
// damaged, or short.
func TestFirstLineOfWhatIsGone(t *testing.T) {
	for _, first := range []string{"\n", "x\n", `{"back":"0"}` + "\n"} {
		s := newStore(t)
		path := GoneFile(s.Dir)
		if err := os.WriteFile(path, []byte(first+strings.Repeat(strings.Repeat("x", 1<<20)+"\n", 8)), 0o600); err != nil {
			t.Fatal(err)
		}
		if g := loadGone(t, s, time.Time{}, stays); cap(g.lines) > 8<<20/leastText+1 {
			t.Errorf("%q: room for %d lines", first, cap(g.lines))
		}
	}
}
