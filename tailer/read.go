package tailer

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/rtcship/rtcship/tailer/entry"
)

// A plan is what one read of a generation is about to do.
type plan struct {
	gen    *generation
	src    content
	packed packing
	format entry.Format
	form   entry.Form
	zone   *time.Location

	from    position
	start   int64 // where to read from: before from, to see that the file is the same
	size    int64
	flush   int64
	want    int  // bytes of buffer
	wide    bool // one entry may take more than a batch
	scan    bool // look for the end of a long line only
	scanned int64
	most    int // MaxEntry

	headLen  int
	headHash uint64
}

// A result is what a read found.
type result struct {
	cut     entry.Cutter
	mark    mark   // at the end of what was taken
	ends    []mark // where the last entries before that began
	n       int
	head    []byte
	end     int64 // offset after the last byte read
	eof     bool  // that is the file's end
	dry     bool  // nothing more can be taken up to there
	grow    bool  // the next entry needs a larger buffer, of window bytes
	window  int
	scanned int64
	other   bool // the file does not hold what was read before
	err     error
}

// maxFramed bounds the buffer for an entry in a Format.
const maxFramed = 65 << 20

// plan says what the next read does. The caller holds Tailer.mu.
func (g *generation) plan(maxEntry int) plan {
	p := plan{
		gen: g, src: g.src, packed: g.packed,
		format: g.fam.src.Format, form: g.fam.rule.Form, zone: g.fam.src.Timezone,
		from: g.read, size: g.size, flush: g.flush, scanned: g.scanned,
		most: maxEntry, headLen: g.print.headLen,
	}
	if p.headLen > 0 {
		p.headHash = g.print.heads[len(g.print.heads)-1]
	}
	if p.from.at > headBytes {
		p.start = p.from.at - markBytes
	}
	p.wide = g.window > 0
	switch ahead := int(min(p.size-p.start, entry.BatchBytes)) + 1; {
	case p.wide:
		p.want = g.window
	case p.packed != unpacked:
		p.want = entry.BatchBytes + lead
		p.wide = p.form == entry.Whole
	case p.form == entry.Dump:
		p.want = entry.DumpHead + lead
	case p.form == entry.Whole:
		p.wide = true
		p.want = int(min(p.size-p.start+1, int64(maxEntry)+1+lead))
	default:
		p.want = ahead + lead
	}
	if g.longLine() {
		p.scan, p.want = true, scanBytes
	}
	return p
}

// scanBytes is read at a time while the end of a long line is looked for.
const scanBytes = 64 << 10

// longLine says whether g waits for the end of a line that is already so long
// that it should not be read again each time it has grown.
func (g *generation) longLine() bool {
	form := g.fam.rule.Form
	return g.window == 0 && g.packed == unpacked && g.fam.src.Format == nil && (form == entry.Lines || form == entry.Clocked) &&
		g.scanned-g.read.at >= scanBytes && g.flush != g.size
}

// read reads into buf and cuts what it has read into entries.
func (p *plan) read(buf *buffer) (r result) {
	if p.scan {
		p.scanOn(buf.b[:scanBytes], &r)
		return r
	}
	n, err := p.src.ReadAt(buf.b, p.start)
	r.n, r.end, r.eof = n, p.start+int64(n), errors.Is(err, io.EOF)
	if err != nil && !r.eof {
		r.err = err
		return r
	}
	if !p.same(buf.b[:n]) {
		r.other = true
		return r
	}
	if p.start == 0 {
		r.head = buf.b[:min(n, headBytes)]
	}
	p.split(buf, &r)
	return r
}

// same says whether b, read at p.start, holds what was there before.
func (p *plan) same(b []byte) bool {
	before := int(p.from.at - p.start)
	if len(b) < before {
		return false
	}
	if p.start == 0 {
		return len(b) >= p.headLen && (p.headLen == 0 || xxhash.Sum64(b[:p.headLen]) == p.headHash)
	}
	return markOf(b[:before], p.from.at).hash == p.from.hash
}

// split cuts what was read into entries.
func (p *plan) split(buf *buffer, r *result) {
	before := int(p.from.at - p.start)
	data := buf.b[before:r.n]
	if !p.wide && len(data) > entry.BatchBytes {
		data = data[:entry.BatchBytes]
		r.eof = false
		r.end = p.from.at + entry.BatchBytes
	}
	final := r.eof && (p.packed != unpacked || p.flush == r.end)
	c := &r.cut
	*c = entry.Cutter{
		Entries: buf.entries[:0], Now: time.Now(), MaxEntry: p.most, Zone: p.zone,
		Base: p.from.at, Clock: p.from.clock, Cut: p.from.cut,
	}
	switch {
	case p.format != nil:
		c.Formatted(p.format, data, final)
	case p.form == entry.Clocked:
		c.Clocked(data, final)
	case p.form == entry.Reports:
		c.Reports(data, final)
	case p.form == entry.Quoted:
		c.Quoted(data, final)
	case p.form == entry.Whole && p.packed != unpacked && !final && len(data) <= p.most:
		c.Need = len(data) + 1 // how long it is shows at its end
	case p.form == entry.Whole && p.packed == unpacked && !final:
		r.eof, r.dry = true, true // nothing is to be had from it yet
		return
	case p.form == entry.Whole:
		c.Whole(data)
	case p.form == entry.Dump:
		p.dump(data, r)
		buf.entries = c.Entries
		return
	default:
		c.Lines(data, final)
	}
	buf.entries = c.Entries
	p.mark(buf, r, before, len(data))
}

// mark finishes the result of a read: where the next one begins, and with which
// buffer.
func (p *plan) mark(buf *buffer, r *result, before, size int) {
	c := &r.cut
	at := before + c.Taken
	r.mark = markOf(buf.b[:at], p.from.at+int64(c.Taken))
	for i := max(1, len(c.Entries)-perRead); i < len(c.Entries); i++ {
		end := c.Entries[i].Offset
		r.ends = append(r.ends, markOf(buf.b[:end-p.start], end))
	}
	r.dry = c.Taken == size || c.Need > 0
	if p.packed != unpacked {
		p.src.keep(buf.b[max(0, at-markBytes):r.n], p.start+int64(r.n))
	}
	largest := p.most + 1 + lead
	if p.format != nil {
		largest = maxFramed
	}
	switch {
	case c.Taken == 0 && !r.eof && c.Need > 0:
		r.grow = true
		r.window = min(max(4*len(buf.b), c.Need+lead), largest)
		if p.wide && len(buf.b) >= largest { // only a Format can want more than there may be
			r.grow = false
			r.err = errors.New("entry is too long")
		}
	case c.Cut:
		r.window = largest // the rest of a line that is longer than that
	case c.Need > 0:
		r.scanned = p.from.at + int64(size)
	}
}

// scanOn looks for the end of a long line in what was not looked at before. If
// it has found it, or the line has become too long to wait, the next read is to
// take it.
func (p *plan) scanOn(b []byte, r *result) {
	r.end = p.scanned
	for r.end-p.from.at <= int64(p.most) {
		n, err := p.src.ReadAt(b, r.end)
		found := bytes.IndexByte(b[:n], '\n') >= 0
		r.end += int64(n)
		switch {
		case found:
			r.grow = true
			r.window = int(min(r.end-p.start+1, int64(p.most)+1+lead))
			return
		case err != nil:
			r.scanned, r.dry, r.eof = r.end, true, errors.Is(err, io.EOF)
			if !r.eof {
				r.err = err
			}
			return
		}
	}
	r.grow = true
	r.window = p.most + 1 + lead
}

// dump takes the head of a crash dump once the dump is complete, and then
// passes over the rest of it.
func (p *plan) dump(data []byte, r *result) {
	size := max(p.size, r.end)
	if p.packed != unpacked {
		if size, r.err = lengthOf(p.src, r.end); r.err != nil {
			return
		}
	}
	r.dry, r.eof = true, true
	r.end = size
	c := &r.cut
	if p.from.at == 0 {
		if p.packed == unpacked && p.flush != size && !entry.DumpComplete(p.src, size) {
			c.Need = len(data) + 1
			return
		}
		c.Dump(data)
		for i := range c.Entries {
			c.Entries[i].Size = size
		}
	}
	c.Taken = int(size - p.from.at)
	r.mark, r.err = readMark(p.src, size)
}

// lengthOf returns where a compressed file ends that has been read up to an
// offset.
func lengthOf(c content, at int64) (int64, error) {
	b := make([]byte, scanBytes)
	for {
		n, err := c.ReadAt(b, at)
		at += int64(n)
		if err == io.EOF {
			return at, nil
		}
		if err != nil {
			return at, err
		}
	}
}
