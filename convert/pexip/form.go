package pexip

import "bytes"

// Most lines are made like lines before them: the same message, the same keys in
// the same order, and many of the same values. Such a line is compared with what
// it is expected to be, only values that differ from line to line are looked at,
// and the attributes of all else are copied. Everything unusual is left to the
// general way, which takes a line apart first and decides then. What both make of
// a line is the same, which short_test.go holds.

// A form is what the lines of one message have in common, from the blank before
// the first pair on.
type form struct {
	text  []byte // of the lines, without the values that differ
	made  []byte // the attributes, without those of these values
	keys  []byte // of the attributes of unknown fields
	holes []hole // where these values are

	severity int
	level    span
	body     span
	event    int // index for the counts; -1 if there is none
	name     string

	media     bool // Detail holds statistics of a stream
	signaling bool // Detail is a message of a protocol
	detail    int  // the hole that is Detail's value, or -1
	request   int  // the hole that is Request's value, or -1

	terms [numTerms]where

	sample sample
}

// A hole is where a form has a value that differs from line to line.
type hole struct {
	text  int // where it is in the form's text
	made  int // where its attribute is in what is made of it
	field uint8
	key   span // of an unknown field's attribute, in the form's keys
}

// hashMessage is a hash of the level, the module and the message that text
// begins with, by which its form is known. ok is false if it does not begin as
// most do, with Level, Name and Message.
func hashMessage(text []byte) (hash uint64, ok bool) {
	const begin = ` Level="`
	if len(text) < len(begin) || string(text[:len(begin)]) != begin {
		return 0, false
	}
	end := nextValue(text, len(begin), `" Name="`)
	end = nextValue(text, end, `" Message="`)
	end = nextValue(text, end, `"`)
	if end < 0 {
		return 0, false
	}
	end -= len(`"`)
	hash = (load64(text[end-8:])^uint64(end))*hashFactor ^ load64(text[end-16:])
	return (hash ^ hash>>32) * hashFactor, true
}

// form returns the form that the pairs in text have if they have one, which is
// that of their message. It may be nil.
func (m *memory) form(text []byte) *form {
	hash, ok := hashMessage(text)
	if !ok {
		return nil
	}
	if i := m.forms.find(hash); i >= 0 {
		return &m.forms.list[i]
	}
	return nil
}

// nextValue is where the value behind the one at start begins if only between
// stands there, or else -1.
func nextValue(text []byte, start int, between string) int {
	if start < 0 {
		return -1
	}
	i := bytes.IndexByte(text[start:], '"')
	if i < 0 {
		return -1
	}
	start += i
	if len(text)-start < len(between) || string(text[start:start+len(between)]) != between {
		return -1
	}
	return start + len(between)
}

// short reads the line if all of it is made like lines before it. If not, it
// returns false and has written nothing; the heading, if it is known, is kept
// for the general way.
func (p *parse) short() (host []byte, ok bool) {
	p.quirk, p.detail, p.sipCall = 0, nil, nil
	text := trimEnd(p.b.Text)
	p.heading = p.memory.headings.of(text)
	if p.heading == nil {
		return nil, false
	}
	pairs := text[p.heading.rest:]
	f := p.memory.form(pairs)
	if f == nil || !p.fits(f, pairs) {
		return nil, false
	}
	f.sample.patient = patience
	p.heading.write(p.b, text)
	p.fill(f, pairs)
	p.callOf(f, pairs, p.heading.host.of(text))
	return p.heading.host.of(text), true
}

// fits reports whether text has the form and no secret in the values that may
// differ. It takes note of where these are.
func (p *parse) fits(f *form, text []byte) bool {
	from, pos := 0, 0 // in the form's text and in text
	for i := range f.holes {
		h := &f.holes[i]
		n := h.text - from
		if len(text)-pos < n || string(text[pos:pos+n]) != string(f.text[from:h.text]) {
			return false
		}
		pos, from = pos+n, h.text
		n = bytes.IndexByte(text[pos:], '"')
		if n < 0 || text[pos+n-1] == '\\' || n >= 3 && p.b.Suspect(text[pos:pos+n]) {
			return false
		}
		p.values[i] = span{pos, pos + n}
		pos += n
	}
	return len(f.text) > 0 && string(text[pos:]) == string(f.text[from:])
}

// fill makes the record of a text that the form fits.
func (p *parse) fill(f *form, text []byte) {
	b := p.b
	b.Severity, b.SeverityText = f.severity, f.level.of(text)
	b.Body, b.EventPrefix = f.body.of(text), f.name
	if f.event >= 0 {
		countEvent(b, f.event)
	}
	if f.media {
		p.media(p.filled(f.detail, text))
	} else if f.signaling {
		p.taken(f)
		p.message(b.Body, p.filled(f.detail, text), p.filled(f.request, text))
	}
	made := 0
	for i := range f.holes {
		h := &f.holes[i]
		b.Encoded(f.made[made:h.made])
		made = h.made
		if v := p.values[i].of(text); h.field == fieldUnknown {
			b.Attr(h.key.of(f.keys), v)
		} else {
			p.writeField(h.field, v)
		}
	}
	b.Encoded(f.made[made:])
}

// filled is the value in a hole, nil for -1.
func (p *parse) filled(hole int, text []byte) []byte {
	if hole < 0 {
		return nil
	}
	return p.values[hole].of(text)
}

// taken marks the fields of a form's pairs, so that no attribute is made of
// them twice.
func (p *parse) taken(f *form) {
	clear(p.field[:])
	for i := range f.sample.pairs {
		p.field[f.sample.pairs[i].field] = lifted
	}
}
