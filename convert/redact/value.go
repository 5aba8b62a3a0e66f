package redact

import "bytes"

// A form remembers what isJSON says of a text: it reads over the blanks at the
// beginning, and is asked for each of the text's keys.
type form struct{ known, is bool }

func (f *form) json(text []byte) bool {
	if !f.known {
		f.known, f.is = true, isJSON(text)
	}
	return f.is
}

// isJSON tells whether text begins as JSON does in these logs.
func isJSON(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	return len(text) > 0 && bytes.IndexByte([]byte(`{["`), text[0]) >= 0
}

// skipCloser skips what closes a quoted key: quotes with backslashes before
// them, and >> of an Erlang binary.
func skipCloser(text []byte, i int) (next int, quoted bool) {
	j := i
	for j < len(text) && text[j] == '\\' {
		j++
	}
	if j >= len(text) || text[j] != '"' && text[j] != '\'' {
		return i, false
	}
	j++
	if at(text, j, ">>") {
		j += 2
	}
	return j, true
}

func skipBlanks(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t') {
		i++
	}
	return i
}

// inTuple tells whether the key around text[start] is the first element of an
// Erlang tuple, as in {<<"authorization">>,<<"Basic …">>}.
func inTuple(text []byte, start int) bool {
	i := start - 1
	for isWord(text, i) {
		i--
	}
	for i >= 0 && bytes.IndexByte([]byte(`"'\<`), text[i]) >= 0 {
		i--
	}
	return i >= 0 && text[i] == '{'
}

// quoted finds the value in quotes at i, which may be an Erlang binary, and may
// have backslashes before its quotes because it stands within a string itself.
func quoted(text []byte, i int) (from, to int) {
	if at(text, i, "<<") {
		i += 2
		if i < len(text) && isDigit(text[i]) {
			n := bytes.Index(text[i:], []byte(">>"))
			if n < 0 {
				n = len(text) - i
			}
			return i, i + n
		}
	}
	j := i
	for j < len(text) && text[j] == '\\' {
		j++
	}
	if j >= len(text) || text[j] != '"' && text[j] != '\'' {
		return 0, 0
	}
	if j > i && (j-i)%2 == 0 {
		return 0, 0 // backslashes that are themselves escaped, and the end of the string around them
	}
	from = j + 1
	to = closingQuote(text, from, text[j], j-i)
	return unlessMasked(text, from, to)
}

// closingQuote finds where the value ends whose opening quote has depth
// backslashes before it. A string within a string has one backslash before its
// quotes and three before those inside it, and so on.
func closingQuote(text []byte, i int, quote byte, depth int) int {
	for run := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			run++
			continue
		case c == quote && (run-depth)%(2*depth+2) == 0 && run >= depth:
			return i - depth
		case c == '"' && run < depth || c == '"' && quote != '"' && run%2 == 0:
			return i - run%2 // the string around it ends here
		}
		run = 0
	}
	return len(text)
}

// bareJSON finds a number that is the value of a quoted key. Words such as
// null and true are no secrets.
func bareJSON(text []byte, i int) (from, to int) {
	j := i
	for j < len(text) && (isDigit(text[j]) || bytes.IndexByte([]byte("+-.eE"), text[j]) >= 0) {
		j++
	}
	if j == i || !isDigit(text[i]) && text[i] != '-' {
		return 0, 0
	}
	return i, j
}

// bare finds a value without quotes.
func bare(text []byte, i int, colon bool, rule colonRule) (from, to int) {
	if colon && (rule == colonNever || rule == colonLine) {
		return 0, 0
	}
	if rule == colonHeader {
		return unlessMasked(text, i, endOfHeader(text, i))
	}
	j := i
	for j < len(text) && text[j] > ' ' && bytes.IndexByte([]byte("&;,\"'\\)]}<>|{[("), text[j]) < 0 && !at(text, j, "^M") {
		j++
	}
	if colon && rule == colonRandom && (j-i < 16 || !bytes.ContainsAny(text[i:j], "0123456789")) {
		return 0, 0
	}
	return unlessMasked(text, i, j)
}

// endOfHeader finds the end of the line, in any of the ways it may be written,
// or of the string around it.
func endOfHeader(text []byte, i int) int {
	for run := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			run++
			continue
		case c == '\r', c == '\n', c == '^' && at(text, i, "^M"), c == '"' && run%2 == 0:
			return i
		case run > 0 && (c == 'r' || c == 'n'):
			return i - run
		}
		run = 0
	}
	return len(text)
}

// endOfSIPHeader is endOfHeader for a line of Pexip's, where quotes within a
// header are not always escaped. A quote after = opens a parameter's value, the
// next one closes it, and one outside of such a value ends the string.
func endOfSIPHeader(text []byte, i int) int {
	for {
		end := endOfHeader(text, i)
		if end+1 >= len(text) || text[end] != '"' || text[end-1] != '=' || text[end+1] <= ' ' {
			return end
		}
		for i = end + 1; i < len(text) && text[i] != '"' && !at(text, i, "^M") && text[i] != '\n'; {
			i++
		}
		if i < len(text) && text[i] == '"' {
			i++
		}
	}
}

// lineBegins tells whether a line begins at text[i], after any kind of line break.
func lineBegins(text []byte, i int) bool {
	return i == 0 || text[i-1] == '\n' || text[i-1] == '\r' || at(text, i-2, "^M") || at(text, i-2, `\n`)
}

// wordBegins tells whether a word of a key begins at text[i]: pin, guest_pin,
// Guest-Pin and guestPin, but not spin.
func wordBegins(text []byte, i int) bool {
	return lineBegins(text, i) || !isWord(text, i-1) || text[i-1] == '-' || text[i-1] == '_' || text[i] == 'P' && text[i+1] == 'i'
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func isBase64(c byte) bool {
	return c|0x20-'a' <= 25 || c-'0' <= 9 || c == '-' || c == '_'
}

// isWord tells whether a key may have text[i] in it.
func isWord(text []byte, i int) bool { return i >= 0 && i < len(text) && isBase64(text[i]) }
