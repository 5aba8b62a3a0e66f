package sora

import (
	"bytes"

	"github.com/rtcship/rtcship/convert/otlp"
)

var (
	keyNode        = otlp.NewKey("sora.node")
	keyChannelID   = otlp.NewKey("sora.channel_id")
	keyShortID     = otlp.NewKey("sora.connection_id_short")
	keyRole        = otlp.NewKey("sora.role")
	keyMultistream = otlp.NewKey("sora.multistream")
	keySpotlight   = otlp.NewKey("sora.spotlight")
	keySimulcast   = otlp.NewKey("sora.simulcast")
	keyPID         = otlp.NewKey("sora.pid")
)

// readLegacy makes the record of a line such as
//
//	2022-06-07T02:25:48.479789Z [error] node@host [channel/1DSH1E4S/sendrecv] [sim,multi] <0.9.2> CODE | reason=term
//
// of which only time and level must be there. It returns false for any other
// line, and has then changed nothing.
func (r *Reader) readLegacy() bool {
	b := r.b
	nanos, n := legacyTime(b.Text)
	if n == 0 {
		return false
	}
	rest := b.Text[n:]
	level, ok := bracketed(rest)
	if !ok || !isLower(level) {
		return false
	}
	b.Time, b.Severity, b.SeverityText = nanos, severityOf(level), level
	rest = rest[len(level)+3:]
	rest = r.legacyNode(rest)
	rest = r.legacySlots(rest)
	rest = r.legacyOptions(rest)
	rest = r.legacyPID(rest)
	if len(rest) > 1 && rest[0] == ' ' {
		b.Body = rest[1:]
		r.code(level, b.Body)
	}
	return true
}

// legacyTime reads the time at the beginning of a line, in the form of today
// or in that of 2020, and returns its length, 0 if there is none.
func legacyTime(s []byte) (nanos int64, n int) {
	if len(s) < 24 {
		return 0, 0
	}
	n = bytes.IndexByte(s[19:min(len(s), 64)], ' ') + 19
	if n < 19 {
		return 0, 0
	}
	if s[10] == 'T' {
		nanos, ok := parseRFC3339(s[:n])
		if !ok {
			return 0, 0
		}
		return nanos, n
	}
	if s[10] != ' ' || !bytes.HasPrefix(s[n:], []byte(" UTC ")) {
		return 0, 0
	}
	sec, ok := parseDateTime(s)
	frac, m := parseFraction(s[19:n])
	if !ok || m != n-19 {
		return 0, 0
	}
	if nanos, ok = toNanos(sec, frac); !ok {
		return 0, 0
	}
	return nanos, n + len(" UTC")
}

// bracketed is what stands in the brackets that follow a blank.
func bracketed(s []byte) ([]byte, bool) {
	if len(s) < 3 || s[0] != ' ' || s[1] != '[' {
		return nil, false
	}
	n := bytes.IndexByte(s, ']')
	if n < 0 {
		return nil, false
	}
	return s[2:n], true
}

func isLower(s []byte) bool {
	for _, c := range s {
		if c < 'a' || c > 'z' {
			return false
		}
	}
	return len(s) > 0
}

// legacyNode takes off ` node@host`, which is there in a cluster.
func (r *Reader) legacyNode(s []byte) []byte {
	if len(s) < 2 || s[0] != ' ' || s[1] == '[' {
		return s
	}
	end, at := len(s), 0
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '@':
			at = i
			continue
		case '[', ']', '<', '|':
			return s
		case ' ':
			end = i
		default:
			continue
		}
		break
	}
	if at <= 1 || at >= end-1 {
		return s
	}
	// A message may hold an address, too: a node is followed by brackets.
	if end < len(s) && !bytes.HasPrefix(s[end:], []byte(" [")) && !bytes.HasPrefix(s[end:], []byte(" <")) {
		return s
	}
	r.b.Attr(keyNode, s[1:end])
	return s[end:]
}

// option bits of a legacy line.
const (
	optMulti = 1 << iota
	optSpot
	optSim
)

// options reads a list such as sim,multi.
func options(s []byte) (set int, ok bool) {
	for {
		word, rest, more := bytes.Cut(s, []byte(","))
		switch string(word) {
		case "multi":
			set |= optMulti
		case "spot":
			set |= optSpot
		case "sim":
			set |= optSim
		default:
			return 0, false
		}
		if !more {
			return set, true
		}
		s = rest
	}
}

// legacyOptions takes off ` [sim,multi]`. A line with options says of each
// whether it is on; a line without them says nothing.
func (r *Reader) legacyOptions(s []byte) []byte {
	list, ok := bracketed(s)
	if !ok {
		return s
	}
	set, ok := options(list)
	if !ok {
		return s
	}
	r.b.Bool(keyMultistream, set&optMulti != 0)
	r.b.Bool(keySpotlight, set&optSpot != 0)
	r.b.Bool(keySimulcast, set&optSim != 0)
	return s[len(list)+3:]
}

// legacyPID takes off ` <0.9.2>`.
func (r *Reader) legacyPID(s []byte) []byte {
	if len(s) == 0 || s[0] != ' ' {
		return s
	}
	n := pidLength(s[1:])
	if n == 0 {
		return s
	}
	r.b.Attr(keyPID, s[1:1+n])
	return s[1+n:]
}

// pidLength is the length of the Erlang pid that s begins with, or 0.
func pidLength(s []byte) int {
	if len(s) < 7 || s[0] != '<' {
		return 0
	}
	i := 1
	for _, after := range []byte("..>") {
		if i = digits(s, i); i < 0 || i >= len(s) || s[i] != after {
			return 0
		}
		i++
	}
	if i < len(s) && s[i] != ' ' {
		return 0
	}
	return i
}
