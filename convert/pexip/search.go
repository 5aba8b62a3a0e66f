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
	at := findOrigin(text)
	inner := line{}
	if at >= 0 {
		inner.rest = text[at:]
		inner.headers(text[:at], observed)
	} else if at = findPairs(text); at < 0 {
		return
	} else if inner.rest = text[at:]; !inner.apart(text[:at], observed) {
		understood := inner.headers(text[:at], observed)
		if !understood || inner.head.Format == syslog.None && !program(inner.head.App) {
			return
		}
	}
	inner.origin()
	if inner.repeated > 0 {
		inner.rest = bytes.TrimSuffix(trimRight(inner.rest), []byte("]"))
	}
	*l = inner
}

// apart reads what stands before the pairs if the originating time is in it, with
// something between that is not Pexip's.
func (l *line) apart(text []byte, observed time.Time) bool {
	const seconds, between = len("2006-01-02 15:04:05"), 64
	from := max(0, len(text)-between)
	for at := len(text); at > from+seconds; {
		at = from + bytes.LastIndexByte(text[from:at], ',')
		if at < from+seconds || bytes.IndexByte(text[at:], '"') >= 0 {
			return false
		}
		end := len(text) - len(bytes.TrimLeft(text[at+1:], "0123456789"))
		stamp := text[at-seconds : end]
		if t, n := syslog.ParseOriginatingTime(stamp); n > 0 {
			l.headers(text[:at-seconds], observed)
			l.time, l.stamp, l.relay = t, stamp, trimRight(text)
			return true
		}
	}
	return false
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
		if (i == 0 || !keyByte[window[i-1]] && !quoting[window[i-1]]) && letter(window[i]) && beginsLine(text[i:]) {
			return i
		}
	}
	return -1
}

// quoting are signs behind which a key is within something else.
var quoting = byteSet("\"'\\")

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
		if n := syslog.NumberLen(rest); n > 0 { // where a priority should be, and is none
			rest = rest[n:]
			inner, words = cap(text)-cap(rest), rest
			continue
		}
		var word []byte
		if word, rest = cutWord(rest); len(word) > 1 && word[len(word)-1] == ':' && machine(word[:len(word)-1]) {
			outer = word[:len(word)-1]
		}
	}
	if n := l.forwarded(words); n > 0 {
		words = words[n:]
		inner = cap(text) - cap(words)
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

// forwarded reads what syslog daemons of some Unixes put in front of a message
// that came over the network: "Message forwarded from cn-1: ". It returns where
// that ends, 0 if it is not there.
func (l *line) forwarded(words []byte) int {
	const from = "forwarded from "
	at := bytes.Index(words, []byte(from))
	if at < 0 || at > 0 && words[at-1] > ' ' {
		return 0
	}
	word, rest := cutWord(words[at+len(from):])
	name, ok := bytes.CutSuffix(word, []byte(":"))
	if !ok || !syslog.HostLike(name) {
		return 0
	}
	l.host, l.head.Host = name, name
	return len(words) - len(rest)
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
	count, all, selected := 0, true, false
	var last []byte
	for rest := before; len(rest) > 0; {
		var word []byte
		word, rest = cutWord(rest)
		if _, is := syslog.Selector(word); is {
			selected = true
			continue
		}
		all = all && hostLike(word)
		last = word
		count++
	}
	ok = all && (count < 2 || l.head.App == nil)
	named := count > 0 && hostLike(last) && (ok || !tagged || machine(last))
	if named {
		l.host = last
		if ok && (count > 1 || l.head.Host != nil || tagged && l.head.App != nil) {
			start, l.head.Host = last, last
		}
	}
	if tagged && (ok || named || count == 0) {
		if l.head.App != nil && !named {
			ok = false // it is not the only one
		}
		l.head.App, l.head.ProcID = name, pid
	}
	return start, ok && !selected // a priority in words is for the relay alone
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
	level, after := looseValue(text, "Level", false)
	if after == nil {
		return nil, false
	}
	if _, end := looseValue(after, "Message", true); end == nil {
		return nil, false
	}
	return level, true
}

// looseValue returns the first value of key in text, and what follows it, nil if
// there is none. It may be within quotes of its own, so that those around the value
// are escaped or doubled, with blanks around the sign, and have quotes only if they
// are asked for.
func looseValue(text []byte, key string, quoted bool) (value, after []byte) {
	for {
		i := bytes.Index(text, []byte(key))
		if i < 0 {
			return nil, nil
		}
		begins := i == 0 || !keyByte[text[i-1]]
		text = text[i+len(key):]
		v, ok := bytes.CutPrefix(text[blanks(text):], []byte("="))
		if !ok || !begins {
			continue
		}
		v = v[blanks(v):]
		unquoted := bytes.TrimLeft(v, `\"'`)
		if quoted && len(unquoted) == len(v) {
			continue
		}
		return cutLevel(unquoted)
	}
}

// cutLevel takes a word off b.
func cutLevel(b []byte) (word, rest []byte) {
	n := 0
	for n < len(b) && (letter(b[n]) || b[n]-'0' <= 9) {
		n++
	}
	return b[:n], b[n:]
}
