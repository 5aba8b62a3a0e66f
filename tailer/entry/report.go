package entry

import (
	"bytes"
	"time"
)

// Reports cuts data at the heads of what Erlang's logger wrote. An entry runs
// from one head to the next, or to the end of what is complete. What stands
// before the first head is an entry as well. The pieces of a long report have its
// time.
func (c *Cutter) Reports(data []byte, final bool) {
	ends := lineEnds{data: data}
	for {
		rest := data[c.Taken:]
		n := nextReport(rest, final, func(at int) int { return ends.after(c.Taken+at) - c.Taken })
		size := n
		if n < 0 {
			size = len(rest)
		}
		switch {
		case len(rest) == 0 || c.full(min(size, c.MaxEntry)):
			return
		case size > c.MaxEntry:
			if !c.Cut { // the pieces behind the first one have no head to tell their time
				h, _ := ParseHead(rest, c.Zone)
				c.Clock = h.Time
			}
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
		c.Cut, c.Clock = false, time.Time{}
	}
}

// lineEnds finds the ends of lines. What was found is remembered: a line with
// a report every few bytes would be searched to its end for each of them.
type lineEnds struct {
	data []byte
	end  int // of the line last asked for
}

// after returns where the line ends that at is in.
func (l *lineEnds) after(at int) int {
	if at >= l.end {
		l.end = len(l.data)
		if n := bytes.IndexByte(l.data[at:], '\n'); n >= 0 {
			l.end = at + n
		}
	}
	return l.end
}

// nextReport returns where in b the next report begins, -1 if none does after
// the first byte that could not be the beginning of b's own. final says that no
// more comes behind b. A title may stand behind other text, a time with a level
// at the beginning of a line only. lineEnd tells where the line ends that an
// offset is in.
func nextReport(b []byte, final bool, lineEnd func(at int) int) int {
	for at := 0; at < len(b); {
		next := lineEnd(at)
		line, ended := b[at:next], next < len(b) || final
		start, end := titleIn(line, ended)
		if start == 0 && at == 0 {
			if start, _ = titleIn(line[end:], ended); start >= 0 {
				start += end
			}
		}
		if _, _, head := levelIn(line); head > 0 && at > 0 {
			return at
		}
		if start >= 0 {
			return at + start
		}
		at = next + 1
	}
	return -1
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
