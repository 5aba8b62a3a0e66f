package pexip

import "bytes"

// A memory is what a Reader knows of the lines before. It is bounded: places for
// so many headings and forms, none of which is large, make one MiB if all are
// taken by lines as long as they may be, and 100 KiB as a rule.
type memory struct {
	headings headings
	forms    table[form]
}

// A sample is the line that a form was made of. Other lines of its kind show
// which of the values differ. These stay holes until the form's place is taken
// by lines of another kind.
type sample struct {
	text    []byte
	pairs   []Token
	differs [maxSamplePairs]bool
	patient int // for how many more lines of another kind
}

const (
	maxSamplePairs = 32
	maxSampleText  = 1024
	maxFixed       = 64 // length of the longest value that is taken to be the same in other lines

	// patience is for how many lines of another kind in a row a form keeps its
	// place: two kinds that share one must not take it from each other all the time.
	patience = 8
)

// learn remembers the line that was just read, if it is one that the short way
// is for.
func (p *parse) learn() {
	text := p.line.rest
	hash, ok := hashMessage(text)
	if !ok || !p.learnable(text) {
		return
	}
	forms, pairs := &p.memory.forms, p.pairs[:p.n]
	i := forms.find(hash)
	known := i >= 0
	if !known {
		i = forms.room(hash)
	}
	f := &forms.list[i]
	s := &f.sample
	if !known || !s.alike(text, pairs) {
		if s.patient > 0 {
			s.patient--
			return
		}
		forms.hashes[i] = hash
		s.take(text, pairs)
	}
	s.patient = patience
	s.compare(text, pairs)
	p.build(f)
}

// learnable reports whether a line is plain, so that all that comes of it comes
// of its pairs one by one. p.suspect is true if there are words between them, and
// if anything is odd about their quotes.
func (p *parse) learnable(text []byte) bool {
	if p.suspect || p.template || p.quirk&^detailInBody != 0 || p.n > maxSamplePairs || len(text) > maxSampleText {
		return false
	}
	for i := range p.pairs[:p.n] {
		if bytes.IndexByte(p.raw(&p.pairs[i]), '"') >= 0 {
			return false // what stands behind a quote decides whether it ends the value
		}
	}
	return !hasBreaks(p.value(fieldMessage)) && levelNumber(p.value(fieldLevel)) > 0
}

// alike reports whether a line has the level, the module, the message and the
// keys of the sample.
func (s *sample) alike(text []byte, pairs []pair) bool {
	if len(pairs) != len(s.pairs) {
		return false
	}
	for i := range pairs {
		q, known := &pairs[i].Token, &s.pairs[i]
		if !bytes.Equal(q.Key(text), known.Key(s.text)) {
			return false
		}
		switch catalogue.fields[q.field].kind {
		case level, module, message:
			if !bytes.Equal(q.Value(text), known.Value(s.text)) {
				return false
			}
		}
	}
	return true
}

// take makes a line the sample.
func (s *sample) take(text []byte, pairs []pair) {
	s.text, s.pairs = append(s.text[:0], text...), s.pairs[:0]
	for i := range pairs {
		q := pairs[i].Token
		s.pairs = append(s.pairs, q)
		s.differs[i] = q.field == fieldDetail || q.field == fieldRequest || len(q.Value(text)) > maxFixed && i > 2
	}
}

// compare finds out which values of a line are other ones than the sample's.
func (s *sample) compare(text []byte, pairs []pair) {
	for i := range pairs {
		if !bytes.Equal(pairs[i].Value(text), s.pairs[i].Value(s.text)) {
			s.differs[i] = true
		}
	}
}

// build makes the form of its sample, as far as the line just read shows it: the
// two are alike.
func (p *parse) build(f *form) {
	s := &f.sample
	f.text, f.made, f.keys, f.holes = f.text[:0], f.made[:0], f.keys[:0], f.holes[:0]
	f.detail, f.request = -1, -1
	f.media, f.signaling = p.detail != nil, p.quirk.has(detailInBody)
	f.severity, f.event, f.name = p.b.Severity, p.event, p.b.EventPrefix
	f.terms = [numTerms]where{}
	for i := range f.terms {
		f.terms[i].hole = -1
	}
	done := 0
	for i := range s.pairs {
		q := &s.pairs[i]
		if t := terms[q.field]; t != noTerm {
			f.terms[t] = placeOf(q, s.differs[i], len(f.holes))
		}
		switch {
		case s.differs[i]:
			f.text = append(f.text, s.text[done:q.value]...)
			p.open(f, q)
			done = int(q.valueEnd)
		case q.field == fieldLevel:
			f.level = span{int(q.value), int(q.valueEnd)}
		case q.field == fieldMessage:
			f.body = span{int(q.value), int(q.valueEnd)}
		default:
			mark := p.b.Mark()
			if q.field == fieldUnknown {
				p.b.Attr(p.unknownKey(q.Key(s.text)), q.Value(s.text))
			} else {
				p.writeField(q.field, q.Value(s.text))
			}
			f.made = append(f.made, p.b.Since(mark)...)
			p.b.Undo(mark)
		}
	}
	f.text = append(f.text, s.text[done:]...)
}

// placeOf is where a form has the value of a pair.
func placeOf(q *Token, differs bool, hole int) where {
	if differs {
		return where{hole: hole}
	}
	return where{hole: -1, fixed: span{int(q.value), int(q.valueEnd)}}
}

// open adds a hole for the value of a pair of the sample.
func (p *parse) open(f *form, q *Token) {
	h := hole{text: len(f.text), made: len(f.made), field: q.field}
	switch q.field {
	case fieldUnknown:
		h.key.from = len(f.keys)
		f.keys = append(f.keys, p.unknownKey(q.Key(f.sample.text))...)
		h.key.to = len(f.keys)
	case fieldDetail:
		f.detail = len(f.holes)
	case fieldRequest:
		f.request = len(f.holes)
	}
	f.holes = append(f.holes, h)
}
