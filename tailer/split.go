package tailer

import (
	"bytes"
	"time"
	"unicode/utf8"
)

// A cutter takes entries off the front of data. It keeps what it has found and
// how far it has come, so that nothing has to be allocated for a line.
type cutter struct {
	entries  []Entry
	now      time.Time // Observed of the entries
	maxEntry int
	zone     *time.Location

	base  int64 // offset of data[0]
	taken int   // bytes of data that are done with
	clock time.Time
	cut   bool // in the middle of a long entry
	empty int64
	cuts  int64
	need  int // if not 0, the bytes of data needed to get on
	gaps  []Gap
}

// add takes the next n bytes of data, of which text is the entry.
func (c *cutter) add(text []byte, n int, cut bool) {
	c.entries = append(c.entries, Entry{
		Text: text, Offset: c.base + int64(c.taken), Time: c.clock, Observed: c.now, Cut: cut,
	})
	c.taken += n
	if cut {
		c.cuts++
	}
}

// skip takes the next n bytes, which hold no entry.
func (c *cutter) skip(n int) {
	c.taken += n
	c.empty++
}

// full says whether the batch has no room for a next entry of n bytes.
func (c *cutter) full(n int) bool {
	return len(c.entries) > 0 && (len(c.entries) >= maxEntries || c.taken+n > batchBytes)
}

// lines cuts data at newlines. With final, what follows the last one is an
// entry as well.
func (c *cutter) lines(data []byte, final bool) {
	for {
		rest := data[c.taken:]
		n := bytes.IndexByte(rest, '\n')
		switch {
		case c.full(n + 1):
			return
		case n > c.maxEntry || n < 0 && len(rest) > c.maxEntry:
			if c.full(c.maxEntry) {
				return
			}
			c.piece(rest[:c.maxEntry+1])
		case n < 0:
			c.lastLine(rest, final)
			return
		default:
			c.line(rest[:n], n+1)
		}
	}
}

// line takes a line that has its newline, and the carriage return before it.
func (c *cutter) line(text []byte, n int) {
	if k := len(text) - 1; k >= 0 && text[k] == '\r' {
		text = text[:k]
	}
	if len(text) == 0 {
		c.skip(n)
	} else {
		c.add(text, n, c.cut)
	}
	c.cut = false
}

// lastLine deals with what has no newline.
func (c *cutter) lastLine(rest []byte, final bool) {
	switch {
	case len(rest) == 0 || c.full(len(rest)):
	case final:
		c.add(rest, len(rest), c.cut)
		c.cut = false
	default:
		c.need = len(rest) + 1
	}
}

// piece takes the first part of an entry that is longer than maxEntry; rest is
// at least one byte longer than that. It does not split a character.
func (c *cutter) piece(rest []byte) {
	n := c.maxEntry
	for back := 0; back < utf8.UTFMax-1 && n > 1 && !utf8.RuneStart(rest[n]); back++ {
		n--
	}
	if !utf8.RuneStart(rest[n]) {
		n = c.maxEntry // no text in UTF-8
	}
	c.add(rest[:n], n, true)
	c.cut = true
}

// whole takes all of data, which is complete, as one entry.
func (c *cutter) whole(data []byte) {
	for {
		rest := data[c.taken:]
		switch {
		case len(rest) == 0 || c.full(min(len(rest), c.maxEntry)):
			return
		case len(rest) > c.maxEntry:
			c.piece(rest[:c.maxEntry+1])
		default:
			c.block(rest, c.cut)
			c.cut = false
		}
	}
}

// block takes rest as one entry without the line ends at its end.
func (c *cutter) block(rest []byte, cut bool) {
	if text := bytes.TrimRight(rest, "\r\n"); len(text) > 0 {
		c.add(text, len(rest), cut)
	} else {
		c.skip(len(rest))
	}
}

// formatted lets f cut data.
func (c *cutter) formatted(f Format, data []byte, final bool) {
	for !c.full(0) && c.taken < len(data) {
		at := c.base + int64(c.taken)
		e, n, err := f.Split(data[c.taken:], at, final)
		switch {
		case err == nil && e.Text == nil:
			c.taken += n
		case err == nil:
			e.Offset = at
			if e.Observed.IsZero() {
				e.Observed = c.now
			}
			if e.Cut {
				c.cuts++
			}
			c.entries = append(c.entries, e)
			c.taken += n
		case n > 0 && err != ErrMore:
			c.torn(n)
		case final:
			c.torn(len(data) - c.taken)
		default:
			c.need = max(n, len(data)-c.taken+1)
			return
		}
	}
}

// torn takes the next n bytes as a gap.
func (c *cutter) torn(n int) {
	c.gaps = append(c.gaps, Gap{At: c.base + int64(c.taken), Bytes: int64(n), Reason: "damaged", Time: c.now})
	c.taken += n
}
