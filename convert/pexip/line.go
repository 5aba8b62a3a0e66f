package pexip

import (
	"bytes"
	"time"

	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/convert/syslog"
)

// A line is an entry's headers, peeled off, and what is left.
type line struct {
	head    syslog.Header // what is known of the headers, the innermost first
	relay   []byte        // headers around the innermost one, as they stand
	host    []byte        // the innermost name of a system; nil if there is none
	time    time.Time     // originating time; zero if there is none
	stamp   []byte        // originating time as it was written
	rest    []byte
	pairs   bool   // whether rest is pairs
	dubious bool   // there may be a secret in the headers
	more    []byte // what follows the first maxPairs of them
}

// suspect reports whether there may be a secret in the headers.
func (l *line) suspect(b *record.Builder) bool {
	h := &l.head
	return l.relay != nil || h.Data != nil ||
		b.Suspect(h.Host) || b.Suspect(h.App) || b.Suspect(h.ProcID) || b.Suspect(h.MsgID) || b.Suspect(l.host)
}

// maxRelays is how many headers may stand around that of the line itself, for
// relays that put their own before what they received.
const maxRelays = 3

// peel takes the headers off text: one of syslog's, perhaps within others, and
// then "[system ]originating_time" in front of the pairs.
func (l *line) peel(text []byte, observed time.Time) {
	l.head = syslog.Parse(text, observed)
	l.host, l.rest = l.head.Host, l.head.Text
	if !l.splitOrigin() && !l.origin() {
		l.peelRelays(text, observed)
	}
	if !syslog.HostLike(l.host) {
		l.host = nil
	}
	l.pairs = l.pairs || beginsLine(l.rest)
}

// origin takes the originating time, and a system's name before it, off rest.
// It reports whether rest begins with pairs, as only a line of Pexip's does.
func (l *line) origin() bool {
	rest := l.rest
	var host []byte
	t, n := syslog.ParseOriginatingTime(rest)
	if n == 0 && len(rest) > 0 && rest[0] != '"' {
		i := bytes.IndexByte(rest, ' ')
		if i <= 0 || !syslog.HostLike(rest[:i]) {
			return false
		}
		host, rest = rest[:i], rest[i+1:]
		t, n = syslog.ParseOriginatingTime(rest)
		if n == 0 && !beginsLine(rest) {
			return false
		}
	}
	if host != nil {
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

// peelRelays looks for the line's own header within the text of the outer one.
// Text that merely begins with a time is left alone: it must be a line of
// Pexip's.
func (l *line) peelRelays(text []byte, observed time.Time) {
	inner := *l
	for range maxRelays {
		h := syslog.Parse(inner.rest, observed)
		if h.Format == syslog.None && h.Priority < 0 {
			return
		}
		start := cap(text) - cap(inner.rest)
		inner.head, inner.rest = merge(h, inner.head), h.Text
		if h.Host != nil {
			inner.host = h.Host
		}
		if inner.origin() && inner.pairs {
			inner.relay = bytes.TrimRight(text[:start], " ")
			*l = inner
			return
		}
	}
}

// merge fills in what the inner header does not say from the outer one.
func merge(inner, outer syslog.Header) syslog.Header {
	if inner.Priority < 0 {
		inner.Priority = outer.Priority
	}
	if inner.Format == syslog.None {
		inner.Format, inner.Time, inner.TimeText = outer.Format, outer.Time, outer.TimeText
	}
	return inner
}

// beginsLine reports whether b begins with one of the three pairs that a line
// of Pexip's begins with. Other pairs may be anything, an audit line for one.
func beginsLine(b []byte) bool {
	b = b[separators(b):]
	if !pairBegins(b) {
		return false
	}
	switch _, field := catalogue.lookupKey(b[:keyLen(b)]); field {
	case fieldLevel, fieldName, fieldMessage:
		return true
	}
	return false
}
