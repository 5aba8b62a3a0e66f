package saved

import (
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

func newStore(t *testing.T) *Store {
	s := NewStore(t.TempDir(), slog.New(slog.DiscardHandler))
	s.NoSync = true
	return s
}

// gen is a generation of which some bytes are settled.
func gen(i int, settled int64) Generation {
	var p file.Fingerprint
	p.Grow(fmt.Appendf(nil, "%0200d", i))
	g := Generation{ID: fmt.Sprintf("%032x", i), Source: "sora", File: Path(fmt.Sprintf("/log/%d.log", i)), Settled: settled, Size: 1000, Print: Print{Head: p.HeadLen}}
	for _, h := range p.Heads {
		g.Heads = append(g.Heads, Hash(h))
	}
	return g
}

func encoded(gens ...Generation) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for i := range gens {
			if !yield(json.Marshal(&gens[i])) {
				return
			}
		}
	}
}

// settled is what a store says of each generation.
func settled(t *testing.T, s *Store) map[string]int64 {
	t.Helper()
	c, err := NewStore(s.Dir, s.log).Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]int64{}
	for _, g := range c.Generations {
		m[string(g.File)] = g.Settled
	}
	return m
}

func want(t *testing.T, s *Store, what string, want map[string]int64) {
	t.Helper()
	if got := settled(t, s); !maps.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// What is appended counts instead of what the checkpoint says, and what was
// forgotten does not come back.
func TestJournal(t *testing.T) {
	s := newStore(t)
	if s.Appendable() {
		t.Error("there is nothing to append to")
	}
	if err := s.Replace(&Checkpoint{Logs: []Log{{Source: "sora", File: "/log/1.log"}, {Source: "sora", File: "/log/2.log"}}}, true, encoded(gen(1, 10), gen(2, 20), gen(3, 30))); err != nil {
		t.Fatal(err)
	}
	one, four, late := gen(1, 11), gen(4, 40), gen(1, 12)
	for _, changes := range [][]Change{
		{{Generation: &one}, {Forgotten: gen(2, 0).ID}, {NoLog: &Log{Source: "sora", File: "/log/2.log"}}},
		{{Generation: &four}, {Name: "sora", Source: &Source{Late: true}}, {Log: &Log{Source: "sora", File: "/log/1.log", Clock: time.Unix(7, 0)}}},
		{{Generation: &late}},
	} {
		if err := s.Append(changes); err != nil {
			t.Fatal(err)
		}
	}
	want(t, s, "with a journal", map[string]int64{"/log/1.log": 12, "/log/3.log": 30, "/log/4.log": 40})
	c, err := s.Load(nil)
	if err != nil || !c.Sources["sora"].Late || len(c.Logs) != 1 || c.Logs[0].Clock.Unix() != 7 {
		t.Errorf("%+v, %v", c, err)
	}
	if err := s.Replace(&Checkpoint{}, true, encoded(gen(5, 50))); err != nil {
		t.Fatal(err)
	}
	want(t, s, "a new checkpoint beside the journal of the one before", map[string]int64{"/log/5.log": 50})
	if err := os.WriteFile(filepath.Join(s.Dir, PositionsFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, s, "the previous one, with its journal", map[string]int64{"/log/1.log": 12, "/log/3.log": 30, "/log/4.log": 40})
}

// A journal that was cut short at any byte, or holds a byte that was not written,
// says what was saved together before that or nothing of it.
func TestJournalThatIsDamaged(t *testing.T) {
	s := newStore(t)
	if err := s.Replace(&Checkpoint{}, true, encoded(gen(1, 10), gen(2, 20))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.Dir, journalFile)
	size := []int{0}
	for i := range int64(2) {
		one, two := gen(1, 11+i), gen(2, 21+i)
		if err := s.Append([]Change{{Generation: &one}, {Generation: &two}}); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		size = append(size, len(b))
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut <= len(whole); cut += 7 {
		saved := int64(0)
		for saved < 2 && cut >= size[saved+1] {
			saved++
		}
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		want(t, s, fmt.Sprintf("cut to %d of %d", cut, size), map[string]int64{"/log/1.log": 10 + saved, "/log/2.log": 20 + saved})
		if cut < size[1] {
			continue
		}
		b := append([]byte{}, whole...)
		b[min(cut, len(b)-2)] ^= 1
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		want(t, s, fmt.Sprintf("byte %d is another", cut), map[string]int64{"/log/1.log": 11, "/log/2.log": 21})
	}
}

// A checkpoint that is all there is can be read by a release that knows of no
// journal; one that is not is refused by it.
func TestVersionTellsWhetherThereIsAJournal(t *testing.T) {
	s := newStore(t)
	for _, journal := range []bool{false, true, false} {
		if err := s.Replace(&Checkpoint{}, journal, encoded(gen(1, 1))); err != nil {
			t.Fatal(err)
		}
		c, err := ReadCheckpoint(filepath.Join(s.Dir, PositionsFile))
		if err != nil || (c.Version == 1) == journal || s.Appendable() != journal || s.Journaled() != journal {
			t.Errorf("journal %v: version %d, %v", journal, c.Version, err)
		}
	}
}

// After an error nothing is appended to what may be there.
func TestJournalThatCannotBeWritten(t *testing.T) {
	s := newStore(t)
	if err := s.Replace(&Checkpoint{}, true, encoded(gen(1, 1))); err != nil {
		t.Fatal(err)
	}
	one := gen(1, 2)
	if err := os.Mkdir(filepath.Join(s.Dir, journalFile), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.Dir, journalFile, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Append([]Change{{Generation: &one}}); err == nil || s.Appendable() {
		t.Errorf("%v, and appendable: %v", err, s.Appendable())
	}
}

// A journal does not become larger than its checkpoint, nor very large at all.
func TestJournalIsBounded(t *testing.T) {
	s := newStore(t)
	if err := s.Replace(&Checkpoint{}, true, encoded(gen(1, 1))); err != nil {
		t.Fatal(err)
	}
	n := 0
	for ; s.Appendable(); n++ {
		one := gen(1, int64(n))
		if err := s.Append([]Change{{Generation: &one}}); err != nil {
			t.Fatal(err)
		}
	}
	if size := s.Written.Load(); size > 2*leastJournal || n < 500 {
		t.Errorf("%d bytes after %d times", size, n)
	}
	want(t, s, "in the end", map[string]int64{"/log/1.log": int64(n - 1)})
}
