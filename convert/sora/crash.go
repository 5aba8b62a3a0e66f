package sora

import (
	"bytes"
	"time"

	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/convert/record"
)

var (
	keyCrashKind       = otlp.NewKey("sora.crash.kind")
	keyCrashInitial    = otlp.NewKey("sora.crash.initial_call")
	keyCrashRegistered = otlp.NewKey("sora.crash.registered_name")
	keyCrashSupervisor = otlp.NewKey("sora.crash.supervisor")
	keyCrashContext    = otlp.NewKey("sora.crash.error_context")
	keyExceptionType   = otlp.NewKey("exception.type")
	keyExceptionText   = otlp.NewKey("exception.message")
	keyExceptionStack  = otlp.NewKey("exception.stacktrace")
)

// readCrash takes one report of crash.log. Its header comes in three forms:
//
//	2015-12-03 21:22:31 =CRASH REPORT====
//	=CRASH REPORT==== 10-Aug-2022::23:25:00.249190 ===
//	=CRASH REPORT 2022-08-10T23:25:00.249190Z
func (r *Reader) readCrash() bool {
	b := r.b
	h, ok := parseHeader(b.Text, r.p.zone)
	if !ok {
		r.fail(record.Erlang, "no header of an Erlang report")
		return true
	}
	r.reportHeader(h)
	r.report(b.Text[h.length:])
	return true
}

// reportHeader sets what the header says.
func (r *Reader) reportHeader(h header) {
	b := r.b
	if h.nanos > 0 {
		b.Time = h.nanos
	}
	switch string(h.kind) {
	case "PROGRESS", "INFO":
		b.Severity = severityInfo
	case "NOTICE":
		b.Severity = severityNotice
	case "WARNING":
		b.Severity = severityWarning
	default:
		b.Severity = severityError
	}
	start := len(b.Arena)
	for _, c := range h.kind {
		if c == ' ' {
			c = '_'
		} else {
			c += 'a' - 'A'
		}
		b.Arena = append(b.Arena, c)
	}
	b.Attr(keyCrashKind, b.Arena[start:])
	b.Arena = append(b.Arena, "_report"...)
	b.EventPrefix, b.EventName = "sora.", b.Arena[start:]
}

// A header is the first line of a report.
type header struct {
	kind   []byte // CRASH, ERROR, SUPERVISOR, …
	nanos  int64  // 0 if there is no time in it
	length int
}

// parseHeader reads the header that text begins with.
func parseHeader(text []byte, zone *time.Location) (h header, ok bool) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	h.length = len(line)
	if len(line) > 20 && line[19] == ' ' && line[20] == '=' { // lager writes the time first
		if sec, ok := parseDateTime(line); ok {
			h.nanos, _ = toNanos(local(sec, zone), 0)
			line = line[20:]
		}
	}
	if len(line) == 0 || line[0] != '=' {
		return header{}, false
	}
	n := 1
	for n < len(line) && (line[n] >= 'A' && line[n] <= 'Z' || line[n] == ' ') {
		n++
	}
	words := bytes.TrimRight(line[1:n], " ")
	h.kind = bytes.TrimSuffix(words, []byte(" REPORT"))
	if len(h.kind) == len(words) || len(h.kind) == 0 {
		return header{}, false
	}
	rest := bytes.Trim(line[n:], "= \r")
	if h.nanos == 0 {
		h.nanos = reportTime(rest, zone)
	}
	return h, true
}

// reportTime reads 10-Aug-2022::23:25:00.249190, which is a local time unless
// UTC follows, or a time with a zone, or one as lager writes it.
func reportTime(s []byte, zone *time.Location) int64 {
	if nanos, ok := parseRFC3339(s); ok {
		return nanos
	}
	if s, ok := bytes.CutSuffix(s, []byte(" UTC")); ok {
		return reportTime(s, time.UTC)
	}
	var iso [19]byte
	frac := []byte(nil)
	switch {
	case len(s) >= 19 && s[4] == '-':
		copy(iso[:], s)
		frac = s[19:]
	case len(s) >= 20 && s[1] == '-': // a day of one digit
		return reportTime(append([]byte{'0'}, s...), zone)
	case len(s) >= 21 && s[2] == '-' && string(s[11:13]) == "::":
		month := monthOf(s[3:6])
		copy(iso[:], s[7:11])
		copy(iso[4:], "-")
		iso[5], iso[6], iso[7] = byte('0'+month/10), byte('0'+month%10), '-'
		copy(iso[8:], s[:2])
		iso[10] = ' '
		copy(iso[11:], s[13:21])
		frac = s[21:]
	default:
		return 0
	}
	sec, ok := parseDateTime(iso[:])
	part, n := parseFraction(frac)
	if !ok || n != len(frac) {
		return 0
	}
	nanos, _ := toNanos(local(sec, zone), part)
	return nanos
}

// monthOf is 1 to 12, or 0.
func monthOf(name []byte) int {
	i := bytes.Index([]byte("JanFebMarAprMayJunJulAugSepOctNovDec"), name)
	if i < 0 || i%3 != 0 || len(name) != 3 {
		return 0
	}
	return i/3 + 1
}
