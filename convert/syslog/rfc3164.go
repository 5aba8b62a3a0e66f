package syslog

import (
	"bytes"
	"time"
)

// rfc3164 reads time, host and tag off the beginning of b, as far as they are
// there. Without a time nothing is taken: any first word could be a host. It
// reports whether there is a time.
func (h *Header) rfc3164(b []byte, observed time.Time) bool {
	rest, ok := h.leadingTime(b, observed)
	if !ok {
		return false
	}
	h.Text = h.selector(rest)
	if originatingTime(h.Text) || h.tag(h.Text) {
		return true
	}
	host, after := cut(h.Text)
	switch {
	case string(host) == "-":
		h.Text = after
	case HostLike(host):
		h.Host, h.Text = host, after
	default:
		return true
	}
	if h.Selector == nil {
		h.Text = h.selector(after)
	}
	h.tag(h.Text)
	return true
}

// leadingTime takes the time off the beginning of b.
func (h *Header) leadingTime(b []byte, observed time.Time) (rest []byte, ok bool) {
	format := ISO
	t, n, _ := ParseISO(b)
	if n == 0 || !ends(b, n) {
		format = RFC3164
		if t, n = parseBSD(b, observed); n == 0 || !ends(b, n) {
			return b, false
		}
	}
	h.Format, h.Time, h.TimeText = format, t, b[:n]
	rest = trimBlanks(b[n:])
	if len(rest) > 0 && rest[0] == ':' && (len(rest) == 1 || blank(rest[1])) {
		rest = trimBlanks(rest[1:]) // routers end the time with a colon
	}
	return rest, true
}

// selector takes a priority in words off the beginning of b. Kiwi and OpenWrt put it
// behind the time, FreeBSD too, in angle brackets, and BusyBox behind the host, as
// templates of other daemons do. It counts where there is none in figures.
func (h *Header) selector(b []byte) (rest []byte) {
	word, rest := cut(b)
	priority, ok := Selector(word)
	if !ok {
		return b
	}
	h.Selector = word
	if h.Priority < 0 {
		h.Priority = priority
	}
	return rest
}

// Selector reads a priority in words, as in Local0.Info and <daemon.err>. It reports
// whether word is one.
func Selector(word []byte) (priority int, ok bool) {
	if n := len(word); n > 2 && word[0] == '<' && word[n-1] == '>' {
		word = word[1 : n-1]
	}
	name, level, ok := bytes.Cut(word, []byte("."))
	if !ok {
		return 0, false
	}
	f, s := wordIndex(facilities, name), wordIndex(severities, level)
	return f<<3 | s, f >= 0 && s >= 0
}

// facilities and severities are their usual names, by code (RFC 5424, tables 1
// and 2).
var (
	facilities = [][]string{
		{"kern", "kernel"}, {"user"}, {"mail"}, {"daemon", "system"}, {"auth", "security"}, {"syslog"}, {"lpr"}, {"news"}, {"uucp"}, {"cron", "clock"}, {"authpriv"}, {"ftp"},
		{"ntp"}, {"audit", "logaudit"}, {"alert", "logalert"}, {"clock2"}, {"local0"}, {"local1"}, {"local2"}, {"local3"}, {"local4"}, {"local5"}, {"local6"}, {"local7"},
	}
	severities = [][]string{
		{"emerg", "emergency", "panic"}, {"alert"}, {"crit", "critical"}, {"err", "error"}, {"warning", "warn"}, {"notice"}, {"info", "informational"}, {"debug"},
	}
)

// wordIndex is the index of the names that word is one of, or -1.
func wordIndex(names [][]string, word []byte) int {
	if len(word) < 3 || len(word) > 13 {
		return -1
	}
	for i, spellings := range names {
		for _, name := range spellings {
			if len(name) == len(word) && bytes.EqualFold([]byte(name), word) {
				return i
			}
		}
	}
	return -1
}

// ends reports whether a word of b ends at n.
func ends(b []byte, n int) bool {
	return n == len(b) || blank(b[n]) || b[n] == ':' && (n+1 == len(b) || blank(b[n+1]))
}

// tag reads a tag off the beginning of b. It reports whether b has one; the text
// is then what follows it.
func (h *Header) tag(b []byte) bool {
	name, pid, n := ParseTag(b)
	if n == 0 {
		return false
	}
	h.App, h.ProcID = name, pid
	h.Text = trimBOM(trimBlanks(b[n:]))
	return true
}

// ParseTag reads "name:", "name[pid]:" or "name[pid]" off the beginning of b. It
// returns the length of what was read, 0 if b does not begin with a tag.
func ParseTag(b []byte) (name, pid []byte, n int) {
	for n < len(b) && tagByte(b[n]) && n < 64 {
		n++
	}
	if n == 0 || n == len(b) {
		return nil, nil, 0
	}
	name, rest := b[:n], b[n:]
	if rest[0] == '[' {
		end := bytes.IndexByte(rest, ']')
		if end < 2 || end > 64 || bytes.IndexByte(rest[:end], ' ') >= 0 {
			return nil, nil, 0
		}
		pid, rest = rest[1:end], rest[end+1:]
	}
	colon := len(rest) > 0 && rest[0] == ':'
	if colon {
		rest = rest[1:]
	}
	if !colon && pid == nil || len(rest) > 0 && !blank(rest[0]) {
		return nil, nil, 0
	}
	return name, pid, len(b) - len(rest)
}

func tagByte(c byte) bool {
	return c > ' ' && c < 0x7f && c != '[' && c != ']' && c != ':' && c != '"' && c != '=' && c != '<'
}
