package entry

import (
	"bytes"
	"time"
)

// A Head is what Erlang's logger writes before the text of an event. It comes
// in two forms: a title as in the days before there was a logger, and a time
// with a level (the templates of logger_formatter(3), with legacy_header and
// without):
//
//	2015-12-03 21:22:31 =CRASH REPORT====
//	=CRASH REPORT==== 10-Aug-2022::23:25:00.249190 ===
//	=CRASH REPORT 2022-08-10T23:25:00.249190Z
//	2026-05-04T18:28:52.123456+09:00 error: …
//	2026-05-04 18:28:52.123456 [error] …
type Head struct {
	Title []byte    // CRASH, ERROR, SUPERVISOR, …; nil in the second form
	Level []byte    // nil in the first form
	Time  time.Time // zero if there is none that can be read
	Size  int       // how many bytes of the text it takes: what follows is the event's text
}

// ParseHead reads the head that text begins with. Times without an offset are
// in zone; nil is UTC.
func ParseHead(text []byte, zone *time.Location) (h Head, ok bool) {
	if len(text) == 0 || text[0] != '=' && !isDigit(text[0]) {
		return Head{}, false
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	if zone == nil {
		zone = time.UTC
	}
	if stamp, level, end := levelIn(line); end > 0 {
		return Head{Level: level, Time: isoTime(stamp, zone), Size: end}, true
	}
	start, end := titleIn(line)
	if start != 0 {
		return Head{}, false
	}
	from := bytes.IndexByte(line, '=')
	h = Head{Title: line[from+1 : end-len(reportWord)], Size: len(line)}
	if h.Time = titleTime(bytes.Trim(line[end:], "= \r"), zone); h.Time.IsZero() && from > 0 {
		h.Time = isoTime(line[:from-1], zone)
	}
	return h, true
}

// titleTime reads the time behind a title. UTC may follow it.
func titleTime(s []byte, zone *time.Location) time.Time {
	if local, ok := bytes.CutSuffix(s, []byte(" UTC")); ok {
		s, zone = local, time.UTC
	}
	if t, err := time.ParseInLocation("2-Jan-2006::15:04:05", string(s), zone); err == nil {
		return t
	}
	return isoTime(s, zone)
}

// isoTime reads a time of RFC 3339 with any one character between day and
// hour, and with an offset or without.
func isoTime(s []byte, zone *time.Location) time.Time {
	if len(s) < len(stampPattern) || len(s) > 48 {
		return time.Time{}
	}
	text := append(make([]byte, 0, 48), s...)
	text[10] = 'T'
	if text[len(text)-1] == 'z' {
		text[len(text)-1] = 'Z'
	}
	for _, layout := range [...]string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, string(text), zone); err == nil {
			return t
		}
	}
	return time.Time{}
}

// Patterns have a 0 where a digit stands, and a ? for any character of ASCII.
const (
	datePattern  = "0000-00-00 00:00:00 "
	stampPattern = "0000-00-00?00:00:00"
)

func fits(b []byte, pattern string) bool {
	if len(b) < len(pattern) {
		return false
	}
	for i := range len(pattern) {
		switch p := pattern[i]; {
		case p == '0' && !isDigit(b[i]), p == '?' && b[i] >= 0x80, p != '0' && p != '?' && p != b[i]:
			return false
		}
	}
	return true
}

// levelIn reads the second form at the beginning of line: a time, a blank, and
// one of Erlang's levels, in brackets or with a colon. end is where the head
// ends, 0 if there is none.
func levelIn(line []byte) (stamp, level []byte, end int) {
	if !fits(line, stampPattern) {
		return nil, nil, 0
	}
	i := len(stampPattern)
	for i < len(line) && line[i] != ' ' { // the fraction and the offset
		if c := line[i]; !isDigit(c) && c != '.' && c != ':' && c != '+' && c != '-' && c|0x20 != 'z' {
			return nil, nil, 0
		}
		i++
	}
	stamp = line[:i]
	if bytes.HasPrefix(line[i:], []byte(" UTC ")) {
		stamp, i = append(stamp[:i:i], 'Z'), i+len(" UTC")
	}
	if i == len(line) {
		return nil, nil, 0
	}
	i++ // the blank
	open := i < len(line) && line[i] == '['
	if open {
		i++
	}
	end = i
	for end < len(line) && 'a' <= line[end] && line[end] <= 'z' {
		end++
	}
	level = line[i:end]
	switch {
	case !isLevel(level):
		return nil, nil, 0
	case end == len(line) && !open:
		return stamp, level, end
	case end == len(line):
		return nil, nil, 0
	}
	switch c := line[end]; {
	case open && c == ']', !open && (c == ':' || c == ' ' || c == '\r'):
		return stamp, level, end + 1
	}
	return nil, nil, 0
}

func isLevel(s []byte) bool {
	switch string(s) {
	case "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency":
		return true
	}
	return false
}

var reportWord = []byte(" REPORT")

// titleIn finds the first title in line: where it begins, and where its
// "REPORT" ends. It may stand in the middle of a line, behind a text that had
// no line end. The date before belongs to it.
func titleIn(line []byte) (start, end int) {
	for from, floor := 0, 0; ; floor = from {
		i := bytes.Index(line[from:], reportWord)
		if i < 0 {
			return -1, -1
		}
		i += from
		from = i + len(reportWord)
		k := i
		for k > floor && (line[k-1] == ' ' || 'A' <= line[k-1] && line[k-1] <= 'Z') {
			k--
		}
		if k == 0 || k == i || line[k-1] != '=' || !isTitle(line[k:i]) {
			continue
		}
		k--
		if k >= len(datePattern) && fits(line[k-len(datePattern):], datePattern) {
			k -= len(datePattern)
		}
		return k, from
	}
}

// isTitle says whether b is words of capital letters, one blank between them.
func isTitle(b []byte) bool {
	for i, c := range b {
		if c == ' ' && (i == 0 || b[i-1] == ' ') {
			return false
		}
	}
	return b[len(b)-1] != ' '
}
