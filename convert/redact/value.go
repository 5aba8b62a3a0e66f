package redact

import "bytes"

// value masks a value that can be nothing but the key's: behind a key in
// quotes. closer is how long the quotes around the key are; a mask that stands
// for a number gets the same.
func (s *search) value(i, closer int) {
	_, n := sign(s.text, i)
	switch {
	case s.quoted(i, true) || s.row.form == text || s.binary(i) || s.row.form == method || n == 0:
	case s.opensCompound(i):
		s.compound(i, closer)
	default:
		s.scalar(i, closer)
	}
}

// opensCompound tells whether a list, a map, a tuple or the like is at i.
func (s *search) opensCompound(i int) bool {
	c, n := sign(s.text, i)
	return n > 0 && opens[c] || s.construction(i) >= 0
}

// opensPlainly is opensCompound where a value without quotes may stand as well,
// in which there may be brackets: they are a compound's if a string, a term or a
// key follows.
func (s *search) opensPlainly(i int) bool {
	open := s.construction(i)
	if open < 0 {
		return s.opensCompound(i)
	}
	j := wordBytes.end(s.text, open+1)
	if at(s.text, j, Mask) {
		j += len(Mask)
	}
	c, n := sign(s.text, skipSpace(s.text, j, true))
	return n > 0 && (isQuote(c) || c == '<' || c == '=' || c == ':' || s.opensCompound(open+1))
}

// looseCompound masks the compound at i, if there is one, with the words in it,
// which where strings are in quotes would be atoms or constants.
func (s *search) looseCompound(i int) bool {
	if !s.opensPlainly(i) {
		return false
	}
	s.loose = s.row.form == anything
	s.compound(i, 0)
	s.loose = false
	return true
}

// scalar masks a number, or an atom that no one would have written into a program.
func (s *search) scalar(i, closer int) {
	v := bytes.TrimRight(s.text[i:atom.end(s.text, i)], ".")
	switch {
	case len(v) == 0:
		return
	case isDigit(v[0]) || v[0] == '-' && len(v) > 1 && isDigit(v[1]):
		if s.isCount() || s.row.form == oneTime && isVersion(v) {
			return
		}
	case !looksRandom(v):
		return
	}
	s.maskQuoted(i, i+len(v), closer)
}

// isCount tells whether a number behind the key is how many tokens there are.
func (s *search) isCount() bool {
	return s.row.word == "token" && (s.plural || s.key.counts())
}

// atom is what atoms and numbers are made of.
var atom = classOf("+@", dotted)

// maskQuoted masks what had no quotes, and gives the mask the key's. It is add.
func (s *search) maskQuoted(from, to, closer int) bool {
	return s.add(span{from: from, to: to, quote: s.end, quoteEnd: s.end + closer})
}

// quoted masks the string at i. It tells whether there is one. Strings that say true or null are no
// secrets. If strict is false, what was not closed is left alone.
func (s *search) quoted(i int, strict bool) bool {
	from, to, next := s.str(i)
	if next < 0 || next > to && at(s.text, i, "<<") && s.continues(next) {
		return false
	}
	if from == to && next > to {
		if c, n := sign(s.text, next); isQuote(c) && n == next-to { // Python's '''…'''
			from, to, next = s.str(next)
		}
	}
	v := s.text[from:to]
	if saysNothing(v) || !strict && next == to || !s.takes(v) {
		return true
	}
	s.mask(from, to)
	return true
}

// continues tells whether more than a string is in a binary: <<"a",10,"b">>. i is
// behind the string.
func (s *search) continues(i int) bool {
	c, _ := sign(s.text, skipSpace(s.text, s.skip(i, "/utf8"), true))
	return c == ','
}

// isHex tells whether a string is a digest in hexadecimal digits.
func isHex(v []byte) bool { return len(v) >= 32 && hexadecimal.all(v) }

// saysNothing tells whether a string is empty, or one of the words that stand
// where there is no value.
func saysNothing(v []byte) bool { return len(v) == 0 || oneOf(v, nothings) }

var nothings = []string{"nil", "true", "null", "none", "false", "undefined"}

// str finds the string at i: where its contents begin and end, and what follows
// its closing quote. Without one, the contents end with the line, and that is
// what is returned for next, too. next is -1 if there is no string.
func (s *search) str(i int) (from, to, next int) {
	if quote := prefixes.end(s.text[:min(len(s.text), i+2)], i); quote > i {
		if c, _ := sign(s.text, quote); isQuote(c) {
			i = quote
		}
	}
	if next := s.skip(i, "<<"); next > i { // an Erlang binary
		i = skipSpace(s.text, next, true)
	}
	c, n := sign(s.text, i)
	if !isQuote(c) {
		return 0, 0, -1
	}
	if s.text[i] == '\\' && s.text[i+n-1] == c && (n-1)%2 == 0 {
		return 0, 0, -1 // backslashes that are themselves escaped, and the end of the string around them
	}
	if c == '"' && s.r.pexip && i > 0 && s.text[i-1] != '=' && s.pairFollows(i+n) {
		return 0, 0, -1 // the pair's value ends here
	}
	from = i + n
	if end := s.closing(i, n, c); end >= 0 {
		return from, end, end + n
	}
	end := s.unclosed(from, c)
	return from, end, end
}

// unclosed is where a string ends that has no closing quote: with the line, or,
// as an apostrophe says little, with the word.
func (s *search) unclosed(i int, quote byte) int {
	limit := s.pairEnd(i)
	for i < limit {
		c, n := sign(s.text, i)
		if c == '\n' || c == '\r' || quote == '\'' && bareEnds[c] || c == '"' && n == 1 {
			break
		}
		i += n
	}
	return min(i, limit)
}

// binary masks an Erlang binary of numbers, or of several parts: <<1,2,3>>,
// <<"a",98>>. It tells whether there is one.
func (s *search) binary(i int) bool {
	if !at(s.text, i, "<<") {
		return false
	}
	from := i + 2
	for j := from; j < len(s.text); {
		switch c, n := sign(s.text, j); {
		case isQuote(c):
			_, _, next := s.str(j)
			if next < 0 {
				return true
			}
			j = next
		case c == '>' && at(s.text, j, ">>"):
			s.mask(from, j)
			return true
		case isWord(c), c == ',', c == ':', c == '/', c <= ' ', c == '.', c == '|':
			j += n
		default:
			s.mask(from, j)
			return true
		}
	}
	s.mask(from, len(s.text))
	return true
}

// bare masks a value without quotes behind an equals sign. raw says that the
// sign was not written as an escape.
func (s *search) bare(i int, raw bool) {
	to := s.bareEnd(i, raw)
	v := s.text[i:to]
	switch {
	case len(v) == 0 || isOrdinary(v):
		return
	case s.row.form == hexDigits && !isHex(v), s.row.form == oneTime && (isVersion(v) || !digits.in(v)):
		return
	case s.row.word == "pwd" && isPath(v) && !s.ice():
		return
	case s.isCount() && numeric.all(v):
		return
	}
	s.mask(i, to)
}

// ice tells whether the key is a password of ICE, in which a slash is a digit.
func (s *search) ice() bool { return s.key.m > 3 && string(s.key.folded[:3]) == "ice" }

// bareEnd is where a value without quotes ends.
func (s *search) bareEnd(i int, raw bool) int {
	to := i
	for to < len(s.text) {
		c := s.text[to]
		if bareEnds[c] && (to == i || !opens[c]) || c == '^' && at(s.text, to, "^M") || !raw && at(s.text, to, "%26") {
			break
		}
		to++
	}
	return to
}

var bareEnds = classOf("&;,\"'\\)]}<>|{[(`", controls)

// opens are bytes that may be within a value without quotes, but do not begin it.
var opens = classOf("{[(")

// isPath tells whether a value is a path of the file system.
func isPath(v []byte) bool { return v[0] == '/' || at(v, 0, "~/") || at(v, 1, `:\`) }

// numeric is what numbers are made of, and versions.
var numeric = classOf(".-", digits)

func isOrdinary(v []byte) bool {
	v = bytes.TrimRight(v, ".:!?")
	return len(v) == 0 || oneOf(v, ordinaryWords)
}
