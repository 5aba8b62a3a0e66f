package redact

// maxCodes is how long a key may be that is written in codes: as ~w prints it.
const maxCodes = 4 * maxKey

// codes reads what Erlang prints of a binary or a string where it prints no text:
// <<112,105,110>> or [112,105,110]. Its first code is at i. It adds the characters to k,
// if that is not nil, and returns what follows the brackets; -1 if there are none, or
// something is no character of a key.
func codes(text []byte, i int, binary bool, k *key) int {
	for limit := min(len(text), i+maxCodes); i < limit; {
		n, start := 0, i
		for i < limit && isDigit(text[i]) && i-start < 3 {
			n = n*10 + int(text[i]-'0')
			i++
		}
		if i == start || n <= ' ' || n >= 0x7f {
			return -1
		}
		if k != nil {
			k.add(byte(n))
		}
		switch i = skipSpace(text, i, true); {
		case at(text, i, ","):
			i = skipSpace(text, i+1, true)
		case binary && at(text, i, ">>"):
			return i + 2
		case !binary && at(text, i, "]"):
			return i + 1
		default:
			return -1
		}
	}
	return -1
}

// codesTell tells whether a key may be written in codes at start, and a value follows.
func codesTell(text []byte, start, end int) bool {
	i := codes(text, end-1, text[start] == '<', nil)
	if i < 0 {
		return false
	}
	i = skipSpace(text, i, true)
	return at(text, i, ",") || at(text, i, "=>") || at(text, i, ":=")
}

// coded masks the value of a key that is written in codes, of a map or a tuple, the
// first of which ends at end.
func (s *search) coded(start, end int) {
	s.key.n, s.key.m = 0, 0
	i := codes(s.text, end-1, s.text[start] == '<', &s.key)
	if i < 0 {
		return
	}
	s.start, s.end = start, i
	if s.text[start] == '{' {
		s.start++
	}
	i = skipSpace(s.text, i, true)
	next := i + len("=>")
	if at(s.text, i, ",") {
		if next = i + 1; !s.inTuple(0) {
			return
		}
	}
	if s.in(structured) {
		s.value(skipSpace(s.text, next, true), 0)
	}
}

// codesBegin goes back to where the numbers begin within which i is, if they may be the
// codes of a key.
func codesBegin(text []byte, i int) int {
	j := inCodes.start(text, max(0, i-maxCodes), i)
	if j > 0 && (text[j-1] == '<' || text[j-1] == '[') {
		return j - 1
	}
	return i
}

var inCodes = classOf(",", digits, controls)
