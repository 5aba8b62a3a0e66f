package tailer

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
)

// A plan is what one read of a generation is about to do.
type plan struct {
	gen    *generation
	src    file.Content
	packed file.Packing
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
	most    int                   // MaxEntry
	safe    func(text []byte) int // SafeCut

	headLen  int
	headHash uint64
}

// A result is what a read found.
type result struct {
	cut     entry.Cutter
	mark    file.Mark   // at the end of what was taken
	ends    []file.Mark // where the last entries before that began
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
		most: maxEntry, headLen: g.fingerprint.HeadLen,
	}
	if p.headLen > 0 {
		p.headHash = g.fingerprint.Heads[len(g.fingerprint.Heads)-1]
	}
	if p.from.At > file.HeadBytes {
		p.start = p.from.At - file.MarkBytes
	}
	p.wide = g.window > 0
	switch ahead := int(min(p.size-p.start, entry.BatchBytes)) + 1; {
	case p.wide:
		p.want = g.window
	case p.packed != file.Unpacked:
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
	return g.window == 0 && g.packed == file.Unpacked && g.fam.src.Format == nil && (form == entry.Lines || form == entry.Clocked) &&
		g.scanned-g.read.At >= scanBytes && g.flush != g.size
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
		r.head = buf.b[:min(n, file.HeadBytes)]
	}
	p.split(buf, &r)
	return r
}

// same says whether b, read at p.start, holds what was there before.
func (p *plan) same(b []byte) bool {
	before := int(p.from.At - p.start)
	if len(b) < before {
		return false
	}
	if p.start == 0 {
		return len(b) >= p.headLen && (p.headLen == 0 || xxhash.Sum64(b[:p.headLen]) == p.headHash)
	}
	return file.MarkOf(b[:before], p.from.At).Hash == p.from.Hash
}

// split cuts what was read into entries.
func (p *plan) split(buf *buffer, r *result) {
	before := int(p.from.At - p.start)
	data := buf.b[before:r.n]
	if !p.wide && len(data) > entry.BatchBytes {
		data = data[:entry.BatchBytes]
		r.eof = false
		r.end = p.from.At + entry.BatchBytes
	}
	final := r.eof && (p.packed != file.Unpacked || p.flush == r.end)
	c := &r.cut
	*c = entry.Cutter{
		Entries: buf.entries[:0], Now: time.Now(), MaxEntry: p.most, SafeCut: p.safe, Zone: p.zone,
		Base: p.from.At, Clock: p.from.clock, Cut: p.from.cut,
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
	case p.form == entry.Whole && p.packed != file.Unpacked && !final && len(data) <= p.most:
		c.Need = len(data) + 1 // how long it is shows at its end
	case p.form == entry.Whole && p.packed == file.Unpacked && !final:
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
	p.skipHole(r, data)
}

// skipHole goes on behind a hole of the file that everything read lies in.
func (p *plan) skipHole(r *result, data []byte) {
	c := &r.cut
	n := len(c.Gaps)
	if p.packed != file.Unpacked || n == 0 || c.Gaps[n-1].Reason != entry.Hole || c.Taken != len(data) || len(data) < scanBytes {
		return
	}
	end := p.from.At + int64(c.Taken)
	to := min(p.src.Data(end), p.size)
	if to <= end {
		return
	}
	m, err := file.ReadMark(p.src, to)
	if err != nil {
		return
	}
	c.Gaps[n-1].Bytes += to - end
	c.Taken += int(to - end)
	r.mark, r.end, r.eof = m, to, to == p.size
}

// mark finishes the result of a read: where the next one begins, and with which
// buffer.
func (p *plan) mark(buf *buffer, r *result, before, size int) {
	c := &r.cut
	at := before + c.Taken
	r.mark = file.MarkOf(buf.b[:at], p.from.At+int64(c.Taken))
	for i := max(1, len(c.Entries)-file.PerRead); i < len(c.Entries); i++ {
		end := c.Entries[i].Offset
		r.ends = append(r.ends, file.MarkOf(buf.b[:end-p.start], end))
	}
	r.dry = c.Taken == size || c.Need > 0
	if p.packed != file.Unpacked {
		p.src.Keep(buf.b[max(0, at-file.MarkBytes):r.n], p.start+int64(r.n))
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
		r.scanned = p.from.At + int64(size)
	}
}

// scanOn looks for the end of a long line in what was not looked at before. If
// it has found it, or the line has become too long to wait, the next read is to
// take it.
func (p *plan) scanOn(b []byte, r *result) {
	r.end = p.scanned
	for r.end-p.from.At <= int64(p.most) {
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
	if p.packed != file.Unpacked {
		if size, r.err = lengthOf(p.src, r.end); r.err != nil {
			return
		}
	}
	r.dry, r.eof = true, true
	r.end = size
	c := &r.cut
	if p.from.At == 0 {
		if p.packed == file.Unpacked && p.flush != size && !entry.DumpComplete(p.src, size) {
			c.Need = len(data) + 1
			return
		}
		c.Dump(data)
		for i := range c.Entries {
			c.Entries[i].Size = size
		}
	}
	c.Taken = int(size - p.from.At)
	r.mark, r.err = file.ReadMark(p.src, size)
}

// lengthOf returns where a compressed file ends that has been read up to an
// offset.
func lengthOf(c file.Content, at int64) (int64, error) {
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
