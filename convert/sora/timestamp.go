package sora

import "time"

// parseRFC3339 reads a time such as 2022-06-06T08:04:37.390710Z, with any
// number of digits in the fraction and any offset. It returns nanoseconds
// since 1970; ok is false if the text is no such time or a time that OTLP
// cannot hold (before 1970 or after 2262).
func parseRFC3339(s []byte) (nanos int64, ok bool) {
	if len(s) < 20 || s[10] != 'T' && s[10] != 't' && s[10] != ' ' {
		return 0, false
	}
	sec, ok := parseDateTime(s)
	if !ok {
		return 0, false
	}
	frac, n := parseFraction(s[19:])
	if n < 0 {
		return 0, false
	}
	offset, ok := parseOffset(s[19+n:])
	if !ok {
		return 0, false
	}
	return toNanos(sec-offset, frac)
}

// A clock reads times of RFC 3339 and remembers the last minute it has read,
// since lines of a log are mostly of the same minute as the line before.
type clock struct {
	minute [17]byte // such as 2022-06-06T08:04:
	sec    int64    // of its beginning, since 1970
}

// parse is parseRFC3339.
func (c *clock) parse(s []byte) (nanos int64, ok bool) {
	const length = len("2022-06-06T08:04:37.390710Z")
	if len(s) != length || s[19] != '.' || s[26] != 'Z' {
		return parseRFC3339(s)
	}
	if string(s[:17]) != string(c.minute[:]) {
		nanos, ok = parseRFC3339(s)
		if sec := two(s[17], s[18]); ok && sec < 60 {
			c.sec = nanos/1_000_000_000 - int64(sec)
			copy(c.minute[:], s)
		}
		return nanos, ok
	}
	sec, a, b, d := two(s[17], s[18]), two(s[20], s[21]), two(s[22], s[23]), two(s[24], s[25])
	if sec > 59 || a|b|d >= 128 {
		return parseRFC3339(s)
	}
	return (c.sec+int64(sec))*1_000_000_000 + int64(a*10_000+b*100+d)*1000, true
}

// toNanos refuses what a positive int64 cannot hold.
func toNanos(sec, nanos int64) (int64, bool) {
	if sec < 0 || sec >= 1<<63/1_000_000_000 || sec == 0 && nanos == 0 {
		return 0, false
	}
	return sec*1_000_000_000 + nanos, true
}

// parseDateTime reads the 19 characters YYYY-MM-DDxhh:mm:ss as UTC and returns
// seconds since 1970.
func parseDateTime(s []byte) (sec int64, ok bool) {
	_ = s[18]
	if s[4] != '-' || s[7] != '-' || s[13] != ':' || s[16] != ':' {
		return 0, false
	}
	century, year := two(s[0], s[1]), two(s[2], s[3])
	month, day := two(s[5], s[6]), two(s[8], s[9])
	hour, minute, second := two(s[11], s[12]), two(s[14], s[15]), two(s[17], s[18])
	if century|year|month|day|hour|minute|second >= 128 {
		return 0, false // a character that is no digit
	}
	if month < 1 || month > 12 || hour > 23 || minute > 59 || second > 60 {
		return 0, false
	}
	date := time.Date(int(century*100+year), time.Month(month), int(day), 0, 0, 0, 0, time.UTC)
	return date.Unix() + int64(hour)*3600 + int64(minute)*60 + int64(second), date.Day() == int(day) // and not one of the month before or after
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

// parseFraction reads .123456 and returns nanoseconds and how many bytes it
// took; -1 stands for a dot without digits. Digits beyond the ninth are passed over.
func parseFraction(s []byte) (nanos int64, n int) {
	if len(s) == 0 || s[0] != '.' {
		return 0, 0
	}
	scale := int64(1_000_000_000)
	i := 1
	for ; i < len(s) && s[i]-'0' <= 9; i++ {
		if scale > 1 {
			scale /= 10
			nanos = nanos*10 + int64(s[i]-'0')
		}
	}
	if i == 1 {
		return 0, -1
	}
	return nanos * scale, i
}

// parseOffset reads what stands behind a time: Z, or +hh:mm, and nothing more.
func parseOffset(s []byte) (sec int64, ok bool) {
	if len(s) == 1 && s[0]|0x20 == 'z' {
		return 0, true
	}
	if len(s) != 6 || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	h, m := two(s[1], s[2]), two(s[4], s[5])
	if h > 23 || m > 59 {
		return 0, false
	}
	sec = int64(h)*3600 + int64(m)*60
	if s[0] == '-' {
		sec = -sec
	}
	return sec, true
}
