package sora

import (
	"time"

	"github.com/rtcship/rtcship/convert/syslog"
)

// parseTime reads a time with its zone, such as 2022-06-06T08:04:37.390710Z, off the
// beginning of s. It returns nanoseconds since 1970, and the length of what was
// read: 0 if s does not begin with such a time, or with one that OTLP cannot hold.
func parseTime(s []byte) (nanos int64, n int) {
	t, n, zone := syslog.ParseISO(s)
	nanos, ok := nanosOf(t)
	if zone == 0 || !ok {
		return 0, 0
	}
	return nanos, n
}

// nanosOf refuses what OTLP cannot hold (before 1970 or after 2262), and what is no
// time.
func nanosOf(t time.Time) (int64, bool) {
	if sec := t.Unix(); sec < 0 || sec >= 1<<63/1_000_000_000 || t.Equal(time.Unix(0, 0)) {
		return 0, false
	}
	return t.UnixNano(), true
}

// A clock reads times and remembers the last minute it has read, since lines of a
// log are mostly of the same minute as the line before.
type clock struct {
	minute [17]byte // such as 2022-06-06T08:04:
	sec    int64    // of its beginning, since 1970
}

const usualTime = len("2022-06-06T08:04:37.390710Z")

// parse is parseTime for a text that is nothing else.
func (c *clock) parse(s []byte) (nanos int64, ok bool) {
	if len(s) != usualTime || s[19] != '.' || s[26] != 'Z' || string(s[:17]) != string(c.minute[:]) {
		return c.next(s)
	}
	sec, a, b, d := two(s[17], s[18]), two(s[20], s[21]), two(s[22], s[23]), two(s[24], s[25])
	if sec > 59 || a|b|d >= 128 {
		return c.next(s)
	}
	return (c.sec+int64(sec))*1_000_000_000 + int64(a*10_000+b*100+d)*1000, true
}

// next is parse for a time of another minute.
func (c *clock) next(s []byte) (nanos int64, ok bool) {
	nanos, n := parseTime(s)
	if n == 0 || n != len(s) {
		return 0, false
	}
	if sec := two(s[17], s[18]); n == usualTime && s[26] == 'Z' && sec < 60 {
		c.sec = nanos/1_000_000_000 - int64(sec)
		copy(c.minute[:], s)
	}
	return nanos, true
}

// two is the number that two digits make; anything else gives a number with
// a bit set that no number below 100 has.
func two(a, b byte) uint {
	a, b = a-'0', b-'0'
	if a > 9 || b > 9 {
		return 128
	}
	return uint(a)*10 + uint(b)
}
