package redact

import (
	"bytes"
	"slices"
)

// find collects the secrets of a text, in order. What it returns is valid until
// s is released.
func (r *Redactor) find(s *search, text []byte) []span {
	s.r, s.f = r, r.words()
	if _, n := s.f.next(text, 0); n == nil {
		return nil
	}
	s.pieces(s.withoutInterruptions(text))
	s.restore()
	return s.spans
}

// release gives s back.
func (s *search) release() {
	if cap(s.spans) > 1<<12 {
		return // of a rare giant
	}
	*s = search{inner: s.inner, spans: s.spans[:0], levels: s.levels[:0], plain: s.plain[:0], places: s.places[:0]}
	searches.Put(s)
}

// pieces searches text piece by piece: each line that is JSON by itself, as well
// as JSON over several lines, and all other lines together.
func (s *search) pieces(text []byte) {
	begin := 0
	for i := 0; i < len(text) && !s.r.pexip; {
		next := lineEnd(text, i)
		if c := white.end(text[:next], i); c < next && (text[c] == '{' || text[c] == '[' || text[c] == '"' && i == 0) && !goesOn(text[:i]) {
			switch end := s.json(text, begin, i); {
			case end > i:
				begin, i = end, end
				continue
			case meantAsJSON(text[c:next]) && !goesOn(text[:next]):
				s.part(text[:i], begin, false)
				s.part(text[:next], i, true)
				begin = next
			}
		}
		i = next
	}
	s.part(text, begin, false)
}

// json searches the JSON that begins in the line at i, and before that text[begin:i],
// which is none. It returns what follows it: the next line. If it is no JSON it
// returns i.
//
// Keys are never masked, and no mask goes over the end of a string, so that JSON stays
// JSON.
func (s *search) json(text []byte, begin, i int) int {
	s.text, s.begin, s.done, s.inJSON, s.pair = text, i, i, true, 0
	kept := len(s.spans)
	w := walk{search: s, levels: s.levels[:0]}
	end := w.value(i)
	s.levels = w.levels[:0]
	found := s.spans[kept:]
	s.spans = s.spans[:kept]
	if end < 0 {
		return i
	}
	next := lineEnd(text, end)
	if !white.all(text[end:next]) {
		return i
	}
	if begin < i {
		found = slices.Clone(found)
		s.part(text[:i], begin, false)
	}
	s.spans = append(s.spans, found...)
	return next
}

// goesOn tells whether the last line of text goes on in the next one, as an
// Erlang term does.
func goesOn(text []byte) bool {
	text = bytes.TrimRight(text[max(0, len(text)-256):], " \t\r\n")
	return len(text) > 0 && bytes.IndexByte([]byte(">,=:{[(|"), text[len(text)-1]) >= 0
}

// meantAsJSON tells whether a line begins as JSON does, though it is none: it may be cut.
func meantAsJSON(line []byte) bool {
	i := white.end(line, 1)
	return i < len(line) && line[i] == '"' && bytes.Contains(line[:min(len(line), 512)], []byte(`":`))
}

// part searches what is behind begin, which is no JSON by itself. inJSON says that it is
// a string of a JSON value, or part of a line that was meant to be one.
func (s *search) part(text []byte, begin int, inJSON bool) {
	start, n := s.f.next(text, begin)
	if n == nil {
		return
	}
	if s.inner == nil {
		s.inner = new(search)
	}
	*s.inner = search{r: s.r, f: s.f, text: text, begin: begin, done: begin, inJSON: inJSON, spans: s.spans}
	s.inner.run(start, n)
	s.spans, s.inner.text = s.inner.spans, nil
}

func lineEnd(text []byte, i int) int {
	if n := bytes.IndexByte(text[i:], '\n'); n >= 0 {
		return i + n + 1
	}
	return len(text)
}
