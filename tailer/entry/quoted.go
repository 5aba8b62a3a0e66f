package entry

import "bytes"

// MaxQuoted is how long a line may become by joining. A quote that is not
// closed within it is one that nobody meant to close.
const MaxQuoted = 256 << 10

// Quoted cuts data at those newlines that do not stand between quotes. A line
// that begins as log lines do is an entry of its own all the same.
//
// Where an entry ends depends on what it and the next line hold and on nothing
// else, so that it is cut in the same way whenever it is read; except for one
// whose quotes are not closed by the time the file is complete.
func (c *Cutter) Quoted(data []byte, final bool) {
	for {
		rest := data[c.Taken:]
		n := 0 // length of the entry with its newline; 0 if its end is not there
		if c.Cut {
			n = bytes.IndexByte(rest, '\n') + 1
		} else {
			n = quotedEntry(rest, final)
		}
		size := n
		if n == 0 {
			size = len(rest)
		}
		switch {
		case c.full(size):
			return
		case n > c.MaxEntry+1 || n == 0 && len(rest) > c.MaxEntry:
			if c.full(c.MaxEntry) {
				return
			}
			c.piece(rest[:c.MaxEntry+1])
		case n == 0:
			c.lastLine(rest, final)
			return
		default:
			c.line(rest[:n-1], n)
		}
	}
}

// quotedEntry is the length of the entry that b begins with, its newline
// included, or 0 if b does not hold all of it. With final, b holds all there
// is.
func quotedEntry(b []byte, final bool) int {
	first := bytes.IndexByte(b, '\n') + 1
	if first == 0 || !bytes.Contains(b[:first], []byte(`="`)) {
		return first
	}
	open := oddQuotes(b[:first])
	for end := first; open; {
		if end > MaxQuoted {
			return first
		}
		if beginsEntry(b[end:]) {
			return end
		}
		n := bytes.IndexByte(b[end:], '\n') + 1
		switch {
		case n == 0 && len(b)-end > MaxQuoted:
			return first
		case n == 0 && final && end == len(b):
			return end
		case n == 0:
			return 0
		}
		open = open != oddQuotes(b[end:end+n])
		end += n
		if !open {
			return end
		}
	}
	return first
}

// oddQuotes says whether line has an odd number of quotes, not counting those
// with a backslash before them.
func oddQuotes(line []byte) bool {
	odd := false
	for at := 0; ; {
		i := bytes.IndexByte(line[at:], '"')
		if i < 0 {
			return odd
		}
		at += i
		if at == 0 || line[at-1] != '\\' {
			odd = !odd
		}
		at++
	}
}

// entryHeads are how entries begin: with a 0 for any digit, and with a for any
// letter.
var entryHeads = [...]string{
	"0000-00-00T00:00:00", "0000-00-00 00:00:00", "aaa 00 00:00:00", "aaa  0 00:00:00", "aaa 0 00:00:00", "<0>", "<00>", "<000>",
	`Name="`, `Level="`, `Message="`,
}

// beginsEntry says whether b begins as a log line does.
func beginsEntry(b []byte) bool {
	for _, head := range entryHeads {
		if len(b) >= len(head) && matchesHead(b, head) {
			return true
		}
	}
	return false
}

func matchesHead(b []byte, head string) bool {
	word := head[len(head)-1] == '"' // to be taken as it is
	for i := range len(head) {
		switch c := b[i]; {
		case head[i] == '0':
			if !isDigit(c) {
				return false
			}
		case head[i] == 'a' && !word:
			if c|0x20 < 'a' || c|0x20 > 'z' {
				return false
			}
		case head[i] != c:
			return false
		}
	}
	return true
}
