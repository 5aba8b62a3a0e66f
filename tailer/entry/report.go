package entry

import "bytes"

// Reports cuts data at the heads of what Erlang's logger wrote. An entry runs
// from one head to the next, or to the end of what is complete. What stands
// before the first head is an entry as well.
func (c *Cutter) Reports(data []byte, final bool) {
	ends := lineEnds{data: data}
	for {
		rest := data[c.Taken:]
		n := nextReport(rest, func(at int) int { return ends.after(c.Taken+at) - c.Taken })
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
// the first byte that could not be the beginning of b's own. A title may stand
// anywhere, a time with a level at the beginning of a line only. lineEnd tells
// where the line ends that an offset is in.
func nextReport(b []byte, lineEnd func(at int) int) int {
	for at := 0; at < len(b); {
		next := lineEnd(at)
		line := b[at:next]
		start, end := titleIn(line)
		if start == 0 && at == 0 {
			if start, _ = titleIn(line[end:]); start >= 0 {
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
