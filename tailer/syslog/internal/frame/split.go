package frame

import "bytes"

// NextMessage returns the first message of a datagram, which Trim was applied to, and
// what is left of it. Both are parts of datagram.
//
// A datagram is one message (RFC 5426), and a message may have line feeds in it,
// also with a priority behind one. But relays put several messages into a datagram,
// each on a line. So another one begins at a line that begins as the datagram does:
// with a priority, and behind it a header of the same kind. Several messages with
// octet counts, as over TCP, are told by their counts, which must be right for the
// whole datagram.
func NextMessage(datagram []byte) (message, rest []byte) {
	if bytes.IndexByte(datagram, '\n') < 0 && bytes.IndexByte(datagram, 0) < 0 {
		return nextCounted(datagram)
	}
	kind := lineKind(datagram)
	if kind == noHeader {
		return nextCounted(datagram)
	}
	for from := 0; ; {
		n := terminator(datagram[from:])
		if n < 0 {
			return datagram, nil
		}
		from += n + 1
		if lineKind(datagram[from:]) == kind {
			return Trim(datagram[:from]), datagram[from:]
		}
	}
}

// nextCounted returns the first of the messages with octet counts that a datagram
// consists of; if it does not, all of it is one message.
func nextCounted(datagram []byte) (message, rest []byte) {
	header, size := countedMessage(datagram)
	if size == 0 {
		return datagram, nil
	}
	for rest = datagram; len(rest) > 0; {
		h, n := countedMessage(rest)
		if n == 0 {
			return datagram, nil
		}
		rest = bytes.TrimLeft(rest[h+n:], "\r\n\x00")
	}
	return Trim(datagram[header : header+size]), bytes.TrimLeft(datagram[header+size:], "\r\n\x00")
}

// countedMessage reads an octet count with a priority behind it, and returns its
// length and the message's, or 0.
func countedMessage(b []byte) (header, size int) {
	digits := digitsLen(b)
	if digits == 0 || digits >= maxHeader || b[0] == '0' || frameBegins(b) != isCount {
		return 0, 0
	}
	size = number(b[:digits])
	if header = digits + 1; size > len(b)-header {
		return 0, 0
	}
	return header, size
}

// The kinds of header that a message may begin with, as far as they matter here.
type kind int

const (
	noHeader     kind = iota // and no priority
	onlyPriority             // and no time
	versioned                // RFC 5424: a version and a time
	named                    // RFC 3164: the name of a month
	dated                    // a date in figures
)

// lineKind is the kind of header that the first line of b has, however that ends.
func lineKind(b []byte) kind {
	if n := terminator(b); n >= 0 {
		b = bytes.TrimRight(b[:n], "\r")
	}
	return headerKind(b)
}

// headerKind is the kind of header that b begins with.
func headerKind(b []byte) kind {
	if priority(b) != isCount {
		return noHeader
	}
	b = bytes.TrimLeft(b[bytes.IndexByte(b, '>')+1:], " ")
	switch digits := digitsLen(b); {
	case dateBegins(b) == isCount:
		return dated
	case digits > 0 && digits < 4 && len(b) > digits+1 && b[digits] == ' ' && (b[digits+1] == '-' || dateBegins(b[digits+1:]) == isCount):
		return versioned
	case monthBegins(b):
		return named
	}
	return onlyPriority
}

// monthBegins says whether b begins as a time of RFC 3164 does: Jan _2.
func monthBegins(b []byte) bool {
	const months = "JanFebMarAprMayJunJulAugSepOctNovDec"
	if len(b) < len("Jan 02 ") || b[3] != ' ' || b[4] != ' ' && !isDigit(b[4]) {
		return false
	}
	i := bytes.Index([]byte(months), b[:3])
	return i >= 0 && i%3 == 0
}
