package sora

import (
	"bytes"

	"github.com/rtcship/rtcship/convert/record"
)

// code adds what a message such as `CODE | reason=<<"term">>` says.
func (r *Reader) code(level, msg []byte) {
	b := r.b
	code, rest, _ := bytes.Cut(msg, separator)
	if !isCode(code) {
		return
	}
	b.Attr(keyCode, code)
	events := r.p.events
	if i := events.find(level, code); i >= 0 {
		record.Event(&b.Counts.SoraEvents, len(events.list), i)
		if c := events.list[i].Category; c != "" {
			b.String(keyCategory, c)
		}
	}
	b.EventPrefix, b.EventName = "sora.", r.snake(code)
	r.pairs(rest)
}

var separator = []byte(" | ")

// isCode tells whether s is made of capitals and digits in words joined by
// hyphens, at least two of them.
func isCode(s []byte) bool {
	hyphens, last := 0, byte('-')
	for _, c := range s {
		switch {
		case c == '-':
			if last == '-' {
				return false
			}
			hyphens++
		case c < '0' || c > '9' && c < 'A' || c > 'Z':
			return false
		}
		last = c
	}
	return hyphens > 0 && last != '-'
}

// snake is a code in lower snake case.
func (r *Reader) snake(code []byte) []byte {
	b := r.b
	start := len(b.Arena)
	for _, c := range code {
		switch {
		case c == '-':
			c = '_'
		case c >= 'A':
			c += 'a' - 'A'
		}
		b.Arena = append(b.Arena, c)
	}
	return b.Arena[start:]
}

// pairs adds each `key=term` of s. Terms are kept as text. Where what follows
// a term is no further pair, it belongs to the term.
func (r *Reader) pairs(s []byte) {
	for len(s) > 0 {
		n := keyLength(s)
		if n == 0 {
			return
		}
		key, rest := s[:n], s[n+1:]
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
}

// pair adds one pair. Those under a name that has a meaning of its own are
// left to the body.
func (r *Reader) pair(key, term []byte) {
	if string(key) == "reason" {
		r.b.Attr(keyReason, term)
		return
	}
	if r.p.fields.find(key) == unknownField {
		r.b.Attr(r.b.Key("sora.", key), term)
	}
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
