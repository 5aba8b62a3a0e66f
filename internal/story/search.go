package story

import (
	"bytes"
	"cmp"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/rtcship/rtcship/internal/reader"
)

// A Search is where stories are looked for.
type Search struct {
	Inputs   []reader.Input
	Settings *reader.Settings
	Progress func(bytes int64) // is told of inputs that were read; may be nil
}

// Find returns what a query may mean, what fits best alone. It looks at every
// entry that holds the words of the query. The error is about inputs that could
// not be read; the others were.
func (s *Search) Find(q Query) ([]*Subject, error) {
	words := []string{q.Text}
	if len(q.Text) >= 20 && !strings.ContainsAny(q.Text, " @") {
		words[0] = q.Text[:8] // legacy lines have no more of an id
	}
	var mu sync.Mutex
	found := &finder{query: q, all: map[string]*Subject{}}
	err := s.each(words, true, func() (func(*reader.Record), func()) {
		f := &finder{query: q, all: map[string]*Subject{}}
		return f.look, func() {
			mu.Lock()
			defer mu.Unlock()
			found.merge(f)
		}
	})
	return found.best(), err
}

// Together returns the one subject that all of them are, if they are: somebody
// who came by both servers is one participant.
func Together(all []*Subject) (*Subject, bool) { return together(all) }

// each reads all inputs with as many workers as there are cores, and gives
// each worker's function the records of entries that hold one of the words.
func (s *Search) each(words []string, fold bool, start func() (look func(*reader.Record), done func())) error {
	inputs := slices.Clone(s.Inputs)
	slices.SortStableFunc(inputs, func(a, b reader.Input) int { return cmp.Compare(b.Size, a.Size) })
	workers := min(len(inputs), runtime.GOMAXPROCS(0), 2)
	if s.Settings.Small {
		workers = 1
	}
	var mu sync.Mutex
	var errs []error
	next := 0
	take := func() *reader.Input {
		mu.Lock()
		defer mu.Unlock()
		if next == len(inputs) {
			return nil
		}
		next++
		return &inputs[next-1]
	}
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			keep := keeper(words, fold)
			look, done := start()
			defer done()
			for in := take(); in != nil; in = take() {
				err := in.Read(s.Settings, keep, func(r *reader.Record) bool { look(r); return true })
				mu.Lock()
				if err != nil {
					errs = append(errs, err)
				}
				if s.Progress != nil {
					s.Progress(in.Size)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// keeper keeps texts that hold one of the words, and those that may hold one in
// an escaped form.
func keeper(words []string, fold bool) reader.Keep {
	n := newNeedles(slices.Clone(words), fold)
	escaped := slices.ContainsFunc(words, func(w string) bool { return !plain(w) })
	return func(text []byte) bool {
		return n.in(text) || escaped && bytes.IndexByte(text, '\\') >= 0
	}
}
