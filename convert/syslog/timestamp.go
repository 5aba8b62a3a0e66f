package syslog

import "time"

// ParseTime reads a time as it may stand in a header off the beginning of b:
// ISO 8601, or "Jan _2 15:04:05" with or without a year, for which observed is
// used as in Parse. It returns the length of what was read, 0 if b does not
// begin with a time.
func ParseTime(b []byte, observed time.Time) (t time.Time, n int) {
	if t, n, _ = ParseISO(b); n > 0 {
		return t, n
	}
	return parseBSD(b, observed)
}

// ParseISO reads an ISO 8601 time such as 2015-11-24T15:51:11.337+00:00 off the
// beginning of b. It returns the length of what was read, 0 if there is none, and
// that of the zone at its end; a time without a zone is in UTC. With a blank
// instead of the T no comma may stand before the fraction: that is how Pexip writes
// the originating time, which is no part of the header.
func ParseISO(b []byte) (t time.Time, n, zone int) {
	date, ok := isoDate(b)
	if !ok || len(b) < 19 {
		return t, 0, 0
	}
	sep := b[10]
	if sep != 'T' && sep != 't' && sep != ' ' {
		return t, 0, 0
	}
	c, fraction, n := ParseClock(b[11:])
	if n == 0 || fraction == ',' && sep == ' ' {
		return t, 0, 0
	}
	n += 11
	offset, zone := trailingZone(b[n:])
	return date.at(c).Add(-offset), n + zone, zone
}

func originatingTime(b []byte) bool {
	_, n := ParseOriginatingTime(b)
	return n > 0
}

// ParseOriginatingTime reads a time as Pexip writes it in its lines, UTC, off
// the beginning of b: 2015-11-24 15:51:11,337. It returns the length of what
// was read, 0 if b does not begin with such a time.
func ParseOriginatingTime(b []byte) (t time.Time, n int) {
	date, ok := isoDate(b)
	if !ok || len(b) < 21 || b[10] != ' ' {
		return t, 0
	}
	c, fraction, n := ParseClock(b[11:])
	if n == 0 || fraction != ',' || 11+n < len(b) && !blank(b[11+n]) {
		return t, 0
	}
	return date.at(c), 11 + n
}

type date struct{ year, month, day int }

// at is the time so many nanoseconds after the day has begun in UTC.
func (d date) at(nanos int64) time.Time { return time.Unix(d.days()*24*60*60, nanos).UTC() }

// days is the number of days from 1970 to the day d. Years are counted from
// March here, so that a leap day is the last one of its year; 153 days are five
// months from March on, again and again.
func (d date) days() int64 {
	year, month := d.year, d.month-3
	if month < 0 {
		year, month = year-1, month+12
	}
	year += 400 // so that no year is below zero, and 400 years are 146,097 days
	leaps := year/4 - year/100 + year/400
	return int64(365*year+leaps+(153*month+2)/5+d.day-1) - 719_468 - 146_097
}

// valid reports whether there is such a day.
func (d date) valid() bool {
	return d.month >= 1 && d.month <= 12 && d.day >= 1 && d.day <= 31 &&
		(d.day <= 28 || time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC).Day() == d.day)
}

func isoDate(b []byte) (d date, ok bool) {
	if len(b) < 11 || b[4] != '-' || b[7] != '-' {
		return d, false
	}
	d = date{number(b[:4]), number(b[5:7]), number(b[8:10])}
	return d, d.year >= 0 && d.valid()
}

// ParseClock reads 15:04:05 with or without a fraction off the beginning of b. It
// returns the nanoseconds since midnight, what stands before the fraction, 0 if there
// is none, and the length of what was read, 0 if b does not begin with a clock. A leap
// second is the first of the next minute.
func ParseClock(b []byte) (nanos int64, sep byte, n int) {
	if len(b) < 8 || b[2] != ':' || b[5] != ':' {
		return 0, 0, 0
	}
	hour, minute, second := number(b[:2]), number(b[3:5]), number(b[6:8])
	if uint(hour) > 23 || uint(minute) > 59 || uint(second) > 60 {
		return 0, 0, 0
	}
	nanos, n = int64(hour*3600+minute*60+second)*1e9, 8
	if n+1 < len(b) && (b[n] == '.' || b[n] == ',') && isDigit(b[n+1]) {
		sep = b[n]
		scale := int64(1e8)
		for n++; n < len(b) && isDigit(b[n]); n++ {
			nanos += int64(b[n]-'0') * scale
			scale /= 10
		}
	}
	return nanos, sep, n
}

// parseZone reads Z, +01:00, +0100 or +01 and returns its length, 0 if there is none.
func parseZone(b []byte) (offset time.Duration, n int) {
	if len(b) == 0 {
		return 0, 0
	}
	if b[0] == 'Z' || b[0] == 'z' {
		return 0, 1
	}
	if b[0] != '+' && b[0] != '-' || len(b) < 3 || number(b[1:3]) < 0 {
		return 0, 0
	}
	offset, n = time.Duration(number(b[1:3]))*time.Hour, 3
	minutes := b[3:]
	if len(minutes) > 0 && minutes[0] == ':' {
		minutes = minutes[1:]
	}
	if len(minutes) >= 2 && number(minutes[:2]) >= 0 {
		offset += time.Duration(number(minutes[:2])) * time.Minute
		n = len(b) - len(minutes) + 2
	}
	if b[0] == '-' {
		offset = -offset
	}
	return offset, n
}

// parseBSD reads "Jan _2 15:04:05" off the beginning of b, with the year before
// it, before or after the clock, or not at all, a day of the week before it or
// none, and a zone or none. It returns the length of what was read, 0 if there is
// no such time.
func parseBSD(b []byte, observed time.Time) (t time.Time, n int) {
	year, pos := 0, weekdayLen(b)
	if y := yearAt(b[pos:]); y > 0 {
		year, pos = y, pos+5
	}
	if len(b) < pos+14 {
		return t, 0
	}
	month := monthAt(b[pos:])
	if month == 0 || b[pos+3] != ' ' {
		return t, 0
	}
	day, width := dayAt(b[pos+4:])
	if day == 0 {
		return t, 0
	}
	pos += 4 + width
	if y := yearAt(b[pos:]); y > 0 && year == 0 {
		year = y
		pos += 5
	}
	c, _, width := ParseClock(b[pos:])
	if width == 0 {
		return t, 0
	}
	pos += width
	offset, width := trailingZone(b[pos:])
	pos += width
	if year == 0 && pos < len(b) && b[pos] == ' ' {
		if y := yearAt(b[pos+1:]); y > 0 {
			year = y
			pos += 5
			if width == 0 {
				offset, width = trailingZone(b[pos:])
				pos += width
			}
		}
	}
	d := date{year, month, day}
	if year == 0 {
		d.year = latestYear(d, c, observed.Add(offset))
	}
	if !d.valid() {
		return t, 0
	}
	return d.at(c).Add(-offset), pos
}

// latestYear is the last year in which the day d is not after observed. A week
// is allowed for clocks that are ahead, so that around New Year a message of 31
// December received on 1 January belongs to the old year, and one of 1 January
// received on 31 December to the new one.
func latestYear(d date, c int64, observed time.Time) int {
	limit := observed.UTC().AddDate(0, 0, 7)
	// 29 February may be eight years away.
	for d.year = limit.Year(); d.year > limit.Year()-9; d.year-- {
		if d.valid() && !d.at(c).After(limit) {
			break
		}
	}
	return d.year
}

// trailingZone reads a zone as in ISO times, with or without a blank before it, or
// a blank and the name of one.
func trailingZone(b []byte) (offset time.Duration, n int) {
	if offset, n = parseZone(b); n > 0 || len(b) < 3 || b[0] != ' ' {
		return offset, n
	}
	if b[1] == '+' || b[1] == '-' {
		if offset, n = parseZone(b[1:]); n > 0 {
			return offset, n + 1
		}
	}
	n = 1
	for n < len(b) && n < 6 && b[n] >= 'A' && b[n] <= 'Z' {
		n++
	}
	if minutes, ok := zones[string(b[1:n])]; ok && ends(b, n) {
		return time.Duration(minutes) * time.Minute, n
	}
	return 0, 0
}

// zones are the names of zones that systems put behind a time, in minutes east of
// Greenwich. Of a name that has several meanings it is the one that most systems
// have.
var zones = map[string]int{
	"UTC": 0, "GMT": 0, "UCT": 0, "WET": 0, "WEST": 60, "BST": 60, "IST": 330,
	"CET": 60, "CEST": 120, "MET": 60, "MEST": 120, "MEZ": 60, "MESZ": 120, "EET": 120, "EEST": 180, "MSK": 180, "TRT": 180,
	"SAST": 120, "CAT": 120, "EAT": 180, "WAT": 60, "GST": 240, "PKT": 300,
	"JST": 540, "KST": 540, "HKT": 480, "SGT": 480, "PHT": 480, "ICT": 420, "WIB": 420,
	"AWST": 480, "ACST": 570, "ACDT": 630, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
	"NST": -210, "NDT": -150, "AST": -240, "ADT": -180, "EST": -300, "EDT": -240, "CST": -360, "CDT": -300,
	"MST": -420, "MDT": -360, "PST": -480, "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600,
	"BRT": -180, "ART": -180,
}

// yearAt reads a year of this or the last century and the blank after it.
func yearAt(b []byte) int {
	if len(b) < 4 || !ends(b, 4) {
		return 0
	}
	if y := number(b[:4]); y >= 1970 && y < 2100 {
		return y
	}
	return 0
}

// dayAt reads a day of a month, with a blank or a zero before a single digit
// or without, and the blank after it. width is the length of what was read.
func dayAt(b []byte) (day, width int) {
	start := 0
	if b[0] == ' ' {
		start = 1
	}
	i := start
	for i < len(b) && i < start+2 && isDigit(b[i]) {
		i++
	}
	if i == start || i == len(b) || b[i] != ' ' {
		return 0, 0
	}
	return number(b[start:i]), i + 1
}

func monthAt(b []byte) int { return nameAt(b, "JanFebMarAprMayJunJulAugSepOctNovDec") }

// weekdayLen is the length of a day of the week at the beginning of b, with the
// comma and the blank behind it, or 0.
func weekdayLen(b []byte) int {
	n := 3
	if nameAt(b, "SunMonTueWedThuFriSat") == 0 {
		return 0
	}
	if n < len(b) && b[n] == ',' {
		n++
	}
	if n == len(b) || b[n] != ' ' {
		return 0
	}
	return n + 1
}

// nameAt is which of names, of three letters each, b begins with, counted from 1,
// in capitals or small letters; 0 if it is none.
func nameAt(b []byte, names string) int {
	if len(b) < 3 || !isLetter(b[0]) {
		return 0
	}
	for i := 0; i < len(names); i += 3 {
		if b[0]|0x20 == names[i]|0x20 && b[1]|0x20 == names[i+1] && b[2]|0x20 == names[i+2] {
			return i/3 + 1
		}
	}
	return 0
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// number is the value of the digits b, or -1 if b is anything else.
func number(b []byte) int {
	if len(b) == 2 {
		tens, ones := b[0]-'0', b[1]-'0'
		if tens > 9 || ones > 9 {
			return -1
		}
		return int(tens)*10 + int(ones)
	}
	n := 0
	for _, c := range b {
		if !isDigit(c) {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}
