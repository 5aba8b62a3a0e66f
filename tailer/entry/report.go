package entry

import "bytes"

// Reports cuts data at the headers of Erlang's reports. An entry runs from one
// header to the next, whether that begins a line or not, or to the end of what
// is complete. What stands before the first header is an entry as well.
func (c *Cutter) Reports(data []byte, final bool) {
	for {
		rest := data[c.Taken:]
		n := nextReport(rest)
		size := n
		if n < 0 {
			size = len(rest)
		}
		switch {
		case len(rest) == 0 || c.full(min(size, c.MaxEntry)):
			return
		case size > c.MaxEntry:
			c.piece(rest[:c.MaxEntry+1])
			continue
		case n >= 0:
			c.block(rest[:n], c.Cut)
		case final:
			c.block(rest, c.Cut)
		default:
			c.Need = len(rest) + 1
			return
		}
		c.Cut = false
	}
}

// nextReport returns where in b the next report begins, -1 if none does after
// the first byte that could not be the beginning of b's own.
func nextReport(b []byte) int {
	at := 0
	for {
		start, end := findReport(b[at:])
		if start < 0 {
			return -1
		}
		if at+start > 0 {
			return at + start
		}
		at += end
	}
}

// maxKind bounds the words before REPORT, of which Erlang has few and short
// ones: a line of nothing but such words would be read again for each of them.
const maxKind = 64

var reportWord = []byte(" REPORT")

// findReport finds the first header of a report in b: where it begins, and
// where its "REPORT" ends. It knows three forms:
//
//	2015-12-03 21:22:31 =CRASH REPORT====
//	=CRASH REPORT==== 10-Aug-2022::23:25:00.249190 ===
//	=CRASH REPORT
//
// of any kind of report in capital letters. The date before belongs to it.
func findReport(b []byte) (start, end int) {
	for from := 0; ; {
		i := bytes.Index(b[from:], reportWord)
		if i < 0 {
			return -1, -1
		}
		i += from
		from = i + len(reportWord)
		k := i
		for k > 0 && i-k <= maxKind && (b[k-1] == ' ' || 'A' <= b[k-1] && b[k-1] <= 'Z') {
			k--
		}
		if k == 0 || k == i || b[k-1] != '=' || !isKind(b[k:i]) {
			continue
		}
		k--
		if k >= len(datePattern) && isDate(b[k-len(datePattern):k]) {
			k -= len(datePattern)
		}
		return k, from
	}
}

// isKind says whether b is words of capital letters, one blank between them.
func isKind(b []byte) bool {
	for i, c := range b {
		if c == ' ' && (i == 0 || b[i-1] == ' ') {
			return false
		}
	}
	return b[len(b)-1] != ' '
}

// datePattern has a 0 where a digit stands.
const datePattern = "0000-00-00 00:00:00 "

func isDate(b []byte) bool {
	for i := range len(datePattern) {
		if datePattern[i] == '0' {
			if !isDigit(b[i]) {
				return false
			}
		} else if b[i] != datePattern[i] {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
