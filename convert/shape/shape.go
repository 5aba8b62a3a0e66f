// Package shape remembers what texts look like, so that a text that is made like
// texts before it is compared instead of parsed.
//
// A [Shape] is a text with holes, and what is made of it: between the holes the
// text is fixed, and so are the attributes that come of it, which are kept in wire
// form. What comes of a hole depends on what it holds. To read a text by a shape is
// to compare a piece, copy a piece, look at what is in the hole, and so on to the
// end; a text that differs anywhere else is none of that shape, and is parsed.
//
// A shape is learnt from texts that were parsed. Whoever parses says which parts of
// a text may differ from one to the next ([Part]); all else is fixed. The first
// text of a shape has no holes but those that are known to be ones, and each text
// like it opens those parts in which it differs. They stay open. A text without
// parts, such as a message that comes again and again, is the simplest shape.
//
// A [Memory] finds shapes by a key that is made of what texts begin with, or of
// what tells them apart. It is bounded: so many places, none of them large. Shapes
// that are taken stay, and those that come once push nothing out.
//
// The package knows of no vendor's format: what may stand in a hole, and what
// becomes of it, is up to whoever parses. Nor does it know of secrets: a text in
// which something was masked must not be learnt.
package shape

import (
	"encoding/binary"
	"slices"
)

// A Shape is a text with holes. It is valid until the next call of Learn.
type Shape[T any] struct {
	Holes []Hole
	Rest  []byte // the text behind the last hole
	Made  []byte // the attributes that come of it
	Data  T      // what else its owner knows of texts of this shape

	text, made []byte // all of it, in one piece
	parts      []part
	key        uint64
	step       int // how far it is from the place that the key names
	taken      bool
}

// A Hole is where a shape has what differs.
type Hole struct {
	Before []byte // the text in front of it
	Made   []byte // the attributes that come of that

	Use
}

// A Use says what a hole may hold, and what becomes of it.
type Use struct {
	Kind  uint8  // one of its owner's
	Field uint8  // likewise
	Key   []byte // of the attribute, if it has one
}

// A part is what a shape knows of a Part.
type part struct {
	before int // length of the text in front of it
	fixed  int // its own length, as long as it is no hole
	open   bool
}

// Reach returns where the hole begins in a text that is read up to pos, or -1 if
// the text goes on in another way.
func (h *Hole) Reach(text []byte, pos int) int { return after(h.Before, text, pos) }

// Ends reports whether nothing stands at pos but what stands behind the last hole.
func (s *Shape[T]) Ends(text []byte, pos int) bool { return string(text[pos:]) == string(s.Rest) }

// End returns where a text that is read up to pos ends if what stands behind the
// last hole comes next, or else -1. The text may go on.
func (s *Shape[T]) End(text []byte, pos int) int { return after(s.Rest, text, pos) }

func after(piece, text []byte, pos int) int {
	end := pos + len(piece)
	if end > len(text) {
		return -1
	}
	if there := text[pos:end]; len(piece) >= 8 && len(piece) <= 16 { // many are, and a call takes longer
		if load64(there) != load64(piece) || load64(there[len(there)-8:]) != load64(piece[len(piece)-8:]) {
			return -1
		}
	} else if string(there) != string(piece) {
		return -1
	}
	return end
}

func load64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// A Text is one that was parsed, from which a shape can be learnt.
type Text struct {
	Text  []byte
	Made  []byte // the attributes that come of it
	Parts []Part // in order
}

// A Part of a text is what may differ in other texts of its shape.
type Part struct {
	Text Span // where it is
	Made Span // where what comes of it is in the attributes
	Open bool // it is a hole from the beginning
	Use
}

// A Span is a part of a text.
type Span struct{ From, To int }

// Of is the span's part of a text.
func (s Span) Of(text []byte) []byte { return text[s.From:s.To] }

func (s Span) size() int { return s.To - s.From }

// MaxParts is how many parts a text may have that is learnt, and so how many holes
// there are in a shape.
const MaxParts = 32

const (
	maxFixed = 64   // length of the longest part that is taken to be the same in other texts
	maxText  = 1024 // of all that is fixed together
	maxMade  = 4096 // of the attributes that come of that, and of all keys
)

// open says which parts of a text are holes.
type open [MaxParts]bool

// size is how large a shape of the text is with these holes: its fixed text, and
// what is made of that, keys included.
func (t *Text) size(holes *open) (text, made int) {
	text, made = len(t.Text), len(t.Made)
	for i := range t.Parts {
		p := &t.Parts[i]
		made += len(p.Key)
		if holes[i] {
			text, made = text-p.Text.size(), made-p.Made.size()
		}
	}
	return text, made
}

// begin returns the parts that are holes in the first text of a shape, and false
// for a text of which no shape is made.
func (t *Text) begin() (holes open, ok bool) {
	if len(t.Parts) > MaxParts {
		return holes, false
	}
	for i := range t.Parts {
		holes[i] = t.Parts[i].Open || t.Parts[i].Text.size() > maxFixed
	}
	text, made := t.size(&holes)
	return holes, text <= maxText && made <= maxMade
}

// differs adds the parts to holes in which the text differs from those before. It
// returns false if the text is of another shape.
func (s *Shape[T]) differs(t *Text, holes *open) bool {
	if len(t.Parts) != len(s.parts) {
		return false
	}
	from, pos := 0, 0 // in t.Text and in s.text
	for i := range s.parts {
		known, p := &s.parts[i], &t.Parts[i]
		if p.Text.From-from != known.before || after(t.Text[from:p.Text.From], s.text, pos) < 0 {
			return false
		}
		pos += known.before
		holes[i] = holes[i] || known.open || string(p.Text.Of(t.Text)) != string(s.text[pos:pos+known.fixed])
		pos, from = pos+known.fixed, p.Text.To
	}
	return string(t.Text[from:]) == string(s.text[pos:])
}

// build makes the shape of a text. What is fixed is the same in all texts of the
// shape, so that any of them will do.
func (s *Shape[T]) build(t *Text, holes *open) {
	text, made := t.size(holes)
	s.text, s.made = slices.Grow(s.text[:0], text), slices.Grow(s.made[:0], made)
	s.parts, s.Holes = s.parts[:0], s.Holes[:0]
	var end, done Part // the part before, and the hole before
	for i := range t.Parts {
		p := &t.Parts[i]
		known := part{before: p.Text.From - end.Text.To, fixed: p.Text.size(), open: holes[i]}
		if end = *p; known.open {
			known.fixed = 0
			h := Hole{Use: p.Use}
			h.Before = add(&s.text, t.Text[done.Text.To:p.Text.From])
			h.Made = add(&s.made, t.Made[done.Made.To:p.Made.From])
			h.Key = add(&s.made, p.Key)
			s.Holes = append(s.Holes, h)
			done = *p
		}
		s.parts = append(s.parts, known)
	}
	s.Rest, s.Made = add(&s.text, t.Text[done.Text.To:]), add(&s.made, t.Made[done.Made.To:])
}

// add appends a piece to a buffer that has room for it, and returns its copy.
func add(buf *[]byte, piece []byte) []byte {
	from := len(*buf)
	*buf = append(*buf, piece...)
	return (*buf)[from:len(*buf):len(*buf)]
}
