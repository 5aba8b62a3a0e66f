package redact

import "bytes"

// What stands in the middle of words without belonging to them: escape sequences
// of a terminal, and the places where Erlang or Python breaks a string over lines:
//
//	<<"aa"
//	  "bb">>

// withoutInterruptions is text without its interruptions, of which restore makes text again.
func (s *search) withoutInterruptions(text []byte) []byte {
	if !interrupted(text) {
		return text
	}
	for done := 0; done < len(text); {
		i := interruption(text, done)
		for ; done < i; done++ {
			s.plain = append(s.plain, text[done])
			s.places = append(s.places, int32(done))
		}
		if i < len(text) {
			done += interruptionLength(text, i)
		}
	}
	return s.plain
}

// restore makes spans of the text of spans of plain. None ends within an
// interruption, so that quotes stay in pairs.
func (s *search) restore() {
	if len(s.places) == 0 {
		return
	}
	for i := range s.spans {
		x := &s.spans[i]
		x.from, x.to, x.key = int(s.places[x.from]), int(s.places[x.to-1])+1, int(s.places[x.key])
		if x.told > 0 {
			x.told = int(s.places[x.told-1]) + 1
		}
		if x.quote < x.quoteEnd {
			x.quote, x.quoteEnd = int(s.places[x.quote]), int(s.places[x.quoteEnd-1])+1
		}
	}
}

// interrupted tells whether there may be an interruption in a text.
func interrupted(text []byte) bool {
	if bytes.IndexByte(text, 0x1b) >= 0 {
		return true
	}
	for i := 0; ; i++ {
		n := bytes.IndexByte(text[i:], '[')
		if n < 0 {
			break
		}
		if i += n; i > 1 && bytes.IndexByte([]byte(`1\3^`), text[i-2]) >= 0 && bytes.IndexByte([]byte("bBe3["), text[i-1]) >= 0 {
			return true
		}
	}
	if bytes.IndexByte(text, '\n') >= 0 && (bytes.Contains(text, []byte("\"\n")) || bytes.Contains(text, []byte("'\n")) || bytes.Contains(text, []byte("\r\n"))) {
		return true
	}
	return breaksEscaped(text, `"\`) || breaksEscaped(text, `'\`)
}

// breaksEscaped tells whether a line break that is written as an escape follows a
// quote. What is looked for is the quote and a backslash.
func breaksEscaped(text []byte, what string) bool {
	for i := 0; ; {
		n := bytes.Index(text[i:], []byte(what))
		if n < 0 {
			return false
		}
		for i += n + 1; i < len(text) && text[i] == '\\'; i++ {
		}
		if i < len(text) && (text[i] == 'n' || text[i] == 'r') {
			return true
		}
	}
}

// interruption is where the first interruption begins at i or behind it.
func interruption(text []byte, i int) int {
	i = interrupting.find(text, i)
	for i < len(text) && interruptionLength(text, i) == 0 {
		i = interrupting.find(text, i+1)
	}
	return i
}

// interrupting is what an interruption begins with.
var interrupting = classOf("\x1b\\^\"'")

// interruptionLength is how long the interruption at i is, 0 if there is none.
func interruptionLength(text []byte, i int) int {
	switch c := text[i]; {
	case c == 0x1b:
		return sequenceLength(text, i)
	case c == '"' || c == '\'':
		return joinLength(text, i)
	case c == '^' && at(text, i, "^[["):
		return parametersEnd(text, i+3) - i
	case c == '\\':
		for _, escape := range [...]string{`\u001b[`, `\u001B[`, `\x1b[`, `\x1B[`, `\e[`, `\033[`} {
			if at(text, i, escape) && (i == 0 || text[i-1] != '\\') {
				return parametersEnd(text, i+len(escape)) - i
			}
		}
		return joinLength(text, i)
	}
	return 0
}

// joinLength is how long it is from the end of a string to the beginning of the
// one in the next line that continues it. i is at the closing quote, or at the
// backslashes before it.
func joinLength(text []byte, i int) int {
	j := backslashes.end(text[:min(len(text), i+8)], i)
	if j == len(text) || text[j] != '"' && text[j] != '\'' || i > 0 && text[i-1] == '\\' {
		return 0
	}
	quote := string(text[i : j+1])
	end := j + 1
	j = white.end(text, end)
	broken := at(text, end, "\n") || at(text, end, "\r\n")
	for quote != `"` { // the line break may be written as an escape as well
		c, n := sign(text, j)
		if n < 2 || c != '\n' && c != '\r' || text[j] != '\\' {
			break
		}
		j, broken = white.end(text, j+n), true
	}
	if !broken {
		return 0
	}
	if j < len(text) && (text[j]|0x20 == 'b' || text[j]|0x20 == 'u') && quote != `"` {
		j++ // Python's b'…'
	}
	if !at(text, j, quote) {
		return 0
	}
	j += len(quote)
	if i > 0 && text[i-1] == '=' && (j == len(text) || text[j] <= ' ') {
		return 0 // a value of nothing but blanks, and both of its quotes
	}
	return j - i
}

// joinTells tells whether a string goes on in the next line, whose closing quote is at i.
func joinTells(text []byte, i, _ int) bool {
	return joinLength(text, backslashes.start(text, max(0, i-8), i)) > 0
}

// parametersEnd is behind the parameters and the last byte of an escape sequence.
func parametersEnd(text []byte, i int) int {
	return min(parameters.end(text, i)+1, len(text))
}

var parameters = classOf(";?", digits)

// Of a control sequence of ECMA-48, the bytes before the last, and the last.
var (
	controlBytes = between(0x20, 0x3f)
	finalByte    = between(0x40, 0x7e)
)

// maxTitle is how long an escape sequence with a text may be.
const maxTitle = 256

// sequenceLength is how long the escape sequence of ECMA-48 at i is, 0 if there
// is none.
func sequenceLength(text []byte, i int) int {
	if i+1 >= len(text) {
		return 1
	}
	switch text[i+1] {
	case '[':
		end := controlBytes.end(text, i+2)
		if end < len(text) && finalByte[text[end]] {
			end++
		}
		return end - i
	case ']':
		for j := i + 2; j < len(text) && j < i+maxTitle; j++ {
			if text[j] == 0x07 {
				return j + 1 - i
			}
			if text[j] == 0x1b && j+1 < len(text) && text[j+1] == '\\' {
				return j + 2 - i
			}
		}
		return 2
	}
	if c := text[i+1]; c >= 0x20 && c <= 0x7e && !isQuote(c) {
		return 2
	}
	return 1
}
