package sora

// A fieldSet is a set of fields, by their ids.
type fieldSet [maxFieldIDs / 64]uint64

func setOf(ids ...fieldID) (s fieldSet) {
	for _, id := range ids {
		s.add(id)
	}
	return s
}

func (s *fieldSet) has(id fieldID) bool { return s[id>>6]>>(id&63)&1 != 0 }

func (s *fieldSet) add(id fieldID) { s[id>>6] |= 1 << (id & 63) }

// The words are written out below, since the compiler does not unroll loops.

func (s *fieldSet) addAll(other *fieldSet) {
	s[0] |= other[0]
	s[1] |= other[1]
	s[2] |= other[2]
	s[3] |= other[3]
}

// without is all fields but those of the set.
func (s *fieldSet) without() (rest fieldSet) {
	for i := range s {
		rest[i] = ^s[i]
	}
	return rest
}

// and is the fields that both sets have.
func (s *fieldSet) and(other *fieldSet) (both fieldSet) {
	for i := range s {
		both[i] = s[i] & other[i]
	}
	return both
}
