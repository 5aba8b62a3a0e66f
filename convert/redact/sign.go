package redact

// A sign is one character as it is meant, in whatever way it is written: by
// itself, behind backslashes because it stands in a string (or in a string
// within a string), as \u0022, as %22, as &quot;, as ^M.

// sign returns the character at i and how many bytes it takes; 0 bytes at the end.
func sign(text []byte, i int) (c byte, n int) {
	if i >= len(text) {
		return 0, 0
	}
	switch c = text[i]; c {
	case '\\':
		return backslashed(text, i)
	case '%':
		if c, ok := hexByte(text, i+1); ok {
			if d, ok := hexByte(text, i+3); ok && c == '%' { // written so twice
				return d, 5
			}
			return c, 3
		}
	case '&':
		return entity(text, i)
	case '^':
		if at(text, i, "^M") {
			return '\r', 2
		}
		if at(text, i, "^J") {
			return '\n', 2
		}
	case '#': // as rsyslog writes them
		switch {
		case at(text, i, "#012"):
			return '\n', 4
		case at(text, i, "#015"):
			return '\r', 4
		}
	}
	return c, 1
}

// signBefore is the character that ends at i, but does not begin before low; 0 if there
// is none.
func signBefore(text []byte, low, i int) byte {
	for length := 2; length <= maxSign && i-length >= low; length++ {
		if c, n := sign(text, i-length); n == length {
			return c
		}
	}
	if i <= low {
		return 0
	}
	return text[i-1]
}

// maxSign is how many bytes a sign may take, but for backslashes before it.
const maxSign = 6

// skip is what follows the signs at i, or i if they are not there.
func (s *search) skip(i int, signs string) int {
	next := i
	for _, want := range []byte(signs) {
		c, n := sign(s.text, next)
		if c != want {
			return i
		}
		next += n
	}
	return next
}

// backslashed is sign for a run of backslashes. A run that escapes nothing is
// one sign.
func backslashed(text []byte, i int) (c byte, n int) {
	j := backslashes.end(text, i)
	if j == len(text) {
		return '\\', j - i
	}
	switch text[j] {
	case '"', '\'', '/', '`':
		return text[j], j + 1 - i
	case 'n':
		return '\n', j + 1 - i
	case 'r':
		return '\r', j + 1 - i
	case 't':
		return '\t', j + 1 - i
	case '0':
		switch {
		case at(text, j, "012"):
			return '\n', j + 3 - i
		case at(text, j, "015"):
			return '\r', j + 3 - i
		}
	case 'u':
		if at(text, j+1, "00") {
			if c, ok := hexByte(text, j+3); ok {
				return c, j + 5 - i
			}
		}
	case 'x':
		if c, ok := hexByte(text, j+1); ok {
			return c, j + 3 - i
		}
	}
	return '\\', j - i
}

// entities are those of XML, as HTML-escaping writes them.
var entities = []struct {
	text string
	c    byte
}{
	{"&quot;", '"'}, {"&apos;", '\''}, {"&#34;", '"'}, {"&#39;", '\''}, {"&#x22;", '"'}, {"&#x27;", '\''}, {"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&#61;", '='}, {"&#58;", ':'}, {"&#60;", '<'}, {"&#62;", '>'}, {"&#38;", '&'}, {"&#x3c;", '<'}, {"&#x3e;", '>'}, {"&#x3C;", '<'}, {"&#x3E;", '>'},
}

func entity(text []byte, i int) (c byte, n int) {
	for _, e := range entities {
		if at(text, i, e.text) {
			return e.c, len(e.text)
		}
	}
	return '&', 1
}

func hexByte(text []byte, i int) (byte, bool) {
	if i+2 > len(text) || !hexadecimal.all(text[i:i+2]) {
		return 0, false
	}
	return hexValue(text[i])<<4 | hexValue(text[i+1]), true
}

// hexValue is what a hexadecimal digit stands for.
func hexValue(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return (c | 0x20) - 'a' + 10
}

func at(text []byte, i int, s string) bool {
	return i >= 0 && len(text)-i >= len(s) && string(text[i:i+len(s)]) == s
}

// skipSpace skips blanks, and line breaks with lines.
func skipSpace(text []byte, i int, lines bool) int {
	for {
		c, n := sign(text, i)
		switch {
		case n > 0 && (c == ' ' || c == '\t'), lines && (c == '\n' || c == '\r'):
			i += n
		default:
			return i
		}
	}
}

// isQuote tells whether a sign opens or closes a string.
func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '`' }
