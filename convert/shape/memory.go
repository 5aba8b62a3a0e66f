package shape

// A Memory holds shapes by their keys: each at the place that its key names, or at one
// of the next seven, so that a few that are all in use hardly ever take a place from
// each other. It is not safe for concurrent use.
type Memory[T any] struct {
	keys   []uint64 // 0 where there is no shape, and odd
	shapes []Shape[T]
	wanted int // by how many texts since the last one took another's place
}

const (
	reach = 8

	// patience is how many texts want a place that another one has until one of them
	// gets it. Most texts that come once are not learnt then, and learning costs
	// little where all differ.
	patience = 8
)

// NewMemory returns a Memory for so many shapes, a power of two and at least 8.
func NewMemory[T any](places int) *Memory[T] {
	return &Memory[T]{keys: make([]uint64, places), shapes: make([]Shape[T], places)}
}

// Find returns a shape that is known by the key, or nil. Several may be known by one:
//
//	for s := m.Find(key); s != nil; s = m.Next(s) {
//		if …the text is of that shape… {
//			s.Take()
//
// The upper half of a key is to be as good as random.
func (m *Memory[T]) Find(key uint64) *Shape[T] { return m.find(key|1, 0) }

// Next returns the next shape that is known by the key of s, or nil.
func (m *Memory[T]) Next(s *Shape[T]) *Shape[T] { return m.find(s.key, s.step+1) }

func (m *Memory[T]) find(key uint64, step int) *Shape[T] {
	for ; step < reach; step++ {
		if at := m.at(key, step); m.keys[at] == key {
			return &m.shapes[at]
		}
	}
	return nil
}

func (m *Memory[T]) at(key uint64, step int) int { return (int(key>>32) + step) & (len(m.keys) - 1) }

// Take says that a text had the shape, which keeps it where it is.
func (s *Shape[T]) Take() { s.taken = true }

// Learn remembers a text that was parsed: it makes the shape of texts before
// fit this one as well, or makes a new one. It returns the shape, whose Data is
// then to be set, or nil if there is none.
func (m *Memory[T]) Learn(key uint64, t *Text) *Shape[T] {
	first, ok := t.begin()
	if !ok {
		return nil
	}
	for s := m.Find(key); s != nil; s = m.Next(s) {
		holes := first
		if s.differs(t, &holes) {
			s.build(t, &holes)
			return s
		}
	}
	step := m.room(key)
	if step < 0 {
		return nil
	}
	at := m.at(key, step)
	s := &m.shapes[at]
	s.key, s.step = key|1, step
	m.keys[at] = s.key
	s.build(t, &first)
	return s
}

// room is how far from the place that the key names there is one that is free, or has
// a shape that was not taken since room was last looked for, or -1.
func (m *Memory[T]) room(key uint64) int {
	for step := range reach {
		if m.keys[m.at(key, step)] == 0 {
			return step
		}
	}
	if m.wanted++; m.wanted < patience {
		return -1
	}
	m.wanted = 0
	for step := range reach {
		s := &m.shapes[m.at(key, step)]
		if !s.taken {
			return step
		}
		s.taken = false
	}
	return 0
}
