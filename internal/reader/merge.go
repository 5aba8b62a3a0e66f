package reader

import (
	"container/heap"
	"errors"
	"iter"
	"time"
)

// Merge calls each with all records of all inputs in order of time, until it
// returns false. Within an input the order stays as it was written, and a record
// without a time has that of the one before it. A file is held open only while
// the stream is between its first and its last record.
//
// An input that cannot be read is no reason not to read the others: the error,
// which comes at the end, names all of them.
func Merge(inputs []Input, s *Settings, each func(*Record) bool) error {
	m := &merge{}
	var errs []error
	for i := range inputs {
		first, err := firstTime(&inputs[i], s)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		m.heads = append(m.heads, &head{input: &inputs[i], key: first, place: i})
	}
	heap.Init(m)
	for m.Len() > 0 {
		h := m.heads[0]
		if h.record != nil && !each(h.record) {
			break
		}
		switch more, err := h.next(s); {
		case more:
			heap.Fix(m, 0)
		default:
			if err != nil {
				errs = append(errs, err)
			}
			heap.Pop(m)
		}
	}
	for _, h := range m.heads {
		h.close()
	}
	return errors.Join(errs...)
}

// firstTime is the time of an input's first record that has one.
func firstTime(i *Input, s *Settings) (t time.Time, err error) {
	n := 0
	err = i.Read(s, nil, func(r *Record) bool {
		t = r.Time
		n++
		return t.IsZero() && n < 10
	})
	return t, err
}

// A head is an input with the record it would give next.
type head struct {
	input  *Input
	record *Record // nil before the input is opened
	key    time.Time
	place  int
	pull   func() (*Record, error, bool)
	stop   func()
}

func (h *head) next(s *Settings) (bool, error) {
	if h.pull == nil {
		h.pull, h.stop = iter.Pull2(h.input.records(s))
	}
	r, err, ok := h.pull()
	if !ok || err != nil {
		h.close()
		return false, err
	}
	h.record = r
	if r.Time.After(h.key) {
		h.key = r.Time
	}
	return true, nil
}

func (h *head) close() {
	if h.stop != nil {
		h.stop()
		h.stop = nil
	}
}

type merge struct{ heads []*head }

func (m *merge) Len() int { return len(m.heads) }
func (m *merge) Less(i, j int) bool {
	a, b := m.heads[i], m.heads[j]
	if !a.key.Equal(b.key) {
		return a.key.Before(b.key)
	}
	return a.place < b.place
}
func (m *merge) Swap(i, j int) { m.heads[i], m.heads[j] = m.heads[j], m.heads[i] }
func (m *merge) Push(x any)    { m.heads = append(m.heads, x.(*head)) }
func (m *merge) Pop() any {
	h := m.heads[len(m.heads)-1]
	m.heads = m.heads[:len(m.heads)-1]
	return h
}
