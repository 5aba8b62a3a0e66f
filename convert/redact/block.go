package redact

import "bytes"

// block masks what YAML has in the lines behind a key: text behind | or >, a list,
// or a word. It tells whether there is such a block; in other text than YAML,
// lines of several words that follow are none of it. i is behind the colon.
func (s *search) block(i int) bool {
	folded := i < len(s.text) && (s.text[i] == '|' || s.text[i] == '>')
	for folded && i < len(s.text) && s.text[i] > ' ' && !isQuote(s.text[i]) {
		i++
	}
	if !s.linesBegin() || !at(s.text, i, "\n") {
		return false
	}
	depth, found := s.depth(), false
	for i < len(s.text) && s.text[i] == '\n' {
		from := blanks.end(s.text, i+1)
		if from-i-1 <= depth && !at(s.text, from, "- ") {
			break
		}
		if at(s.text, from, "- ") {
			from = blanks.end(s.text, from+2)
		}
		to := s.bareEnd(from, true)
		if end := s.lineEnd(from); folded || to == end {
			s.mask(from, end)
			i, found = end, true
			continue
		}
		break
	}
	return found
}

// depth is how far the line is indented that begins with the key.
func (s *search) depth() int {
	i := s.begin + bytes.LastIndexByte(s.text[s.begin:s.start], '\n') + 1
	return blanks.end(s.text, i) - i
}
