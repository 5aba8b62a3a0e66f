package redact

import "bytes"

// compound masks every value in a list, a map or a tuple, and keeps the keys. It
// ends where the brackets do, or where the text is no such thing any more.
// Numbers that follow one another are one secret, since Erlang prints strings so.
func (s *search) compound(i, closer int) {
	if i < s.walked {
		return // within another one that was gone through
	}
	depth, numbers := 0, -1 // the latter is the span of the numbers before
	for i = max(i, s.construction(i)); i < len(s.text); s.walked = i {
		c, n := sign(s.text, i)
		switch c {
		case ' ', '\t', '\n', '\r', ',', '|':
			i += n
			continue
		case '[', '{', '(':
			depth, i, numbers = depth+1, i+n, -1
			continue
		case ']', '}', ')':
			if depth--; depth == 0 {
				return
			}
			i, numbers = i+n, -1
			continue
		}
		if open := s.construction(i); open > i {
			i = open
			continue
		}
		next, key := s.member(i)
		if next <= i {
			return
		}
		number := !key && (isDigit(s.text[i]) || s.text[i] == '-')
		switch {
		case number && numbers >= 0:
			s.spans[numbers].to, s.done = next, next
		case number:
			if s.maskQuoted(i, next, closer) {
				numbers = len(s.spans) - 1
			}
		default:
			numbers = -1
			if !key {
				s.leaf(i, next)
			}
		}
		i = next
	}
}

// member returns where the string, number or word at i ends, and whether it
// is a key, whose colon or arrow is then skipped as well.
func (s *search) member(i int) (next int, key bool) {
	switch _, to, end := s.str(i); {
	case end >= 0 && end == to:
		return to, false
	case end >= 0:
		next = s.binaryEnd(end)
	case at(s.text, i, "<<"):
		next = s.binaryEnd(binaryEnds.find(s.text, i+2))
	case s.text[i] == '$' && i+2 <= s.pairEnd(i): // a character of Erlang's
		next = i + 2
	default:
		next = looseAtom.end(s.text, i)
	}
	if s.loose && !at(s.text, next, ":") {
		next = max(next, s.bareEnd(next, true))
	}
	if next == i {
		return i, false
	}
	j := skipSpace(s.text, next, true)
	c, n := sign(s.text, j)
	switch {
	case n == 0:
	case c == ':' || c == '=':
		return s.arrow(j + n), true
	case isQuote(c) && hasBreak(s.text[next:j]): // a string in parts
	case c != ',' && c != '|' && c != ']' && c != '}' && c != ')' && j > next:
		return i, false // words behind one another: prose
	}
	return next, false
}

// binaryEnd is behind the binary of Erlang's whose last string or number ends at i.
func (s *search) binaryEnd(i int) int { return s.skip(s.skip(i, "/utf8"), ">>") }

// binaryEnds are what numbers in a binary end with.
var binaryEnds = classOf(">\"{")

// looseAtom is atom in any script.
var looseAtom = classOf("", atom, beyond)

// leaf masks a string or a word.
func (s *search) leaf(i, next int) {
	switch {
	case s.quoted(i, true) || s.binary(i):
	case s.loose && !isOrdinary(s.text[i:next]):
		s.mask(i, next)
	default:
		s.scalar(i, 0)
	}
}

// hasBreak tells whether the blanks between two parts of a text break a line.
func hasBreak(blanks []byte) bool { return bytes.ContainsAny(blanks, "\n\r\\") }

// construction returns where the bracket is behind a type's or function's name,
// as in Some("a"), #state{…}, []string{"a"}, %Config{…}; -1 if there is none at i.
func (s *search) construction(i int) int {
	end := inType.end(s.text[:min(len(s.text), i+maxKey)], i)
	opened := at(s.text, end, "{") || at(s.text, end, "(")
	if end == i || !opened || s.text[i] == ']' || s.text[i] == '[' && !at(s.text, i, "[]") {
		return -1
	}
	return end
}

// inType is what the name of a type or a function is made of.
var inType = classOf(":#%&*[]", dotted)
