// Package syslog reads the header in front of a syslog message: RFC 5424, the
// many shapes of RFC 3164, and the header that Pexip Infinity writes.
//
// The form is found out for each message on its own, since one listener hears
// many senders, and no message is refused: what is not recognised stays in the
// text. Every byte of a message is in one field of its Header, apart from the
// blanks and signs between them.
package syslog

import (
	"bytes"
	"time"
)

// A Format is the form of a header.
type Format uint8

// The forms of header. A message may have a priority and nothing else of a
// header; its Format is then None.
const (
	None    Format = iota // no time was found
	RFC5424               // version 1: time, host, application, process, message id, structured data
	RFC3164               // "Jan _2 15:04:05", host, tag
	ISO                   // RFC 3164 with an ISO 8601 time; Pexip's own header is of this form
)

// String names the format.
func (f Format) String() string {
	return [...]string{"none", "rfc5424", "rfc3164", "iso"}[f&3]
}

// A Header is what stands in front of the text of a message, and the text.
// Its slices lie in the message. Fields that the message does not have, or has
// as RFC 5424's "-", are nil.
type Header struct {
	Format   Format
	Before   []byte    // what stands in front of the time and is no header's: <999>, or a router's number of the message
	Priority int       // facility*8 + severity, or -1
	Time     time.Time // in UTC; zero if the header has none
	TimeText []byte    // the time as it was written
	Selector []byte    // the priority in words, as in Local0.Info, before the host or behind it
	Host     []byte    // as it was written; see SystemName
	App      []byte    // APP-NAME, or the tag without its process id
	ProcID   []byte
	MsgID    []byte
	Data     []byte // the structured data, brackets included; see Element
	Text     []byte
}

// Facility is the facility code (RFC 5424, table 1), or -1.
func (h *Header) Facility() int {
	if h.Priority < 0 {
		return -1
	}
	return h.Priority >> 3
}

// Severity is the severity code (RFC 5424, table 2: 0 is an emergency, 7 is
// debugging), or -1.
func (h *Header) Severity() int {
	if h.Priority < 0 {
		return -1
	}
	return h.Priority & 7
}

// Parse reads the header of msg. A time without a year is given the latest year
// that does not put it after observed, and a time without a zone is UTC.
func Parse(msg []byte, observed time.Time) Header {
	h := Header{Priority: -1}
	rest := h.priority(trimFront(TrimEnd(msg)))
	if h.read(trimBlanks(rest), observed) {
		return h
	}
	if n := frontLen(rest); n > 0 && h.read(trimBlanks(rest[n:]), observed) {
		h.Before = rest[:n]
		return h
	}
	h.Text = trimBOM(rest)
	return h
}

// read reads the header that b begins with, after its priority. It reports
// whether there is one, and has set nothing if not.
func (h *Header) read(b []byte, observed time.Time) bool {
	return h.rfc5424(b) || h.rfc3164(trimBOM(b), observed)
}

// TrimEnd removes what ends a message in some framings: line breaks and zeros.
func TrimEnd(msg []byte) []byte {
	n := len(msg)
	for n > 0 && (msg[n-1] == '\n' || msg[n-1] == '\r' || msg[n-1] == 0) {
		n--
	}
	return msg[:n]
}

// priority takes "<134>" off the beginning of b.
func (h *Header) priority(b []byte) []byte {
	end := NumberLen(b)
	if end == 0 || end > len("<191>") {
		return b
	}
	n := number(b[1 : end-1])
	if n > 191 {
		return b
	}
	h.Priority = n
	return b[end:]
}

// NumberLen is the length of a number in angle brackets, as a priority is, that b
// begins with, or 0.
func NumberLen(b []byte) int {
	if len(b) == 0 || b[0] != '<' {
		return 0
	}
	end := 1 + digitsLen(b[1:])
	if end == 1 || end == len(b) || b[end] != '>' {
		return 0
	}
	return end + 1
}

// trimFront removes what may stand in front of a priority: a byte order mark,
// blanks, and the end of the message before.
func trimFront(msg []byte) []byte {
	msg = trimBOM(msg)
	if b := trimBOM(bytes.TrimLeft(msg, " \t\r\n\x00")); len(b) > 0 && b[0] == '<' {
		return b
	}
	return msg
}

// frontLen is the length of what b begins with that is no part of a header, but
// may stand in front of one: a priority that is none, the number that routers
// give their messages, and their mark for a clock that is not set.
func frontLen(b []byte) int {
	n := NumberLen(b)
	if d := digitsLen(b[n:]); d > 0 && n+d+1 < len(b) && b[n+d] == ':' && blank(b[n+d+1]) {
		n += d + 2
	}
	if n < len(b) && (b[n] == '*' || b[n] == '.') {
		n++
	}
	return n
}

func digitsLen(b []byte) (n int) {
	for n < len(b) && isDigit(b[n]) {
		n++
	}
	return n
}

// trimBOM removes the mark that RFC 5424 puts before UTF-8 text.
func trimBOM(b []byte) []byte { return bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")) }

func isDigit(c byte) bool { return c-'0' < 10 }

func blank(c byte) bool { return c == ' ' || c == '\t' }

// cut splits b at its first blank and drops the blanks between the parts.
func cut(b []byte) (word, rest []byte) {
	n := 0
	for n < len(b) && !blank(b[n]) {
		n++
	}
	return b[:n], trimBlanks(b[n:])
}

func trimBlanks(b []byte) []byte {
	for len(b) > 0 && blank(b[0]) {
		b = b[1:]
	}
	return b
}
