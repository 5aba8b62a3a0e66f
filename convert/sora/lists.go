package sora

// lists remembers lists of strings and the attributes made of them: a log has
// few that differ, such as the domains its lines belong to.
type lists [16]madeList

type madeList struct {
	id   fieldID
	raw  []byte // as it stands in the line
	made []byte // the attribute in wire form
}

// maxList is how long a list may be that is remembered.
const maxList = 256

// slot is where the list at i is kept, nil for one at the very end of a text.
// Lists mostly begin alike, so what tells them apart is looked for behind.
func (m *lists) slot(text []byte, i int) *madeList {
	if i+16 > len(text) {
		return nil
	}
	return &m[load64(text, i+8)*0x9e3779b97f4a7c15>>60]
}

// at is the list at i, if it is remembered.
func (m *lists) at(text []byte, i int) *madeList {
	l := m.slot(text, i)
	if l == nil || len(l.raw) == 0 || !hasPrefix(text, i, view(l.raw)) {
		return nil
	}
	return l
}

// keep remembers a list without secrets, in place of another one.
func (m *lists) keep(text []byte, f *field, made []byte) {
	if l := m.slot(text, int(f.start)); l != nil && f.end-f.start <= maxList {
		l.id, l.raw, l.made = f.id, append(l.raw[:0], text[f.start:f.end]...), append(l.made[:0], made...)
	}
}
