package pexip

import (
	"bytes"
	"time"

	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/convert/syslog"
)

// A line is an entry's headers, peeled off, and what is left.
type line struct {
	head     syslog.Header // what is known of the headers, the innermost first
	relay    []byte        // what stands in front of the innermost one
	host     []byte        // the innermost name of a system; nil if there is none
	repeated int           // how often rsyslog says that the message was repeated
	time     time.Time     // originating time; zero if there is none
	stamp    []byte        // originating time as it was written
	rest     []byte
	pairs    bool   // whether rest is pairs
	level    []byte // of a line of Pexip's that could not be taken apart
	odd      bool   // it is such a line
	dubious  bool   // there may be a secret in the headers
	more     []byte // what follows the first maxPairs of them
}

// suspect reports whether there may be a secret in the headers.
func (l *line) suspect(b *record.Builder) bool {
	h := &l.head
	return l.relay != nil || h.Data != nil ||
		b.Suspect(h.Host) || b.Suspect(h.App) || b.Suspect(h.ProcID) || b.Suspect(h.MsgID) || b.Suspect(l.host)
}

// peel takes the headers off text: one of syslog's, and then "[system
// ]originating_time" in front of the pairs. For any other headers see search.
func (l *line) peel(text []byte, observed time.Time) {
	text = trimEnd(text)
	l.head = syslog.Parse(text, observed)
	l.host, l.rest = l.head.Host, l.head.Text
	if n := foreign(text, &l.head); n > 0 {
		l.relay = trimRight(text[:n])
	}
	if !(l.splitOrigin() || l.origin()) || !l.pairs {
		l.search(text, observed)
	}
	l.pairs = l.pairs || beginsLine(l.rest)
	if l.host == nil && l.pairs && l.head.ProcID == nil && machine(l.head.App) {
		l.host = l.head.App // "cn-1: " where "cn-1 pexip: " should be
	}
	l.name(text)
	if !l.pairs {
		l.level, l.odd = oddLine(l.rest)
	}
}

// trimEnd removes what ends a message in some framings, also as rsyslog spells it
// when it keeps it: #015 for a carriage return.
func trimEnd(text []byte) []byte {
	text = syslog.TrimEnd(text)
	end := len(text)
	for end > 4 && text[end-4] == '#' && (string(text[end-3:end]) == "015" || string(text[end-3:end]) == "012" || string(text[end-3:end]) == "000") {
		end -= 4
	}
	if end > 0 && text[end-1] == '"' {
		return text[:end]
	}
	return text
}

// hostLike reports whether word may be a system's name. A level is none.
func hostLike(word []byte) bool { return syslog.HostLike(word) && levelNumber(word) == 0 }

// name makes the innermost system's name of the word that stands for it. A word
// that says more is kept as it was written.
func (l *line) name(text []byte) {
	word := l.host
	l.host = syslog.SystemName(word)
	if l.host == nil || len(l.host) == len(word) && &l.host[0] == &word[0] || within(word, l.head.Host) {
		return
	}
	if end := cap(text) - cap(word); l.head.Host != nil && end > len(l.relay) {
		l.relay = trimRight(text[:end])
	}
	l.head.Host = word
}

// origin takes the originating time, and a system's name before it, off rest.
// It reports whether rest begins with pairs, as only a line of Pexip's does.
func (l *line) origin() bool {
	rest := l.rest
	var host []byte
	t, n := syslog.ParseOriginatingTime(rest)
	if n == 0 && len(rest) > 0 && rest[0] != '"' {
		i := bytes.IndexByte(rest, ' ')
		if i <= 0 || !hostLike(rest[:i]) {
			return false
		}
		host, rest = rest[:i], rest[i+1:]
		t, n = syslog.ParseOriginatingTime(rest)
		if n == 0 && !beginsLine(rest) {
			return false
		}
	}
	switch {
	case host != nil && l.head.Host != nil && l.head.App == nil && program(host):
		l.head.App = host // a tag without its colon
	case host != nil:
		l.host = host
	}
	if n > 0 {
		l.time, l.stamp = t, rest[:n]
	}
	l.rest = rest[n:]
	l.pairs = pairBegins(l.rest[separators(l.rest):])
	return true
}

// splitOrigin puts an originating time together that a syslog daemon has taken
// apart: it took the date, the first word of the line, for a program's name.
func (l *line) splitOrigin() bool {
	const date = len("2006-01-02")
	var buf [date + len(" 15:04:05,000")]byte
	if len(l.head.App) != date || len(l.rest) < len(buf)-date || l.head.ProcID != nil {
		return false
	}
	stamp := append(append(buf[:0], l.head.App...), ' ')
	stamp = append(stamp, l.rest[:len(buf)-date-1]...)
	t, n := syslog.ParseOriginatingTime(stamp)
	if n != len(buf) || !pairBegins(l.rest[len(buf)-date-1+separators(l.rest[len(buf)-date-1:]):]) {
		return false
	}
	l.time, l.rest, l.head.App, l.pairs = t, l.rest[len(buf)-date-1:], nil, true
	return true
}

// beginsLine reports whether b begins with one of the three pairs that a line
// of Pexip's begins with. Other pairs may be anything, an audit line for one.
func beginsLine(b []byte) bool {
	b = b[separators(b):]
	if !pairBegins(b) {
		return false
	}
	switch field, _ := catalogue.lookupKey(b[:keyLen(b)]); field {
	case fieldLevel, fieldName, fieldMessage:
		return true
	}
	return false
}
