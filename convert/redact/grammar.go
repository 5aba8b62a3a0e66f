package redact

import (
	"bytes"
	"strings"
)

// announced looks at what surrounds the key text[start:end], finds out in which
// way a value goes with it, and masks the value.
func (s *search) announced() {
	after, closer := s.closer()
	if closer == 0 {
		s.plainKey()
		return
	}
	opener := s.opener(closer)
	if opener < 0 {
		return // the end of a string that is no key
	}
	before := len(s.spans)
	s.quotedKey(after, closer)
	if len(s.spans) == before {
		s.valueBefore(opener)
	}
}

// closer returns what follows the quote behind the key, and how long the quote
// is; 0 if there is none.
func (s *search) closer() (after, length int) {
	c, n := sign(s.text, s.end)
	if !isQuote(c) {
		return s.end, 0
	}
	return s.binaryEnd(s.end + n), n
}

// opener returns where the quote before the key begins that is like the one
// behind it, and -1 if there is none. It sets start to what is behind it.
func (s *search) opener(length int) int {
	quote := string(s.text[s.end : s.end+length])
	for i := s.start; i >= s.begin+length && s.start-i <= maxKey; i-- {
		if at(s.text, i-length, quote) && (i-length == s.begin || s.text[i-length-1] != '\\' || quote[0] != '\\') {
			if i < s.start {
				s.start = i
				s.readPlain()
			}
			return i - length
		}
		if i > 0 && notInKey[s.text[i-1]] {
			break
		}
	}
	return -1
}

var notInKey = classOf("\\\"'{}(),=&", between(0, ' '-1))

// in sets row to what the key is in a place, and tells whether it is anything.
func (s *search) in(p place) bool {
	s.row, s.plural = s.f.names.find(&s.key, p)
	return s.row != nil
}

// quotedKey is for a key in quotes, of JSON, Python, Erlang and the like.
func (s *search) quotedKey(i, closer int) {
	if s.isIndex(closer) { // environ["PASSWORD"] = …
		i = s.skip(i, "]")
	}
	i = skipSpace(s.text, i, true)
	c, n := sign(s.text, i)
	switch {
	case n == 0:
	case c == ':', c == '=':
		if next := s.arrow(i + n); s.in(structured) {
			s.value(skipSpace(s.text, next, true), closer)
		}
	case c == ',':
		if i = skipSpace(s.text, i+n, true); !s.hasValue(i, closer) {
			s.listed(i, closer)
		}
	case c == '}' && s.pairOfTuples(skipSpace(s.text, i+n, true)):
	case c == '-':
		if next := s.skip(i, "->"); next > i && s.in(structured) {
			s.value(skipSpace(s.text, next, true), closer)
		}
	case s.hasValue(i, closer): // <x name="password" value="…">
	case c == '>' && s.namesElement(closer) && s.in(structured): // <param name="password">
		s.elementText(i+n, true)
	}
}

// pairOfTuples is for a name and a value in a tuple each: {name,"password"},{value,"x"}.
// i is behind the first one.
func (s *search) pairOfTuples(i int) bool {
	if !at(s.text, i, ",") {
		return false
	}
	i = skipSpace(s.text, i+1, true)
	if !at(s.text, i, "{value,") && !at(s.text, i, "{<<\"value\">>,") || !s.in(structured) {
		return false
	}
	s.value(skipSpace(s.text, i+bytes.IndexByte(s.text[i:], ',')+1, true), 0)
	return true
}

// isIndex tells whether the key is all of what is between brackets behind a word.
func (s *search) isIndex(closer int) bool {
	i := s.start - closer - 1
	return i > s.begin && s.text[i] == '[' && (isWord(s.text[i-1]) || s.text[i-1] == ']')
}

// arrow skips the rest of =>, := and ==.
func (s *search) arrow(i int) int {
	for range 2 {
		if c, n := sign(s.text, i); n > 0 && (c == '>' || c == '=') {
			i += n
		}
	}
	return i
}

// listed is for a key and a value with a comma between them: a tuple of Erlang's
// or Python's, a list of lists, options of a command. i is behind the comma.
func (s *search) listed(i, closer int) {
	switch {
	case s.key.as[0] == '-' && s.in(optioned) || s.inTuple(closer) && s.in(structured):
		s.value(i, closer)
	case s.in(structured) && s.inPair(i, closer):
		s.quoted(i, true)
	}
}

// hasValue masks the value of an object, or of an XML element, that has a name and a
// value. It tells whether its key is at i.
func (s *search) hasValue(i, closer int) bool {
	next := s.valueKey(i)
	if next >= 0 && s.in(structured) {
		s.value(next, closer)
	}
	return next >= 0
}

// valueKey returns where the value begins that follows "value": at i, or -1.
func (s *search) valueKey(i int) int {
	c, n := sign(s.text, i)
	if !isQuote(c) {
		n = 0
	}
	i += n
	end := letters.end(s.text[:min(len(s.text), i+8)], i)
	if !oneOf(s.text[i:end], valueWords) {
		return -1
	}
	if n > 0 {
		if c, m := sign(s.text, end); !isQuote(c) || m != n {
			return -1
		}
	}
	end = skipSpace(s.text, end+n, true)
	if c, n := sign(s.text, end); c == ':' || c == '=' {
		return skipSpace(s.text, s.arrow(end+n), true)
	}
	return -1
}

// valueWords are what the key of a value may be that has a name beside it.
var valueWords = []string{"value", "val", "v"}

// namesElement tells whether the key is an attribute that names an element.
func (s *search) namesElement(closer int) bool {
	i := s.start - closer
	for _, attribute := range []string{"name=", "key=", "id=", "Name=", "Key="} {
		if at(s.text, i-len(attribute), attribute) && i-len(attribute) >= s.begin {
			return true
		}
	}
	return false
}

// sibling is for an element whose text is a name, which the next element has the
// value of: <key>password</key><string>…. i is at the end tag.
func (s *search) sibling(i int) {
	if s.skip(i+1, "/") == i+1 || !s.in(structured) {
		return
	}
	if next, _ := s.tagEnd(i); next >= 0 {
		if next = skipSpace(s.text, next, true); at(s.text, next, "<") && !at(s.text, next, "</") {
			s.element(next + 1)
		}
	}
}

// inTuple tells whether the key is the first element of a tuple, or of a list in a list.
func (s *search) inTuple(closer int) bool {
	i := s.keyOpener(closer)
	if i == s.begin {
		return false
	}
	switch s.text[i-1] {
	case '{', '(':
		return true
	case '[':
		i = controls.start(s.text, s.begin, i-1)
		return i > s.begin && (s.text[i-1] == '[' || s.text[i-1] == ',')
	}
	return false
}

// keyOpener is behind what stands before the key, its quotes and blanks.
func (s *search) keyOpener(closer int) int {
	i := s.start - closer
	i = prefixes.start(s.text, max(s.begin, i-2), i)
	i = angles.start(s.text, max(s.begin, i-2), i)
	for i > s.begin && (s.text[i-1] <= ' ' || i-2 >= s.begin && at(s.text, i-2, `\n`)) {
		if s.text[i-1] == 'n' {
			i--
		}
		i--
	}
	return i
}

// prefixes are what may stand before the quote of a string: u'…', b'…', Rb"…", ~b"…".
var prefixes = classOf("~bBfFrRsSuU")

var angles = classOf("<")

// inPair tells whether the key is the first of a list of two strings, of which the other
// one, at i, looks like a secret.
func (s *search) inPair(i, closer int) bool {
	j := s.keyOpener(closer)
	if j == s.begin || s.text[j-1] != '[' {
		return false
	}
	from, to, next := s.str(i)
	if next <= to || !at(s.text, skipSpace(s.text, s.binaryEnd(next), true), "]") {
		return false
	}
	v := s.text[from:to]
	return looksSecret(v) || s.row.form == header && isCredentials(v)
}

// plainKey is for a key without quotes.
func (s *search) plainKey() {
	before := s.before()
	i := s.skip(s.end, "]") // user[password]=…, PHP's [password] => …
	bracketed := i > s.end && before == '['
	if i == s.end {
		i = s.index(i) // token[0]=…
	}
	if c, _ := sign(s.text, i); c == '>' || before == '<' && white[c] {
		if before == '<' {
			s.element(i)
		}
		return
	}
	next := skipSpace(s.text, i, false)
	c, n := sign(s.text, next)
	switch {
	case n == 0:
	case c == '<' && before == '>':
		s.sibling(next)
	case c == '=':
		s.assigned(next, n, bracketed)
	case c == ':':
		if d, m := sign(s.text, next+n); d == '=' || d == '>' { // := and :>
			s.assigned(next+n, m, false)
			return
		}
		s.colon(next + n)
	case c == '-' && at(s.text, next, "->"):
		s.assigned(next, n, false)
	case c == ',':
		s.tuple(next + n)
	case next > i && s.key.as[0] == '-' && (s.start == s.begin || !isWord(s.text[s.start-1])):
		s.option(next)
	case isQuote(c) && next > i:
		if s.in(headed) && s.row.form == anything {
			s.quoted(next, false)
		}
	case c == '\n' || c == '\r':
		switch next = skipSpace(s.text, next, true); {
		case at(s.text, next, "=>") && s.in(structured):
			s.value(skipSpace(s.text, next+2, true), 0)
		case at(s.text, next, ","):
			s.tuple(next + 1)
		}
	}
}

// index skips the brackets of name[] and name[0] at i.
func (s *search) index(i int) int {
	if open := s.skip(i, "["); open > i {
		shut := digits.end(s.text, open)
		if end := s.skip(shut, "]"); end > shut {
			return end
		}
	}
	return i
}

// tuple is for the first element of an Erlang tuple. i is behind the comma.
func (s *search) tuple(i int) {
	j := s.start
	if j > s.begin && s.text[j-1] == ':' { // an atom of Elixir's
		j--
	}
	j = white.start(s.text, s.begin, j)
	if j > s.begin && s.text[j-1] == '{' && s.in(structured) {
		s.value(skipSpace(s.text, i, true), 0)
	}
}

// before is the sign before the key, or before the namespace of an XML element.
func (s *search) before() byte {
	if i := s.start - 1; i >= s.begin && s.text[i] == ':' && signBefore(s.text, s.begin, s.keyStart(i)) == '<' {
		return '<'
	}
	return signBefore(s.text, s.begin, s.start)
}

// element masks the text of an XML element. i is behind its name.
func (s *search) element(i int) {
	if !s.in(structured) {
		return
	}
	if i < s.walked || i == len(s.text) {
		return // within another one that was gone through, or the text ends here
	}
	plain := s.text[i] == '>' || s.text[i] == ' '
	for depth := 1; ; s.walked = i {
		var empty bool
		if i, empty = s.tagEnd(i); i < 0 || empty && depth == 1 {
			return
		}
		if empty {
			depth--
		}
		if i = s.elementText(i, plain); i < 0 {
			return
		}
		_, n := sign(s.text, i)
		if c, _ := sign(s.text, i+n); c != '/' {
			depth++
		} else if depth--; depth <= 0 {
			return
		}
	}
}

// tagEnd masks the attributes of a tag that hold a value, and returns what
// follows the tag, and whether it is an element by itself; -1 if there is no end.
func (s *search) tagEnd(i int) (next int, empty bool) {
	last := byte(0)
	for end := min(len(s.text), i+maxUserInfo); i < end; {
		c, n := sign(s.text, i)
		switch {
		case c == '>':
			return i + n, last == '/'
		case c == '<' && last != 0:
			return -1, false
		case last <= ' ' && last > 0 && c|0x20 == 'v':
			if v := s.valueKey(i); v >= 0 && s.quoted(v, true) {
				i = max(i+n, s.done)
				continue
			}
		}
		last = c
		i += n
	}
	return -1, false
}

// elementText masks the text of an element, and returns where the tag behind it
// begins; -1 if there is none. plain says that tags are not written with entities.
func (s *search) elementText(i int, plain bool) int {
	start := i
	i = skipSpace(s.text, i, true)
	const open, shut = "<![CDATA[", "]]>"
	if at(s.text, i, open) {
		from := i + len(open)
		n := bytes.Index(s.text[from:min(len(s.text), from+maxUserInfo)], []byte(shut))
		if n < 0 {
			s.mask(from, s.lineEnd(from))
			return -1
		}
		s.mask(from, from+n)
		i = from + n + len(shut)
	}
	to, blank := i, at(s.text, start, " ") // as in prose: "<password> is missing"
	for to < len(s.text) {
		c, n := sign(s.text, to)
		if plain && s.text[to] == '&' {
			c = '&'
		}
		if c == '<' || c == '"' && !s.inJSON || c == '\n' || c == '\r' {
			break
		}
		blank = blank || c == ' '
		to += n
	}
	next := skipSpace(s.text, to, true)
	if c, _ := sign(s.text, next); c == '<' {
		s.mask(i, to)
		return next
	}
	if !blank {
		s.mask(i, to) // the rest was cut
	}
	return -1
}

// assigned masks the value of key=value and key => value. The equals sign at i
// takes n bytes. A key in brackets is followed by values without quotes.
func (s *search) assigned(i, n int, bracketed bool) {
	raw := n == 1
	next := s.arrow(i + n)
	if next > i+n { // => or ==
		if s.in(structured) {
			s.pointed(skipSpace(s.text, next, true), bracketed)
		}
		return
	}
	if s.in(queried) && (strings.IndexByte("?&;#", s.before()) >= 0 || s.inForm(next)) {
		s.parameter(next, raw)
		return
	}
	if !s.in(assigned) {
		return
	}
	next = s.continued(skipSpace(s.text, next, false))
	if next == i+1 && s.endsString(next) {
		return
	}
	switch {
	case s.quoted(next, true) || s.binary(next):
	case s.row.form != header && s.looseCompound(next):
	case s.row.form == header:
		s.headerOf(next, true)
	default:
		s.bare(next, raw)
	}
}

// pointed masks the value behind an arrow.
func (s *search) pointed(i int, bracketed bool) {
	if s.quoted(i, true) || s.binary(i) {
		return
	}
	to := s.bareEnd(i, true)
	if !s.opensPlainly(i) && (bracketed || looksRandom(s.text[i:to])) {
		s.bare(i, true)
		return
	}
	s.value(i, 0)
}

// continued is where a value begins that is not in the line of its key, but, by
// itself, in the next one, which begins with a blank: i if it is no string or term.
func (s *search) continued(i int) int {
	if c, _ := sign(s.text, i); c != '\n' && c != '\r' {
		return i
	}
	j := skipSpace(s.text, i, true)
	if c, _ := sign(s.text, j); s.text[j-1] == ' ' && (isQuote(c) || at(s.text, j, "<<") || s.opensCompound(j)) {
		return j
	}
	return i
}

// endsString tells whether the quote at i is the end of a string of JSON: what
// follows is as in such a text, and not as in a pair.
func (s *search) endsString(i int) bool {
	if i+1 >= len(s.text) || s.text[i] != '"' || s.start > s.begin && s.text[s.start-1] == ' ' {
		return false
	}
	c := s.text[i+1]
	return c == ',' || c == '}' || c == ']'
}

// inForm tells whether the key is the first parameter of a form: one more
// follows its value.
func (s *search) inForm(i int) bool {
	if i < s.noForm || s.start > s.begin && !inQuery(s.text, s.start) {
		return false
	}
	i = queryEnds.find(s.text, i)
	if c, _ := sign(s.text, i); c == '&' {
		return true
	}
	s.noForm = i
	return false
}

// parameter masks the value of a parameter of a query. Where the = is written as
// it is, so is the & that ends the value.
func (s *search) parameter(i int, raw bool) {
	to := i
	for to < len(s.text) {
		c, n := sign(s.text, to)
		if n == 1 && queryEnds[c] || c <= ' ' && (s.text[to] != '%' || !raw) || at(s.text, to, "&") || s.text[to] == '\\' && (c == '"' || c == '\'' || c == '&' || c == '<' || c == '>' || c == '\\') {
			break
		}
		if c == '?' && s.before() == ';' {
			break
		}
		if !raw && (c == '&' || c == '#' || c == '"' || c == '\'' || c == ' ') {
			break
		}
		to += n
	}
	s.mask(i, to)
}

var queryEnds = classOf("&#;\"'<>\\{}[]`|,", controls)

// option masks the value of a command's option, at i.
func (s *search) option(i int) {
	if !s.in(optioned) || i < len(s.text) && s.text[i] == '-' {
		return
	}
	if s.quoted(i, true) || sameWord(s.text[i:s.bareEnd(i, true)], string(s.key.folded[:s.key.m])) { // --token TOKEN
		return
	}
	s.bare(i, true)
}
