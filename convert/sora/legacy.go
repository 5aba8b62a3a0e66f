package sora

import (
	"bytes"
	"slices"

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
	nanos, n := parseTime(b.Text) // 2020-06-03 05:47:05.781 UTC in the form of 2020
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
	node, _, _ := bytes.Cut(s[1:], []byte(" "))
	at, end := bytes.LastIndexByte(node, '@'), 1+len(node)
	if at <= 0 || at == len(node)-1 {
		return s
	}
	// A message may hold an address, too: a node has no brackets, and is followed by some.
	if slices.ContainsFunc(node, func(c byte) bool { return c == '[' || c == ']' || c == '<' || c == '|' }) {
		return s
	}
	if end < len(s) && !bytes.HasPrefix(s[end:], []byte(" [")) && !bytes.HasPrefix(s[end:], []byte(" <")) {
		return s
	}
	r.b.Attr(keyNode, node)
	return s[end:]
}

// An option is what a list such as sim,multi may have.
type option struct {
	name string
	key  otlp.Key
}

var options = [...]option{{"multi", keyMultistream}, {"spot", keySpotlight}, {"sim", keySimulcast}}

// optionsIn reads such a list.
func optionsIn(list []byte) (set [len(options)]bool, ok bool) {
	for word := range bytes.SplitSeq(list, []byte(",")) {
		i := slices.IndexFunc(options[:], func(o option) bool { return o.name == string(word) })
		if i < 0 {
			return set, false
		}
		set[i] = true
	}
	return set, true
}

// legacyOptions takes off ` [sim,multi]`. A line with options says of each
// whether it is on; a line without them says nothing.
func (r *Reader) legacyOptions(s []byte) []byte {
	list, ok := bracketed(s)
	if !ok {
		return s
	}
	set, ok := optionsIn(list)
	if !ok {
		return s
	}
	for i := range options {
		r.b.Bool(options[i].key, set[i])
	}
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
