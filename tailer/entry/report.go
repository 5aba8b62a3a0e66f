package entry

import "bytes"

// Reports cuts data at the heads of what Erlang's logger wrote. An entry runs
// from one head to the next, or to the end of what is complete. What stands
// before the first head is an entry as well.
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
// the first byte that could not be the beginning of b's own. A title may stand
// anywhere, a time with a level at the beginning of a line only.
func nextReport(b []byte) int {
	for at := 0; at < len(b); {
		line, next := b[at:], len(b)
		if n := bytes.IndexByte(line, '\n'); n >= 0 {
			line, next = line[:n], at+n+1
		}
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
		at = next
	}
	return -1
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
