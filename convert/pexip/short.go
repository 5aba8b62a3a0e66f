package pexip

import (
	"bytes"

	"github.com/rtcship/rtcship/convert/shape"
)

// Most lines are made like lines before them: a heading of a system that was seen
// before, the same message, the same keys in the same order, and many of the same
// values. Such a line is read by the shapes of its two halves (see package shape):
// only values that differ from line to line are looked at, and the attributes of all
// else are copied. Everything unusual is left to the general way, which takes a line
// apart first and decides then. What both make of a line is the same, which
// short_test.go holds.

// A memory is what a Reader knows of the lines before: the shapes of headings, and
// those of what stands behind them. If all places are taken by lines as long as they
// may be it is one MiB, and 100 KiB as a rule.
type memory struct {
	headings *shape.Memory[heading]
	forms    *shape.Memory[form]
	hosts    [256]uint8 // 1 + where the system's name begins in texts that begin alike

	text shape.Text // that is learnt
	keys []byte     // of the unknown fields in it
}

func newMemory() *memory {
	return &memory{headings: shape.NewMemory[heading](128), forms: shape.NewMemory[form](128)}
}

// short reads the line if all of it is made like lines before it. If not, it
// returns false and has written nothing; the heading, if it is known, is kept
// for the general way.
func (p *parse) short() (host []byte, ok bool) {
	p.quirk, p.detail, p.sipCall = 0, nil, nil
	text := trimEnd(p.b.Text)
	if p.findHeading(text); p.heading == nil {
		return nil, false
	}
	pairs := text[p.heading.Data.rest:]
	f := p.form(pairs)
	if f == nil {
		return nil, false
	}
	host = p.heading.Data.host.Of(text)
	p.writeHeading(text)
	p.fill(f, pairs)
	p.callOf(&f.Data, pairs, host)
	return host, true
}

// mix adds a word to a hash.
func mix(hash, word uint64) uint64 {
	hash = (hash ^ word) * hashFactor
	return hash ^ hash>>32
}

const hashFactor = 0x9e3779b97f4a7c15

// A form is what lines of one message have in common behind their heading, besides
// their shape.
type form struct {
	severity    int
	level, body shape.Span // in the line: both stand before the first hole
	event       int        // index for the counts; -1 if there is none
	name        string
	fields      []uint8 // of all pairs

	media     bool // Detail holds statistics of a stream
	signaling bool // Detail is a message of a protocol
	detail    known
	request   known
	terms     [numTerms]known
}

// A known is where the value of a field is found: in a hole, or it is the same in all
// lines of a form.
type known struct {
	hole  int // 1 + its index, or 0
	fixed []byte
}

// filled is that value in a line that has the form, nil if the form has no such field.
func (p *parse) filled(k *known, text []byte) []byte {
	if k.hole > 0 {
		return p.values[k.hole-1].Of(text)
	}
	return k.fixed
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
	return mix(mix(uint64(end), load64(text[end-8:])), load64(text[end-16:])) * hashFactor, true
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

// form returns the form that the pairs in text have, or nil. It takes note of the
// values in its holes.
func (p *parse) form(text []byte) *shape.Shape[form] {
	hash, ok := hashMessage(text)
	if !ok {
		return nil
	}
	for f := p.memory.forms.Find(hash); f != nil; f = p.memory.forms.Next(f) {
		if p.fits(f, text) {
			f.Take()
			return f
		}
	}
	return nil
}

// fits reports whether text has the form and no secret in the values that may
// differ.
func (p *parse) fits(f *shape.Shape[form], text []byte) bool {
	pos := 0
	for i := range f.Holes {
		if pos = f.Holes[i].Reach(text, pos); pos < 0 {
			return false
		}
		n := bytes.IndexByte(text[pos:], '"')
		if n < 0 || text[pos+n-1] == '\\' || n >= 3 && p.b.Suspect(text[pos:pos+n]) {
			return false
		}
		p.values[i] = shape.Span{From: pos, To: pos + n}
		pos += n
	}
	return f.Ends(text, pos)
}

// fill makes the record of a text that the form fits.
func (p *parse) fill(f *shape.Shape[form], text []byte) {
	b, d := p.b, &f.Data
	b.Severity, b.SeverityText = d.severity, d.level.Of(text)
	b.Body, b.EventPrefix = d.body.Of(text), d.name
	if d.event >= 0 {
		countEvent(b, d.event)
	}
	if d.media {
		p.media(p.filled(&d.detail, text))
	} else if d.signaling {
		p.mark(d.fields)
		p.message(b.Body, p.filled(&d.detail, text), p.filled(&d.request, text))
	}
	for i := range f.Holes {
		h := &f.Holes[i]
		b.Encoded(h.Made)
		if v := p.values[i].Of(text); h.Field == fieldUnknown {
			b.Attr(h.Key, v)
		} else {
			p.writeField(h.Field, v)
		}
	}
	b.Encoded(f.Made)
}

// mark marks the fields of a form's pairs, so that no attribute is made of them
// twice.
func (p *parse) mark(fields []uint8) {
	clear(p.field[:])
	for _, f := range fields {
		p.field[f] = lifted
	}
}

// learn remembers the line that was just read, if it is one that the short way
// is for.
func (p *parse) learn() {
	hash, ok := hashMessage(p.line.rest)
	if !ok || !p.learnable() {
		return
	}
	mark := p.b.Mark()
	if f := p.memory.forms.Learn(hash, p.parts()); f != nil {
		p.describe(f)
	}
	p.b.Undo(mark)
}

// learnable reports whether a line is plain, so that all that comes of it comes
// of its pairs one by one. p.suspect is true if there are words between them, and
// if anything is odd about their quotes.
func (p *parse) learnable() bool {
	if p.suspect || p.template || p.quirk&^detailInBody != 0 {
		return false
	}
	for i := range p.pairs[:p.n] {
		if bytes.IndexByte(p.raw(&p.pairs[i]), '"') >= 0 {
			return false // what stands behind a quote decides whether it ends the value
		}
	}
	return !hasBreaks(p.value(fieldMessage)) && levelNumber(p.value(fieldLevel)) > 0
}

// parts is the line with its values as parts: all but those that its form is known
// by. Their attributes are made anew, and are in the Builder until they are taken back.
func (p *parse) parts() *shape.Text {
	t, mark := &p.memory.text, p.b.Mark()
	t.Text, t.Parts, p.memory.keys = p.line.rest, t.Parts[:0], p.memory.keys[:0]
	for i := range p.pairs[:p.n] {
		q := &p.pairs[i]
		part := shape.Part{Text: shape.Span{From: int(q.value), To: int(q.valueEnd)}, Use: shape.Use{Field: q.field}}
		part.Open = q.field == fieldDetail || q.field == fieldRequest
		part.Made.From = p.b.Mark() - mark
		switch kind := catalogue.fields[q.field].kind; kind {
		case level, message:
			continue
		case unknown:
			part.Key = p.memory.keep(p.unknownKey(p.key(q)))
			p.b.Attr(part.Key, p.raw(q))
		default:
			p.writeField(q.field, p.raw(q))
			if kind == module {
				continue
			}
		}
		part.Made.To = p.b.Mark() - mark
		t.Parts = append(t.Parts, part)
	}
	t.Made = p.b.Since(mark)
	return t
}

// keep keeps the key of an unknown field's attribute until the line is learnt.
func (m *memory) keep(key []byte) []byte {
	from := len(m.keys)
	m.keys = append(m.keys, key...)
	return m.keys[from:len(m.keys):len(m.keys)]
}

// describe sets what else is known of the lines that have a form, by the one that
// was just read.
func (p *parse) describe(f *shape.Shape[form]) {
	d, before := &f.Data, f.Data.terms
	*d = form{
		severity: p.b.Severity, event: p.event, name: p.b.EventPrefix, fields: d.fields[:0],
		media: p.detail != nil, signaling: p.quirk&detailInBody != 0,
	}
	for i := range p.pairs[:p.n] {
		q := &p.pairs[i]
		d.fields = append(d.fields, q.field)
		switch at := (shape.Span{From: int(q.value), To: int(q.valueEnd)}); q.field {
		case fieldLevel:
			d.level = at
		case fieldMessage:
			d.body = at
		}
		if t := terms[q.field]; t != noTerm {
			d.terms[t].fixed = append(before[t].fixed[:0], p.raw(q)...)
		}
	}
	for i := range f.Holes {
		switch field := f.Holes[i].Field; {
		case field == fieldDetail:
			d.detail.hole = i + 1
			fallthrough
		case terms[field] != noTerm:
			d.terms[terms[field]].hole = i + 1
		case field == fieldRequest:
			d.request.hole = i + 1
		}
	}
}
