package entry

import (
	"bytes"
	"time"
	"unicode/utf8"
)

// BatchBytes is how much text a batch holds, unless it is a single entry.
// Batches twice as large take more memory and no less time.
const BatchBytes = 1 << 19

// MaxEntries bounds the entries of one batch, since an entry takes more memory
// than a short line.
const MaxEntries = 4096

// A Cutter takes entries off the front of data. It keeps what it has found and
// how far it has come, so that nothing has to be allocated for a line.
type Cutter struct {
	Entries  []Entry
	Now      time.Time // Observed of the entries
	MaxEntry int
	SafeCut  func(text []byte) int // where a longer entry may be cut; see tailer.Config
	Zone     *time.Location

	Base  int64 // offset of data[0]
	Taken int   // bytes of data that are done with
	Clock time.Time
	Cut   bool // in the middle of a long entry
	Empty int64
	Cuts  int64
	Need  int // if not 0, the bytes of data needed to get on
	Gaps  []Gap
}

// add takes the next n bytes of data, of which text is the entry.
func (c *Cutter) add(text []byte, n int, cut bool) {
	c.Entries = append(c.Entries, Entry{
		Text: text, Offset: c.Base + int64(c.Taken), Time: c.Clock, Observed: c.Now, Cut: cut,
	})
	c.Taken += n
	if cut {
		c.Cuts++
	}
}

// skip takes the next n bytes, which hold no entry.
func (c *Cutter) skip(n int) {
	c.Taken += n
	c.Empty++
}

// full says whether the batch has no room for a next entry of n bytes.
func (c *Cutter) full(n int) bool {
	return len(c.Entries) > 0 && (len(c.Entries) >= MaxEntries || c.Taken+n > BatchBytes)
}

// Lines cuts data at newlines. With final, what follows the last one is an
// entry as well.
func (c *Cutter) Lines(data []byte, final bool) {
	for {
		c.hole(data)
		rest := data[c.Taken:]
		n := bytes.IndexByte(rest, '\n')
		switch {
		case c.full(n + 1):
			return
		case n > c.MaxEntry || n < 0 && len(rest) > c.MaxEntry:
			if c.full(c.MaxEntry) {
				return
			}
			c.piece(rest[:c.MaxEntry+1])
		case n < 0:
			c.lastLine(rest, final)
			return
		default:
			c.line(rest[:n], n+1)
		}
	}
}

// minHole is how many NULs at the beginning of a line are none that somebody wrote.
const minHole = 8

// hole takes NULs at the beginning of a line as a gap. A writer that does not append
// leaves them where its log was truncated: it goes on at its old offset.
func (c *Cutter) hole(data []byte) {
	rest := data[c.Taken:]
	if c.Cut || len(rest) == 0 || rest[0] != 0 {
		return
	}
	n := 1
	for n < len(rest) && rest[n] == 0 {
		n++
	}
	if n < minHole {
		return
	}
	c.Gaps = append(c.Gaps, Gap{At: c.Base + int64(c.Taken), Bytes: int64(n), Reason: Hole, Time: c.Now})
	c.Taken += n
}

// Hole is the reason of a gap where nothing was ever written.
const Hole = "NULs where the log was truncated under a writer that does not append"

// line takes a line that has its newline, and the carriage return before it.
func (c *Cutter) line(text []byte, n int) {
	if k := len(text) - 1; k >= 0 && text[k] == '\r' {
		text = text[:k]
	}
	if len(text) == 0 {
		c.skip(n)
	} else {
		c.add(text, n, c.Cut)
	}
	c.Cut = false
}

// lastLine deals with what has no newline.
func (c *Cutter) lastLine(rest []byte, final bool) {
	switch {
	case len(rest) == 0 || c.full(len(rest)):
	case final:
		c.add(rest, len(rest), c.Cut)
		c.Cut = false
	default:
		c.Need = len(rest) + 1
	}
}

// piece takes the first part of an entry that is longer than maxEntry; rest is
// at least one byte longer than that. It does not split a character.
func (c *Cutter) piece(rest []byte) {
	n := c.MaxEntry
	for back := 0; back < utf8.UTFMax-1 && n > 1 && !utf8.RuneStart(rest[n]); back++ {
		n--
	}
	if !utf8.RuneStart(rest[n]) {
		n = c.MaxEntry // no text in UTF-8
	}
	if c.SafeCut != nil {
		if safe := c.SafeCut(rest[:n]); safe > n/2 {
			n = safe
		}
	}
	c.add(rest[:n], n, true)
	c.Cut = true
}

// Whole takes all of data, which is complete, as one entry.
func (c *Cutter) Whole(data []byte) {
	for {
		rest := data[c.Taken:]
		switch {
		case len(rest) == 0 || c.full(min(len(rest), c.MaxEntry)):
			return
		case len(rest) > c.MaxEntry:
			c.piece(rest[:c.MaxEntry+1])
		default:
			c.block(rest, c.Cut)
			c.Cut = false
		}
	}
}

// block takes rest as one entry without the line ends at its end.
func (c *Cutter) block(rest []byte, cut bool) {
	if text := bytes.TrimRight(rest, "\r\n"); len(text) > 0 {
		c.add(text, len(rest), cut)
	} else {
		c.skip(len(rest))
	}
}

// Formatted lets f cut data.
func (c *Cutter) Formatted(f Format, data []byte, final bool) {
	for !c.full(0) && c.Taken < len(data) {
		at := c.Base + int64(c.Taken)
		e, n, err := f.Split(data[c.Taken:], at, final)
		switch {
		case err == nil && e.Text == nil:
			c.Taken += n
		case err == nil:
			e.Offset = at
			if e.Observed.IsZero() {
				e.Observed = c.Now
			}
			if e.Cut {
				c.Cuts++
			}
			c.Entries = append(c.Entries, e)
			c.Taken += n
		case n > 0 && err != ErrMore:
			c.torn(n)
		case final:
			c.torn(len(data) - c.Taken)
		default:
			c.Need = max(n, len(data)-c.Taken+1)
			return
		}
	}
}

// torn takes the next n bytes as a gap.
func (c *Cutter) torn(n int) {
	c.Gaps = append(c.Gaps, Gap{At: c.Base + int64(c.Taken), Bytes: int64(n), Reason: "damaged", Time: c.Now})
	c.Taken += n
}
