package syslog

import (
	"bytes"
	"net/netip"
	"time"
)

// rfc3164 reads time, host and tag off the beginning of b, as far as they are
// there. Without a time nothing is taken: any first word could be a host.
func (h *Header) rfc3164(b []byte, observed time.Time) {
	rest, ok := h.leadingTime(b, observed)
	if !ok {
		return
	}
	if h.tag(rest) || originatingTime(rest) {
		if h.App == nil {
			h.Text = rest
		}
		return
	}
	h.Text = rest
	host, after := cut(rest)
	if !HostLike(host) {
		return
	}
	h.Host, h.Text = host, after
	h.tag(after)
}

// leadingTime takes the time off the beginning of b.
func (h *Header) leadingTime(b []byte, observed time.Time) (rest []byte, ok bool) {
	if t, n := parseISO(b); n > 0 && ends(b, n) {
		h.Format, h.Time, h.TimeText = ISO, t, b[:n]
		return trimBlanks(b[n:]), true
	}
	if t, n := parseBSD(b, observed); n > 0 && ends(b, n) {
		h.Format, h.Time, h.TimeText = RFC3164, t, b[:n]
		b = b[n:]
		if len(b) > 1 && b[0] == ':' && b[1] == ' ' {
			b = b[1:] // routers end the time with a colon
		}
		return trimBlanks(b), true
	}
	return b, false
}

// ends reports whether a word of b ends at n.
func ends(b []byte, n int) bool {
	return n == len(b) || b[n] == ' ' || b[n] == ':' && n+1 < len(b) && b[n+1] == ' '
}

// tag reads "name:", "name[pid]:" or "name[pid]" off the beginning of b. It
// reports whether b has a tag; the text is then what follows it.
func (h *Header) tag(b []byte) bool {
	n := 0
	for n < len(b) && tagByte(b[n]) && n < 64 {
		n++
	}
	if n == 0 || n == len(b) {
		return false
	}
	name, rest := b[:n], b[n:]
	var pid []byte
	if rest[0] == '[' {
		end := bytes.IndexByte(rest, ']')
		if end < 2 || end > 64 || bytes.IndexByte(rest[:end], ' ') >= 0 {
			return false
		}
		pid, rest = rest[1:end], rest[end+1:]
	}
	colon := len(rest) > 0 && rest[0] == ':'
	if colon {
		rest = rest[1:]
	}
	if !colon && pid == nil || len(rest) > 0 && rest[0] != ' ' {
		return false
	}
	h.App, h.ProcID = name, pid
	h.Text = trimBOM(trimBlanks(rest))
	return true
}

func tagByte(c byte) bool {
	return c > ' ' && c < 0x7f && c != '[' && c != ']' && c != ':' && c != '"' && c != '=' && c != '<'
}

// HostLike reports whether b can be a host's name or address. A word in front
// of a message is taken for its host whenever it can be, as RFC 3164 has it.
func HostLike(b []byte) bool {
	if len(b) == 0 || len(b) > 255 {
		return false
	}
	colons := false
	for _, c := range b {
		switch {
		case isDigit(c), c|0x20 >= 'a' && c|0x20 <= 'z', c == '.', c == '-', c == '_', c == '%':
		case c == ':':
			colons = true
		default:
			return false
		}
	}
	if !colons {
		return true
	}
	_, err := netip.ParseAddr(string(b))
	return err == nil
}
