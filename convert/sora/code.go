package sora

import (
	"bytes"
	"slices"

	"github.com/rtcship/rtcship/convert/record"
)

// code adds what a message such as `CODE | reason=<<"term">>` says. It returns
// the index of the event, or -1.
func (r *Reader) code(level, msg []byte) (event int) {
	code, terms, ok := cutCode(msg)
	if !ok {
		return -1
	}
	if event = r.p.events.find(level, code); event < 0 && !isCode(code) {
		return -1
	}
	if b := r.b; event >= 0 && r.p.events.list[event].code == string(code) {
		b.Encoded(r.p.events.list[event].whole)
		b.EventPrefix = r.p.events.list[event].name
	} else {
		b.Attr(keyCode, code)
		b.EventPrefix, b.EventName = "sora.", r.snake(code)
		if event >= 0 { // it is another spelling
			b.Encoded(r.p.events.list[event].category)
		}
	}
	if event >= 0 {
		r.count(event)
	}
	r.pairs(terms)
	return event
}

// count counts the event with index i.
func (r *Reader) count(i int) {
	record.Event(&r.b.Counts.SoraEvents, len(r.p.events.list), i)
}

var separator = []byte(" | ")

// cutCode cuts the first word off msg, and the separator, if there is one. It returns
// false if anything else follows, so that the word is no code.
func cutCode(msg []byte) (word, terms []byte, ok bool) {
	n := bytes.IndexByte(msg, ' ')
	if n < 0 {
		return msg, nil, true
	}
	terms, ok = bytes.CutPrefix(msg[n:], separator)
	return msg[:n], terms, ok
}

// isCode tells whether s is made of capitals and digits in words joined by hyphens,
// at least two of them.
func isCode(s []byte) bool {
	hyphens := 0
	for i, c := range s {
		switch {
		case c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '-' && i > 0 && s[i-1] != '-':
			hyphens++
		default:
			return false
		}
	}
	return hyphens > 0 && s[len(s)-1] != '-'
}

// snake is a code, a title or a level in lower snake case.
func (r *Reader) snake(words []byte) []byte {
	snake := r.b.Arena
	for _, c := range words {
		switch {
		case c == '-', c == ' ':
			c = '_'
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		}
		snake = append(snake, c)
	}
	start := len(r.b.Arena)
	r.b.Arena = snake
	return snake[start:]
}

// pairs adds each `key=term` of s. Terms are kept as text. Where what follows
// a term is no further pair, it belongs to the term.
func (r *Reader) pairs(s []byte) {
	r.keys = r.keys[:0]
	for len(s) > 0 && len(r.keys) < mostPairs {
		n := keyLength(s)
		if n == 0 {
			return
		}
		key, rest := s[:n], s[n+1:]
		if !maybeMore(rest) {
			r.pair(key, rest)
			return
		}
		end := skipTerm(rest)
		next := rest[end:]
		for len(next) > 0 && (next[0] == ' ' || next[0] == ',') {
			next = next[1:]
		}
		if len(next) > 0 && keyLength(next) == 0 {
			end, next = len(rest), nil
		}
		r.pair(key, rest[:end])
		s = next
	}
	if len(s) > 0 {
		r.b.Counts.Beyond[record.Pairs]++
	}
}

// mostPairs is how many pairs of a message become attributes, several times what
// Sora writes: each is compared with those before it. The body has all of them.
const mostPairs = 64

// maybeMore tells whether a further pair may stand somewhere in rest, or blanks
// and commas at its end, so that the term has to be read to see where it ends.
func maybeMore(rest []byte) bool {
	if n := len(rest); n > 0 && (rest[n-1] == ' ' || rest[n-1] == ',') {
		return true
	}
	for i := 0; ; i++ {
		n := bytes.IndexByte(rest[i:], '=')
		if n < 0 {
			return false
		}
		if i += n; i > 0 && isKeyByte(rest[i-1]) {
			return true
		}
	}
}

func isKeyByte(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' }

// pair adds one pair. Those under a name that has a meaning of its own, or that
// the record has already, are left to the body.
func (r *Reader) pair(key, term []byte) {
	if r.taken(key) {
		return
	}
	r.keys = append(r.keys, key)
	term = record.Cut(term, maxValue)
	if string(key) == "reason" {
		r.b.Attr(keyReason, term)
		return
	}
	if r.p.fields.id(key) == unknownField {
		r.b.Attr(r.b.Key("sora.", key), term)
	}
}

// taken tells whether there was a pair called key before, or an unknown field
// of the line.
func (r *Reader) taken(key []byte) bool {
	if contains(r.keys, key) {
		return true
	}
	for i := range r.beside {
		if m := &r.beside[i]; m.id == unknownField && string(r.name(&r.line, m)) == string(key) {
			return true
		}
	}
	return false
}

func contains(names [][]byte, name []byte) bool {
	return slices.ContainsFunc(names, func(n []byte) bool { return string(n) == string(name) })
}

// keyLength is the length of the key that s begins with, 0 if there is none.
func keyLength(s []byte) int {
	for i, c := range s {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9' && i > 0, c == '_' && i > 0:
		case c == '=' && i > 0:
			return i
		default:
			return 0
		}
	}
	return 0
}
