package pexip

// A table holds 128 things that are known by a hash. Each is at the place that
// its hash names or at one of the next seven, so that a few things that are all
// in use hardly ever take a place from each other.
type table[T any] struct {
	hashes [places]uint64
	list   [places]T
	turns  int
}

const (
	places = 128
	reach  = 8
)

func place(hash uint64, i int) int { return (int(hash>>57) + i) % places }

// find returns the index of what is known by hash, or -1.
func (t *table[T]) find(hash uint64) int {
	for i := range reach {
		if at := place(hash, i); t.hashes[at] == hash {
			return at
		}
	}
	return -1
}

// room returns the index of a place for hash: one that is empty, or else another
// one each time. Set its hash to take it.
func (t *table[T]) room(hash uint64) int {
	for i := range reach {
		if at := place(hash, i); t.hashes[at] == 0 {
			return at
		}
	}
	t.turns++
	return place(hash, t.turns%reach)
}
