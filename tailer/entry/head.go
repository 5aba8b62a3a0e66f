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
//	2026-05-04 18:28:52.123456 <0.9.2> ERROR: …
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
	start, end := titleIn(line, true)
	if start != 0 {
		return Head{}, false
	}
	from := bytes.IndexByte(line, '=')
	stamp, size := titleStamp(line[end:])
	h = Head{Title: line[from+1 : end-len(reportWord)], Size: end + size}
	if h.Time = titleTime(stamp, zone); h.Time.IsZero() && from > 0 {
		h.Time = titleTime(line[:from-1], zone)
	}
	return h, true
}

// titleStamp is the time behind a title, and how far the head goes with it: the
// whole line, unless the text of the event has been glued to it.
func titleStamp(rest []byte) (stamp []byte, size int) {
	const closing = " ==="
	if n := bytes.Index(rest, []byte(closing)); n > len(opening) && n <= maxStamp {
		stamp, size = rest[len(opening):n], n+len(closing)
	} else {
		stamp, size = rest, len(rest)
	}
	if len(bytes.Trim(rest[size:], " \r")) == 0 {
		size = len(rest)
	}
	return bytes.Trim(stamp, "= \r"), size
}

// opening stands behind a title.
const opening = "===="

// maxStamp is the length beyond which nothing is a time.
const maxStamp = 48

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
	if len(s) < len(stampPattern) || len(s) > maxStamp {
		return time.Time{}
	}
	text := append(make([]byte, 0, maxStamp), s...)
	text[10] = 'T'
	if text[len(text)-1] == 'z' {
		text[len(text)-1] = 'Z'
	}
	for _, layout := range [...]string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700"} {
		if t, err := time.ParseInLocation(layout, string(text), zone); err == nil {
			return t
		}
	}
	return time.Time{}
}

// Patterns have a 0 where a digit stands, and a ? for any character of ASCII.
const (
	datePattern  = "0000-00-00 00:00:00"
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

// levelIn reads the second form at the beginning of line: a time, perhaps a
// process, and one of Erlang's levels, in brackets or with a colon. end is where the head
// ends, 0 if there is none.
func levelIn(line []byte) (stamp, level []byte, end int) {
	if !fits(line, stampPattern) {
		return nil, nil, 0
	}
	i := len(stampPattern)
	for i < len(line) && line[i] != ' ' { // the fraction and the offset
		if c := line[i]; !isDigit(c) && c != '.' && c != ',' && c != ':' && c != '+' && c != '-' && c|0x20 != 'z' {
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
	i += pidLen(line[i:])
	open := i < len(line) && line[i] == '['
	if open {
		i++
	}
	end = i
	for end < len(line) && 'a' <= line[end]|0x20 && line[end]|0x20 <= 'z' {
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

// isLevel says whether s is one of Erlang's levels, in small letters, in capitals,
// or with one capital.
func isLevel(s []byte) bool {
	var buf [len("emergency")]byte
	if len(s) > len(buf) {
		return false
	}
	small := buf[:len(s)]
	for i, c := range s {
		if small[i] = c | 0x20; i > 1 && (c^s[1])&0x20 != 0 {
			return false
		}
	}
	if len(s) > 1 && s[0]&0x20 != 0 && s[1]&0x20 == 0 {
		return false
	}
	switch string(small) {
	case "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency":
		return true
	}
	return false
}

// pidLen is the length of a process at the beginning of b and the blank behind
// it, or 0.
func pidLen(b []byte) int {
	if len(b) == 0 || b[0] != '<' {
		return 0
	}
	const longest = len("<4294967295.4294967295.4294967295> ")
	for i, c := range b[1:min(len(b), longest)] {
		switch {
		case c == '>' && i+2 < len(b) && b[i+2] == ' ':
			return i + 3
		case !isDigit(c) && c != '.':
			return 0
		}
	}
	return 0
}

var reportWord = []byte(" REPORT")

// titleIn finds the first title in line: where it begins, and where its
// "REPORT" ends. It may stand in the middle of a line, behind a text that had
// no line end; but then all of the rest of the line must be that of a head, since a text may
// quote one. The date before belongs to it. ended says that the line is whole.
func titleIn(line []byte, ended bool) (start, end int) {
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
		start = k - dateBefore(line[:k])
		switch rest := line[from:]; {
		case start == 0 && (bytes.HasPrefix(rest, []byte(opening)) || ended && len(rest) == 0):
			return start, from
		case ended && endsHead(rest, start < k):
			return start, from
		}
	}
}

// endsHead says whether rest is all that may stand behind a title: a time in
// either form, or nothing but signs if there was one before.
func endsHead(rest []byte, dated bool) bool {
	if len(rest) > 2*maxStamp {
		return false
	}
	rest = bytes.TrimRight(rest, " \r")
	stamp, behind := bytes.CutPrefix(rest, []byte(opening))
	switch {
	case behind && len(stamp) == 0:
		return dated
	case behind:
		stamp, behind = bytes.CutSuffix(stamp, []byte(" ==="))
		return behind && len(stamp) > 2 && stamp[0] == ' ' && isDigit(stamp[1]) && len(stamp) <= maxStamp
	}
	return len(rest) > 1 && rest[0] == ' ' && fits(rest[1:], stampPattern) && bytes.IndexByte(rest[1+len(stampPattern):], ' ') < 0
}

// dateBefore is the length of the date at the end of b, with the blank behind
// it, which is how lager begins a head: 0 if there is none. There may be a fraction
// of a second, and UTC.
func dateBefore(b []byte) int {
	date, ok := bytes.CutSuffix(b, []byte(" "))
	if !ok {
		return 0
	}
	date = bytes.TrimSuffix(date, []byte(" UTC"))
	end := len(date)
	for n := 1; n <= len(".123456789") && n < end; n++ {
		if c := date[end-n]; c == '.' {
			end -= n
			break
		} else if !isDigit(c) {
			break
		}
	}
	if from := end - len(datePattern); from >= 0 && fits(date[from:], datePattern) {
		return len(b) - from
	}
	return 0
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
