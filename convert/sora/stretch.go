package sora

import "bytes"

// A stretch is members that stand in line after line in the same words, such as
// the node and its version. Where it is found again, its attributes are copied
// and its text is passed over: one comparison and one copy, however many members
// it has.
type stretch struct {
	text []byte // of the members, each with the comma behind it
	made []byte // their attributes in wire form
	seen fieldSet
	last nameID // the name of the last of them

	connection span // of the connection's id in text, if that is among them
}

// stretches holds the stretch that is expected after each name. To find them, a
// few lines in every few hundred are watched: what all of them have in the same
// words makes stretches. One that is wrong costs a comparison a line, until lines
// are watched again.
type stretches struct {
	after [maxNames]stretch
	lines int // since the beginning

	rest       int      // how many lines more are watched
	members    []member // of the first one
	text, made []byte   // of these
}

// A member is one of the first line watched.
type member struct {
	name, before nameID
	id           fieldID
	text, made   span
	same         int // lines that have it in the same words
}

type span struct{ from, to int }

const (
	watchEvery = 512
	watchLines = 8
)

// begin begins a line and tells whether it is watched.
func (s *stretches) begin() bool {
	if s.rest > 0 {
		return true
	}
	s.lines++
	if s.lines%watchEvery != 1 {
		return false
	}
	s.rest = watchLines
	s.members, s.text, s.made = s.members[:0], s.text[:0], s.made[:0]
	return true
}

// note takes note of a member of a line that is watched. made is its attribute,
// empty for those that become none.
func (s *stretches) note(name, before nameID, id fieldID, text, made []byte) {
	if s.rest == watchLines {
		m := member{name: name, before: before, id: id, same: 1}
		m.text.from, m.made.from = len(s.text), len(s.made)
		s.text, s.made = append(s.text, text...), append(s.made, made...)
		m.text.to, m.made.to = len(s.text), len(s.made)
		s.members = append(s.members, m)
		return
	}
	for i := range s.members {
		if m := &s.members[i]; m.name == name {
			if string(text) == string(s.text[m.text.from:m.text.to]) {
				m.same++
			}
			return
		}
	}
}

// end ends a line that was watched. A line that is none for the short way ends
// the watching.
func (s *stretches) end(ok bool) {
	if !ok {
		s.rest = 0
		return
	}
	if s.rest--; s.rest == 0 {
		s.find()
	}
}

// connectionAt is where the id is in a member such as "connection_id":"…", which
// begins at offset: between the last two quotes. One with escapes is none.
func connectionAt(member []byte, offset int) span {
	to := bytes.LastIndexByte(member, '"')
	from := bytes.LastIndexByte(member[:to], '"') + 1
	if bytes.IndexByte(member[from:to], '\\') >= 0 {
		return span{}
	}
	return span{offset + from, offset + to}
}

// find makes stretches of the members that all lines had in the same words.
func (s *stretches) find() {
	for i := range s.after {
		s.after[i].text = s.after[i].text[:0]
	}
	var open *stretch
	for i := range s.members {
		m := &s.members[i]
		if m.same < watchLines || m.made.from == m.made.to {
			open = nil
			continue
		}
		if open == nil {
			open = &s.after[m.before]
			open.made, open.seen, open.connection = open.made[:0], fieldSet{}, span{}
		}
		if id := s.text[m.text.from:m.text.to]; m.id == fieldConnectionID {
			open.connection = connectionAt(id, len(open.text))
		}
		open.text = append(open.text, s.text[m.text.from:m.text.to]...)
		open.made = append(open.made, s.made[m.made.from:m.made.to]...)
		open.seen.add(m.id)
		open.last = m.name
	}
}
