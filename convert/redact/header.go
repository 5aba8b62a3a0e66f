package redact

import "bytes"

// maxHeaderWords is how much of a value is looked at to tell a header from prose.
const maxHeaderWords = 256

// colon masks the value behind `key:` without quotes. In prose, a colon follows
// such words as well ("bad token: unexpected end").
func (s *search) colon(i int) {
	if !s.in(headed) {
		return
	}
	next := s.continued(skipSpace(s.text, i, false))
	if s.row.form == header || s.isHeaderName() {
		if c, _ := sign(s.text, next); (c == '\r' || c == '\n') && s.folded(next) > 0 {
			next = skipSpace(s.text, next, true)
		}
		s.headerOf(next, false)
		return
	}
	if next > i && s.inJSON && at(s.text, next, `"`) {
		return
	}
	if s.quoted(next, true) || s.binary(next) || s.looseCompound(next) {
		return
	}
	if word := s.text[next:s.bareEnd(next, true)]; oneOf(word, schemes[:5]) {
		s.mask(next, s.headerEnd(next, len(s.text)))
		return
	}
	if s.row.pexip && !s.linesBegin() {
		return // "wrong pin: 2 left"
	}
	if s.block(next) {
		return
	}
	to := s.bareEnd(next, true)
	if s.row.form == random && !s.tells(next, to) {
		return
	}
	s.bare(next, true)
}

// tells tells whether a value behind `token:` is one, and not how a sentence goes on.
func (s *search) tells(from, to int) bool {
	v := s.text[from:to]
	if looksRandom(v) && (len(v) >= 16 || s.linesBegin() || digits.in(v) && len(v) >= 8) {
		return true
	}
	c, n := sign(s.text, to)
	return s.linesBegin() && len(v) > 0 && (n == 0 || c == '\n' || c == '\r' || c == '"' || c == '\'') && !isOrdinary(v)
}

// linesBegin tells whether a line begins with the key, as with the name of a header.
func (s *search) linesBegin() bool {
	i := s.start
	for i > s.begin && (blanks[s.text[i-1]] || s.text[i-1] == '-') {
		i--
	}
	c := signBefore(s.text, s.begin, i)
	return i == s.begin || c == '\n' || c == '\r'
}

// isHeaderName tells whether the key is written as the names of headers of
// several words are: X-Api-Key.
func (s *search) isHeaderName() bool {
	return bytes.IndexByte(s.key.as[:s.key.n], '-') > 0 && bytes.IndexByte(s.key.as[:s.key.n], '_') < 0 && s.row.word != "pwd" && s.row.word != "pin"
}

// headerOf masks the value of a header at i, which goes on in lines that begin
// with a blank. In prose it is none.
func (s *search) headerOf(i int, assigned bool) {
	c, n := sign(s.text, i)
	if q, m := s.quoteBefore(); m > 0 && c == q && n == m {
		return // the string around the header ends here
	}
	if isQuote(c) && (s.inJSON && n == 1 && c == '"' || s.quoted(i, true)) {
		return
	}
	v := s.text[i:s.headerEnd(i, maxHeaderWords)]
	if len(v) == 0 {
		return
	}
	if n := bytes.IndexByte(v, ']'); n > 1 && v[0] == '[' && !s.opensTerm(i+1) { // as Go and Java print lists
		s.mask(i+1, i+n)
		return
	}
	if s.opensPlainly(i) {
		before := len(s.spans)
		s.compound(i, 0)
		if len(s.spans) > before {
			return
		}
	}
	word, rest, more := bytes.Cut(v, []byte(" "))
	switch {
	case !more && assigned:
		s.bare(i, true)
		return
	case !more && (isOrdinary(v) || !s.linesBegin() && small.all(v) && s.isProse()):
		return
	case more && !s.isHeader(word, rest):
		if assigned {
			s.bare(i, true)
		}
		return
	}
	s.mask(i, s.headerEnd(i, len(s.text)))
}

// isProse tells whether the key may be a word of a sentence: it is neither
// written as several words of a header are nor at the beginning of a string.
func (s *search) isProse() bool {
	_, n := s.quoteBefore()
	return n == 0 && bytes.IndexByte(s.key.as[:s.key.n], '-') < 0
}

// opensTerm tells whether a string, a list or the like begins at i.
func (s *search) opensTerm(i int) bool {
	_, _, next := s.str(i)
	return next >= 0 || s.text[i] == '<' || s.opensCompound(i)
}

// isCredentials tells whether a text is what credentials in a header look like.
func isCredentials(v []byte) bool {
	word, rest, more := bytes.Cut(v, []byte(" "))
	return more && oneOf(word, schemes[:5]) && !isOrdinary(firstWord(rest)) || bytes.IndexByte(word, '=') > 0 || looksRandom(v)
}

// isHeader tells whether several words are the value of a header.
func (s *search) isHeader(word, rest []byte) bool {
	if s.isHeaderName() && s.row.form != header {
		return true
	}
	if s.row.word == "cookie" {
		return bytes.IndexByte(word, '=') > 0 || looksRandom(word) || s.linesBegin() && bytes.IndexByte(rest, '=') > 0
	}
	if isOrdinary(bytes.TrimRight(firstWord(rest), ",;")) && !looksRandom(word) {
		return false
	}
	if oneOf(word, schemes) || bytes.HasPrefix(word, []byte("AWS4")) || bytes.HasPrefix(word, []byte("SCRAM")) || looksRandom(word) {
		return true
	}
	first := firstWord(rest)
	return looksRandom(first) || !isOrdinary(word) && bytes.IndexByte(rest, ' ') < 0 && word[0] <= 'Z' && isLetter(word[0]) && bytes.ContainsAny(first, "0123456789=+/")
}

func firstWord(text []byte) []byte {
	first, _, _ := bytes.Cut(bytes.TrimLeft(text, " "), []byte(" "))
	return first
}

// schemes are those of HTTP authentication; the first five are no other words.
var schemes = []string{
	"basic", "bearer", "digest", "negotiate", "ntlm", "oauth", "token", "apikey", "hawk", "signature", "sharedkey", "key", "hoba", "mutual", "vapid", "dpop", "googlelogin", "gnap", "kerberos", "custom",
}

// quoteBefore is the quote right before the key, and how many bytes it takes.
func (s *search) quoteBefore() (quote byte, n int) {
	i := s.start - 1
	if i < s.begin || s.text[i] != '"' && s.text[i] != '\'' {
		return 0, 0
	}
	return s.text[i], i + 1 - backslashes.start(s.text, s.begin, i)
}

// headerEnd finds the end of the header, in any of the ways in which a line may
// end, or of the string around it. Quotes within a header are not always
// escaped: a quote after = opens a parameter's value, the next one closes it,
// and one outside of such a value ends the string.
func (s *search) headerEnd(i, most int) int {
	q, qn := s.quoteBefore()
	limit := s.pairEnd(i)
	limit = i + min(most, limit-i)
	for i < limit {
		c, n := sign(s.text, i)
		switch {
		case c == '\n' || c == '\r':
			next := s.folded(i)
			if next < 0 {
				return i
			}
			i = next
			continue
		case c == '"' && n == 1 && s.inString(i, limit):
			i = s.parameterEnd(i+1, limit)
			continue
		case c == '"' && n == 1, c == q && n == qn:
			return i
		}
		i += n
	}
	return limit
}

// inString tells whether the quote at i opens the value of a header's parameter.
func (s *search) inString(i, limit int) bool {
	return !s.inJSON && s.text[i-1] == '=' && i+1 < limit && s.text[i+1] > ' '
}

// parameterEnd is behind the closing quote of a parameter's value, or where the line ends.
func (s *search) parameterEnd(i, limit int) int {
	for i < limit && s.text[i] != '"' && s.text[i] != '\n' && !at(s.text, i, "^M") {
		i++
	}
	if i < limit && s.text[i] == '"' {
		i++
	}
	return i
}

// folded returns where a header goes on behind the line break at i, or -1.
func (s *search) folded(i int) int {
	i = s.skip(s.skip(i, "\r"), "\n")
	c, n := sign(s.text, i)
	if blanks[c] {
		return i + n
	}
	return -1
}
