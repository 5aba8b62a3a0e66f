package redact

import "bytes"

// announced looks at what surrounds the key text[start:end], finds out in which
// way a value goes with it, and masks the value.
func (s *search) announced() {
	after, closer := s.closer()
	if closer > 0 {
		opener := s.opener(closer)
		if opener < 0 {
			return // the end of a string that is no key
		}
		before := len(s.spans)
		s.quotedKey(after, closer)
		if len(s.spans) == before {
			s.valueBefore(opener)
		}
		return
	}
	s.plainKey()
}

// closer returns what follows the quote behind the key, and how long the quote
// is; 0 if there is none.
func (s *search) closer() (after, length int) {
	c, n := sign(s.text, s.end)
	if n == 0 || !isQuote(c) {
		return s.end, 0
	}
	after = s.end + n
	if at(s.text, after, "/utf8") {
		after += len("/utf8")
	}
	if c, n := sign(s.text, after); c == '>' {
		if c, m := sign(s.text, after+n); c == '>' { // of an Erlang binary
			after += n + m
		}
	}
	return after, n
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
		switch c := s.text[i-1]; {
		case c < ' ', c == '\\', c == '"', c == '\'', c == '{', c == '}', c == '(', c == ')', c == ',', c == '=', c == '&':
			return -1
		}
	}
	return -1
}

// in sets row to what the key is in a place, and tells whether it is anything.
func (s *search) in(p place) bool {
	s.row, s.plural = s.f.names.find(&s.key, p)
	return s.row != nil
}

// quotedKey is for a key in quotes, of JSON, Python, Erlang and the like.
func (s *search) quotedKey(i, closer int) {
	if c, n := sign(s.text, i); c == ']' && s.isIndex(closer) { // environ["PASSWORD"] = …
		i += n
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
		s.listed(skipSpace(s.text, i+n, true), closer)
	case c == '}' && s.pairOfTuples(skipSpace(s.text, i+n, true)):
	case c == '-':
		if c, m := sign(s.text, i+n); c == '>' && s.in(structured) {
			s.value(skipSpace(s.text, i+n+m, true), closer)
		}
	default:
		s.named(i, closer)
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
// or Python's, a list of lists, options of a command, or an object that
// has a name and a value. i is behind the comma.
func (s *search) listed(i, closer int) {
	if next := s.valueKey(i); next >= 0 {
		if s.in(structured) {
			s.value(next, closer)
		}
		return
	}
	switch {
	case s.key.as[0] == '-' && s.in(optioned) || s.inTuple(closer) && s.in(structured):
		s.value(i, closer)
	case s.in(structured) && s.inPair(i, closer):
		s.quoted(i, true)
	}
}

// valueKey returns where the value begins that follows "value": at i, or -1.
func (s *search) valueKey(i int) int {
	c, n := sign(s.text, i)
	if n > 0 && isQuote(c) {
		i += n
	} else if n = 0; s.key.n == 0 {
		return -1
	}
	end := letters.end(s.text[:min(len(s.text), i+8)], i)
	if !sameWord(s.text[i:end], "value") && !sameWord(s.text[i:end], "val") && !sameWord(s.text[i:end], "v") {
		return -1
	}
	if n > 0 {
		if c, m := sign(s.text, end); !isQuote(c) || m != n {
			return -1
		}
		end += n
	}
	end = skipSpace(s.text, end, true)
	if c, n := sign(s.text, end); n > 0 && (c == ':' || c == '=') {
		return skipSpace(s.text, s.arrow(end+n), true)
	}
	return -1
}

// named is for an XML element that has a name and a value: name="password" value="…".
func (s *search) named(i, closer int) {
	if next := s.valueKey(i); next >= 0 {
		if s.in(structured) {
			s.value(next, closer)
		}
		return
	}
	if c, n := sign(s.text, i); n > 0 && c == '>' && s.namesElement(closer) && s.in(structured) { // <param name="password">
		s.elementText(i+n, true)
	}
}

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
	if c, _ := sign(s.text, i+1); c != '/' || !s.in(structured) {
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
	i := s.start - closer - 1
	for k := 0; k < 2 && i >= s.begin && (s.text[i]|0x20 == 'b' || s.text[i]|0x20 == 'u' || s.text[i]|0x20 == 'r'); k++ {
		i--
	}
	if i-1 >= s.begin && (s.text[i] == '<' || s.text[i] == '>') {
		i = s.beforeAngles(i)
	}
	for i >= s.begin && (s.text[i] <= ' ' || s.text[i] == 'n' && i > s.begin && s.text[i-1] == '\\') {
		if s.text[i] == 'n' {
			i--
		}
		i--
	}
	if i < s.begin {
		return false
	}
	switch s.text[i] {
	case '{', '(':
		return true
	case '[':
		for i--; i >= s.begin && s.text[i] <= ' '; i-- {
		}
		return i >= s.begin && (s.text[i] == '[' || s.text[i] == ',')
	}
	return false
}

// inPair tells whether the key is the first of a list of two strings, of which the other
// one, at i, looks like a secret.
func (s *search) inPair(i, closer int) bool {
	j := s.back(s.back(s.start-closer, "<"), " \t\r\n")
	if j == s.begin || s.text[j-1] != '[' {
		return false
	}
	from, to, next := s.str(i)
	if next <= to {
		return false
	}
	if at(s.text, next, ">>") {
		next += 2
	}
	v := s.text[from:to]
	return (looksSecret(v) || s.row.form == header && isCredentials(v)) && at(s.text, skipSpace(s.text, next, true), "]")
}

// beforeAngles goes back over the << of a binary.
func (s *search) beforeAngles(i int) int {
	for k := 0; k < 2 && i >= s.begin && s.text[i] == '<'; k++ {
		i--
	}
	return i
}

// plainKey is for a key without quotes.
func (s *search) plainKey() {
	i := s.end
	bracketed := false
	switch c, n := sign(s.text, i); {
	case c == ']' && n > 0: // user[password]=…, PHP's [password] => …
		i, bracketed = i+n, s.before() == '['
	case c == '[' && n > 0: // token[0]=…
		i = s.index(i, n)
	}
	if c, n := sign(s.text, i); c == '>' || s.before() == '<' && (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
		if n > 0 && s.before() == '<' {
			s.element(i)
			return
		}
		return
	}
	next := skipSpace(s.text, i, false)
	c, n := sign(s.text, next)
	switch {
	case n == 0:
	case c == '<' && s.before() == '>':
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
			s.term(skipSpace(s.text, next+2, true))
		case at(s.text, next, ","):
			s.tuple(next + 1)
		}
	}
}

// index skips the brackets of name[] and name[0].
func (s *search) index(i, n int) int {
	j := digits.end(s.text, i+n)
	if c, n := sign(s.text, j); n > 0 && c == ']' {
		return j + n
	}
	return i
}

// tuple is for the first element of an Erlang tuple. i is behind the comma.
func (s *search) tuple(i int) {
	j := s.start
	if j > s.begin && s.text[j-1] == ':' { // an atom of Elixir's
		j--
	}
	for j > s.begin && (s.text[j-1] == ' ' || s.text[j-1] == '\n') {
		j--
	}
	if j > s.begin && s.text[j-1] == '{' && s.in(structured) {
		s.term(skipSpace(s.text, i, true))
	}
}

// before is the sign before the key.
func (s *search) before() byte {
	i := s.start - 1
	if i < s.begin {
		return 0
	}
	switch c := s.text[i]; c {
	case ';':
		for _, e := range entities {
			if at(s.text, i+1-len(e.text), e.text) {
				return e.c
			}
		}
	case ':': // a namespace
		for i--; i >= s.begin && s.start-i < maxKey && isWord(s.text[i]); i-- {
		}
		if i >= s.begin && s.text[i] == '<' || at(s.text, i-3, "&lt;") {
			return '<'
		}
	default:
		if c == '/' || !hexadecimal[c] {
			return c
		}
	}
	return s.escapedBefore()
}

// escapedBefore is the sign before the key that is written as \u0026 or %26.
func (s *search) escapedBefore() byte {
	for _, length := range []int{3, 5, 6} {
		if i := s.start - length; i >= s.begin && (s.text[i] == '%' || s.text[i] == '\\') {
			if c, n := sign(s.text, i); n == length {
				return c
			}
		}
	}
	return s.text[s.start-1]
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
		i = s.until(from, shut)
		s.mask(from, i)
		if i += len(shut); i > len(s.text) {
			return -1
		}
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
	if c, n := sign(s.text, skipSpace(s.text, to, true)); n > 0 && c == '<' {
		s.mask(i, to)
		return skipSpace(s.text, to, true)
	}
	if !blank {
		s.mask(i, to) // the rest was cut
	}
	return -1
}

// until is where shut begins at i or behind it, or the end of the line.
func (s *search) until(i int, shut string) int {
	for i < len(s.text) && !at(s.text, i, shut) && s.text[i] != '\n' {
		i++
	}
	return i
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
	if s.in(queried) && (s.inQuery() || s.inForm(next)) {
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
	if c, n := sign(s.text, i); n == 0 || c != '\n' && c != '\r' {
		return i
	}
	j := skipSpace(s.text, i, true)
	if c, n := sign(s.text, j); n > 0 && s.text[j-1] == ' ' && (isQuote(c) || at(s.text, j, "<<") || s.opensCompound(j)) {
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

// inQuery tells whether the key is a parameter of a URL's query.
func (s *search) inQuery() bool {
	switch s.before() {
	case '?', '&', ';', '#':
		return true
	}
	return false
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
