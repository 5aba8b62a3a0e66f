package pexip

import (
	"bytes"
	"time"

	"github.com/rtcship/rtcship/convert/syslog"
)

// Relays put headers of their own in front of what they pass on, change those
// that are there, and every product does it in its own way. So a line whose
// headers are not the usual ones is not read from its beginning, but from where
// Pexip's own part of it begins, which is known for sure: the originating time,
// with pairs behind it. What stands before is read as far as it is understood, and
// kept as it stands.

// maxSearch is how far into a text Pexip's own part of it may begin.
const maxSearch = 512

// search looks for Pexip's part of a text, and for the headers in front of it. If
// there is none, the line is left as it is.
func (l *line) search(text []byte, observed time.Time) {
	text = syslog.TrimEnd(text)
	at := findOrigin(text)
	sure := at >= 0
	if !sure {
		at = findPairs(text)
	}
	if at < 0 {
		return
	}
	inner := line{rest: text[at:]}
	if understood := inner.headers(text[:at], observed); !sure && (!understood || inner.head.Format == syslog.None) {
		return
	}
	inner.origin()
	if inner.repeated > 0 {
		inner.rest = bytes.TrimSuffix(trimRight(inner.rest), []byte("]"))
	}
	*l = inner
}

// findOrigin returns where the first originating time that has pairs behind it
// begins in text, or -1.
func findOrigin(text []byte) int {
	const seconds = len("2006-01-02 15:04:05")
	window := text[:min(len(text), maxSearch+seconds+1)]
	for i := 0; ; i++ {
		n := bytes.IndexByte(window[i:], ',')
		if n < 0 {
			return -1
		}
		if i += n; i < seconds {
			continue
		}
		at := i - seconds
		if _, n := syslog.ParseOriginatingTime(text[at:]); n > 0 && beginsLine(text[at+n:]) {
			return at
		}
	}
}

// findPairs returns where the first pairs begin in text with which a line of
// Pexip's begins, or -1.
func findPairs(text []byte) int {
	window := text[:min(len(text), maxSearch)]
	for i := range window {
		if (i == 0 || window[i-1] <= ' ' || window[i-1] == '[') && letter(window[i]) && beginsLine(text[i:]) {
			return i
		}
	}
	return -1
}

// headers reads the headers in front of Pexip's part of a line, the outermost
// first. It reports whether it understood all of them. What the innermost one does
// not say is taken from those around it, which are l.relay; if there are words
// behind it that are not understood, all of it is.
func (l *line) headers(text []byte, observed time.Time) (understood bool) {
	rest := l.repetition(trimRight(text))
	l.head.Priority = -1
	words, inner, outer := rest, 0, []byte(nil)
	for len(rest) > 0 {
		h := syslog.Parse(rest, observed)
		if h.Format != syslog.None || h.Priority >= 0 {
			inner = max(cap(text)-cap(rest), foreign(text, &h))
			l.head = merge(h, l.head)
			if h.Host != nil {
				l.host = h.Host
			}
			rest, words = h.Text, h.Text
			continue
		}
		if n := badPriority(rest); n > 0 {
			rest = rest[n:]
			inner, words = cap(text)-cap(rest), rest
			continue
		}
		var word []byte
		if word, rest = cutWord(rest); len(word) > 1 && word[len(word)-1] == ':' && machine(word[:len(word)-1]) {
			outer = word[:len(word)-1]
		}
	}
	start, understood := l.names(words)
	switch {
	case !understood:
		l.relay = trimRight(text)
	case start != nil:
		inner = cap(text) - cap(start)
		fallthrough
	case inner > 0:
		l.relay = trimRight(text[:inner])
	}
	if l.host == nil {
		l.host = outer // routers name themselves before the time
	}
	return understood
}

// badPriority is the length of what stands where a priority should and is none,
// <999> for one; 0 if there is nothing of the kind.
func badPriority(b []byte) int {
	if b[0] == '<' {
		if n := 1 + leadingDigits(b[1:]); n > 1 && n < len(b) && b[n] == '>' {
			return n + 1
		}
	}
	return 0
}

// names reads the words between a header and Pexip's part of a line: names of
// systems, each put there by the one before, and a tag. It reports whether they are
// that, and returns where the innermost header begins in them: nil if it is the one
// before.
func (l *line) names(words []byte) (start []byte, ok bool) {
	name, pid, before := lastTag(words)
	tagged := before != nil
	if !tagged {
		before = words
	}
	count, all := 0, true
	var last []byte
	for rest := before; len(rest) > 0; count++ {
		var word []byte
		if word, rest = cutWord(rest); !syslog.HostLike(word) {
			all = false
		}
		last = word
	}
	ok = all && (count < 2 || l.head.App == nil)
	named := count > 0 && syslog.HostLike(last) && (ok || !tagged || machine(last))
	if named {
		l.host = last
		if ok && (count > 1 || l.head.Host != nil) {
			start, l.head.Host = last, last
		}
	}
	if tagged && (ok || named || count == 0) {
		if l.head.App != nil && !named {
			ok = false // it is not the only one
		}
		l.head.App, l.head.ProcID = name, pid
	}
	return start, ok
}

// lastTag takes a tag off the end of words. before is nil if there is none.
func lastTag(words []byte) (name, pid, before []byte) {
	words = trimRight(words)
	at := bytes.LastIndexAny(words, " \t") + 1
	if name, pid, n := syslog.ParseTag(words[at:]); n > 0 && n == len(words)-at {
		return name, pid, words[:at]
	}
	if word := words[at:]; at > 0 && program(word) {
		return word, nil, words[:at]
	}
	return nil, nil, nil
}

// repetition takes what rsyslog puts around a message that came several times off
// the end of text: "message repeated 2 times: [".
func (l *line) repetition(text []byte) []byte {
	const begin, end = "message repeated ", " times: ["
	rest, ok := bytes.CutSuffix(text, []byte(end))
	if !ok {
		return text
	}
	at := bytes.LastIndexByte(rest, ' ') + 1
	n, ok := parseInt(rest[at:])
	before, begins := bytes.CutSuffix(rest[:at], []byte(begin))
	if !ok || !begins || n < 1 || n > 1<<31 {
		return text
	}
	l.repeated = int(n)
	return trimRight(before)
}

// foreign is how far what a header says that is no attribute of its own, since only
// relays put it there, goes into text; 0 if there is nothing of the kind.
func foreign(text []byte, h *syslog.Header) (end int) {
	for _, part := range [][]byte{h.Before, h.Selector} {
		if part != nil {
			end = cap(text) - cap(part) + len(part)
		}
	}
	return end
}

// merge fills in what the inner header does not say from the outer one.
func merge(inner, outer syslog.Header) syslog.Header {
	if inner.Priority < 0 {
		inner.Priority = outer.Priority
	}
	if inner.Format == syslog.None {
		outer.Priority, outer.Text = inner.Priority, inner.Text
		return outer
	}
	return inner
}

// program reports whether a word is the name that Pexip's programs log under.
func program(word []byte) bool { return bytes.EqualFold(word, []byte("pexip")) }

// machine reports whether a word looks like the name of a machine rather than that
// of a program, or a word of a sentence.
func machine(word []byte) bool {
	return bytes.ContainsAny(word, "0123456789") && syslog.HostLike(word)
}

func cutWord(b []byte) (word, rest []byte) {
	n := 0
	for n < len(b) && b[n] > ' ' {
		n++
	}
	rest = b[n:]
	for len(rest) > 0 && rest[0] <= ' ' {
		rest = rest[1:]
	}
	return b[:n], rest
}

func trimRight(b []byte) []byte { return bytes.TrimRight(b, " \t") }

// oddLine reports whether text, which is not pairs, has the pairs of a line of
// Pexip's somewhere, and what its level is.
func oddLine(text []byte) (level []byte, odd bool) {
	level, after := quotedValue(text, "Level=")
	_, end := quotedValue(after, "Message=")
	if end == nil {
		return nil, false
	}
	return level, true
}

// quotedValue returns the first value of key in text, which may be within quotes
// of its own, so that those around the value are escaped; and what follows it, nil
// if there is none.
func quotedValue(text []byte, key string) (value, after []byte) {
	for {
		i := bytes.Index(text, []byte(key))
		if i < 0 {
			return nil, nil
		}
		begins := i == 0 || !keyByte[text[i-1]]
		text = text[i+len(key):]
		v := bytes.TrimLeft(text, `\`)
		if begins && len(v) > 0 && v[0] == '"' {
			v = v[1:]
			if end := bytes.IndexAny(v, `"\`); end >= 0 {
				return v[:end], v[end:]
			}
			return v, []byte{}
		}
	}
}
