package sora

import (
	"bytes"

	"github.com/rtcship/rtcship/convert/record"
)

// code adds what a message such as `CODE | reason=<<"term">>` says. It returns
// the index of the event, or -1.
func (r *Reader) code(level, msg []byte) (event int) {
	if event = r.p.events.known(level, msg); event >= 0 {
		e := &r.p.events.list[event]
		r.b.Encoded(e.whole)
		r.b.EventPrefix = e.name
		r.count(event)
		r.terms(msg[len(e.code):])
		return event
	}
	n := codeLength(msg)
	if n == 0 {
		return -1
	}
	b, code := r.b, msg[:n]
	b.Attr(keyCode, code)
	b.EventPrefix, b.EventName = "sora.", r.snake(code)
	if event = r.p.events.find(level, code); event >= 0 { // another spelling, or a code of any level
		b.Encoded(r.p.events.list[event].category)
		r.count(event)
	}
	r.terms(msg[n:])
	return event
}

// count counts the event with index i.
func (r *Reader) count(i int) {
	record.Event(&r.b.Counts.SoraEvents, len(r.p.events.list), i)
}

// terms adds what follows a code: nothing, or a separator and pairs.
func (r *Reader) terms(rest []byte) {
	if len(rest) > len(separator) {
		r.pairs(rest[len(separator):])
	}
}

const separator = " | "

var reasonPrefix = []byte("reason=")

// codeLength is the length of the code that msg begins with: capitals and
// digits in words joined by hyphens, at least two of them, and then nothing or
// a separator. It is 0 if there is no code.
func codeLength(msg []byte) int {
	hyphens, last, n := 0, byte('-'), 0
	for ; n < len(msg); n++ {
		c := msg[n]
		if c == '-' {
			if last == '-' {
				return 0
			}
			hyphens++
		} else if c < '0' || c > '9' && c < 'A' || c > 'Z' {
			break
		}
		last = c
	}
	if hyphens == 0 || last == '-' || n < len(msg) && !hasPrefix(msg, n, separator) {
		return 0
	}
	return n
}

// snake is a code, a title or a level in lower snake case.
func (r *Reader) snake(words []byte) []byte {
	b := r.b
	start := len(b.Arena)
	for _, c := range words {
		switch {
		case c == '-', c == ' ':
			c = '_'
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		}
		b.Arena = append(b.Arena, c)
	}
	return b.Arena[start:]
}

// pairs adds each `key=term` of s. Terms are kept as text. Where what follows
// a term is no further pair, it belongs to the term.
func (r *Reader) pairs(s []byte) {
	if term, ok := bytes.CutPrefix(s, reasonPrefix); ok && bytes.IndexByte(term, ' ') < 0 && bytes.IndexByte(term, ',') < 0 {
		r.b.Attr(keyReason, record.Cut(term, maxValue)) // most of them
		return
	}
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
	for _, k := range r.keys {
		if string(k) == string(key) {
			return true
		}
	}
	for i := range r.beside {
		if m := &r.beside[i]; m.id == unknownField && string(r.name(&r.line, m)) == string(key) {
			return true
		}
	}
	return false
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
