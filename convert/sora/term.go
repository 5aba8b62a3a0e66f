package sora

// inTerm marks the characters that mean something to skipTerm.
var inTerm = [256]bool{
	'"': true, '\'': true, '$': true, '{': true, '[': true, '(': true, '}': true, ']': true, ')': true,
	'<': true, '>': true, ' ': true, ',': true,
}

// skipTerm returns where the Erlang term at the beginning of s ends: at the
// first blank or comma outside of all brackets and quotes. A term that is cut
// off ends with s.
func skipTerm(s []byte) int {
	depth := 0
	for i := 0; i < len(s); {
		c := s[i]
		if !inTerm[c] {
			i++
			continue
		}
		switch c {
		case '"', '\'':
			i = skipQuoted(s, i)
			continue
		case '$':
			i = skipChar(s, i)
			continue
		case '{', '[', '(':
			depth++
		case '}', ']', ')':
			depth--
		case '<':
			n, open := skipAngle(s, i)
			i += n
			if open {
				depth++
			}
			continue
		case '>':
			if i+1 < len(s) && s[i+1] == '>' {
				depth--
				i++
			}
		case ' ', ',':
			if depth <= 0 {
				return i
			}
		}
		i++
	}
	return len(s)
}

// skipQuoted returns what follows the quoted text at i.
func skipQuoted(s []byte, i int) int {
	quote := s[i]
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case quote:
			return i + 1
		}
	}
	return len(s)
}

// skipChar returns what follows a character literal such as $a or $\s.
func skipChar(s []byte, i int) int {
	i++
	if i < len(s) && s[i] == '\\' {
		i++
	}
	return min(i+1, len(s))
}

// skipAngle reads << , which opens a binary, or a pid such as <0.9.2>, and
// returns how many bytes it took.
func skipAngle(s []byte, i int) (n int, open bool) {
	if i+1 < len(s) && s[i+1] == '<' {
		return 2, true
	}
	for j := i + 1; j < len(s); j++ {
		switch c := s[j]; {
		case c == '>':
			return j - i + 1, false
		case c == ' ', c == ',', c == '<':
			return 1, false
		}
	}
	return 1, false
}
