package shape

// A Memory holds shapes by their keys. It is not safe for concurrent use.
type Memory[T any] struct {
	sets []set[T]
}

// A set is the shapes of all keys that have some bits in common.
type set[T any] struct {
	n      int // shapes there are
	keys   [ways]uint64
	shapes [ways]Shape[T]
	wanted int // by how many texts since the last one got a place
	turn   int
}

const (
	ways = 8

	// patience is how many texts want a place until one of them gets it, in a set
	// that is full. Most texts that come once are not learnt then, and learning
	// costs little where all differ.
	patience = 8
)

// NewMemory returns a Memory for 8 shapes in each of so many sets, which is a power
// of two.
func NewMemory[T any](sets int) *Memory[T] { return &Memory[T]{sets: make([]set[T], sets)} }

// Find returns a shape that is known by the key, or nil. Several may be known by one:
//
//	for s := m.Find(key); s != nil; s = s.Next() {
//		if …the text is of that shape… {
//			s.Take()
//
// The upper half of a key is to be as good as random.
func (m *Memory[T]) Find(key uint64) *Shape[T] { return m.of(key).find(key, 0) }

func (m *Memory[T]) of(key uint64) *set[T] { return &m.sets[key>>32&uint64(len(m.sets)-1)] }

// Next returns the next shape that is known by the key of this one, or nil.
func (s *Shape[T]) Next() *Shape[T] { return s.set.find(s.set.keys[s.place], s.place+1) }

func (s *set[T]) find(key uint64, from int) *Shape[T] {
	for i := from; i < s.n; i++ {
		if s.keys[i] == key {
			return &s.shapes[i]
		}
	}
	return nil
}

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
	for s := m.Find(key); s != nil; s = s.Next() {
		holes := first
		if s.differs(t, &holes) {
			s.build(t, &holes)
			return s
		}
	}
	s := m.of(key).room(key)
	if s != nil {
		s.build(t, &first)
	}
	return s
}

// room makes room for a key in a free place, or in that of a shape which was not
// taken since its turn was last. It returns nil if there is none.
func (s *set[T]) room(key uint64) *Shape[T] {
	i := s.n
	if i == ways {
		if s.wanted++; s.wanted < patience {
			return nil
		}
		i = s.next()
	}
	s.n, s.wanted = max(s.n, i+1), 0
	s.keys[i], s.shapes[i].set, s.shapes[i].place = key, s, i
	return &s.shapes[i]
}

func (s *set[T]) next() int {
	for range ways {
		s.turn = (s.turn + 1) % ways
		if !s.shapes[s.turn].taken {
			break
		}
		s.shapes[s.turn].taken = false
	}
	return s.turn
}
