package reader

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
)

// A Position is a place in a file at which reading can begin: right
// before an entry, with all that is needed to read on in the same way.
type Position struct {
	file.Mark           // where, and what stands before
	Clock     time.Time // run_erl's clock there
	Cut       bool      // in the middle of a line longer than MaxEntry
}

// A Plan is what one read of a file is about to do.
type Plan struct {
	Src    file.Content
	Packed file.Packing
	Format entry.Format
	Form   entry.Form
	Zone   *time.Location

	From    Position
	Start   int64 // where to read from: before from, to see that the file is the same
	Size    int64
	Flush   int64
	Want    int  // bytes of buffer
	Wide    bool // one entry may take more than a batch
	Scan    bool // look for the end of a long line only
	Scanned int64
	Most    int                   // MaxEntry
	Safe    func(text []byte) int // SafeCut

	HeadLen  int
	HeadHash uint64
}

// A Result is what a read found.
type Result struct {
	Cut     entry.Cutter
	Mark    file.Mark   // at the end of what was taken
	Ends    []file.Mark // where the last entries before that began
	N       int
	Head    []byte
	End     int64 // offset after the last byte read
	EOF     bool  // that is the file's end
	Dry     bool  // nothing more can be taken up to there
	Grow    bool  // the next entry needs a larger buffer, of window bytes
	Window  int
	Scanned int64
	Other   bool // the file does not hold what was read before
	Err     error
}

// maxFramed bounds the buffer for an entry in a Format.
const maxFramed = 65 << 20

// ScanBytes is read at a time while the end of a long line is looked for.
const ScanBytes = 64 << 10

// Read reads into buf and cuts what it has read into entries.
func (p *Plan) Read(buf *Buffer) (r Result) {
	if p.Scan {
		p.scanOn(buf.Bytes[:ScanBytes], &r)
		return r
	}
	n, err := p.Src.ReadAt(buf.Bytes, p.Start)
	r.N, r.End, r.EOF = n, p.Start+int64(n), errors.Is(err, io.EOF)
	if err != nil && !r.EOF {
		r.Err = err
		return r
	}
	if !p.same(buf.Bytes[:n]) {
		r.Other = true
		return r
	}
	if p.Start == 0 {
		r.Head = buf.Bytes[:min(n, file.HeadBytes)]
	}
	p.split(buf, &r)
	return r
}

// same says whether b, read at p.Start, holds what was there before.
func (p *Plan) same(b []byte) bool {
	before := int(p.From.At - p.Start)
	if len(b) < before {
		return false
	}
	if p.Start == 0 {
		return len(b) >= p.HeadLen && (p.HeadLen == 0 || xxhash.Sum64(b[:p.HeadLen]) == p.HeadHash)
	}
	return p.From.Hash == 0 || file.MarkOf(b[:before], p.From.At).Hash == p.From.Hash // 0: nothing is known
}

// split cuts what was read into entries.
func (p *Plan) split(buf *Buffer, r *Result) {
	before := int(p.From.At - p.Start)
	data := buf.Bytes[before:r.N]
	if !p.Wide && len(data) > entry.BatchBytes {
		data = data[:entry.BatchBytes]
		r.EOF = false
		r.End = p.From.At + entry.BatchBytes
	}
	final := r.EOF && (p.Packed != file.Unpacked || p.Flush == r.End)
	c := &r.Cut
	*c = entry.Cutter{
		Entries: buf.Entries[:0], Now: time.Now(), MaxEntry: p.Most, SafeCut: p.Safe, Zone: p.Zone,
		Base: p.From.At, Clock: p.From.Clock, Cut: p.From.Cut,
	}
	switch {
	case p.Format != nil:
		c.Formatted(p.Format, data, final)
	case p.Form == entry.Clocked:
		c.Clocked(data, final)
	case p.Form == entry.Reports:
		c.Reports(data, final)
	case p.Form == entry.Quoted:
		c.Quoted(data, final)
	case p.Form == entry.Whole && p.Packed != file.Unpacked && !final && len(data) <= p.Most:
		c.Need = len(data) + 1 // how long it is shows at its end
	case p.Form == entry.Whole && p.Packed == file.Unpacked && !final:
		r.EOF, r.Dry = true, true // nothing is to be had from it yet
		return
	case p.Form == entry.Whole:
		c.Whole(data)
	case p.Form == entry.Dump:
		p.dump(data, r)
		buf.Entries = c.Entries
		return
	default:
		c.Lines(data, final)
	}
	buf.Entries = c.Entries
	p.mark(buf, r, before, len(data))
	p.skipHole(r, data)
}

// skipHole goes on behind a hole of the file that everything read lies in.
func (p *Plan) skipHole(r *Result, data []byte) {
	c := &r.Cut
	n := len(c.Gaps)
	if p.Packed != file.Unpacked || n == 0 || c.Gaps[n-1].Reason != entry.Hole || c.Taken != len(data) || len(data) < ScanBytes {
		return
	}
	end := p.From.At + int64(c.Taken)
	to := min(p.Src.Data(end), p.Size)
	if to <= end {
		return
	}
	m, err := file.ReadMark(p.Src, to)
	if err != nil {
		return
	}
	c.Gaps[n-1].Bytes += to - end
	c.Taken += int(to - end)
	r.Mark, r.End, r.EOF = m, to, to == p.Size
}

// mark finishes the result of a read: where the next one begins, and with which
// buffer.
func (p *Plan) mark(buf *Buffer, r *Result, before, size int) {
	c := &r.Cut
	at := before + c.Taken
	r.Mark = file.MarkOf(buf.Bytes[:at], p.From.At+int64(c.Taken))
	for i := max(1, len(c.Entries)-file.MaxRecent); i < len(c.Entries); i++ {
		end := c.Entries[i].Offset
		r.Ends = append(r.Ends, file.MarkOf(buf.Bytes[:end-p.Start], end))
	}
	r.Dry = c.Taken == size || c.Need > 0
	if p.Packed != file.Unpacked {
		p.Src.Keep(buf.Bytes[max(0, at-file.MarkBytes):r.N], p.Start+int64(r.N))
	}
	largest := p.Most + 1 + Lead
	if p.Format != nil {
		largest = maxFramed
	}
	switch {
	case c.Taken == 0 && !r.EOF && c.Need > 0:
		r.Grow = true
		r.Window = min(max(4*len(buf.Bytes), c.Need+Lead), largest)
		if p.Wide && len(buf.Bytes) >= largest { // only a Format can want more than there may be
			r.Grow = false
			r.Err = errors.New("entry is too long")
		}
	case c.Cut:
		r.Window = largest // the rest of a line that is longer than that
	case c.Need > 0:
		r.Scanned = p.From.At + int64(size)
	}
}

// scanOn looks for the end of a long line in what was not looked at before. If
// it has found it, or the line has become too long to wait, the next read is to
// take it.
func (p *Plan) scanOn(b []byte, r *Result) {
	r.End = p.Scanned
	for r.End-p.From.At <= int64(p.Most) {
		n, err := p.Src.ReadAt(b, r.End)
		found := bytes.IndexByte(b[:n], '\n') >= 0
		r.End += int64(n)
		switch {
		case found:
			r.Grow = true
			r.Window = int(min(r.End-p.Start+1, int64(p.Most)+1+Lead))
			return
		case err != nil:
			r.Scanned, r.Dry, r.EOF = r.End, true, errors.Is(err, io.EOF)
			if !r.EOF {
				r.Err = err
			}
			return
		}
	}
	r.Grow = true
	r.Window = p.Most + 1 + Lead
}

// dump takes the head of a crash dump once the dump is complete, and then
// passes over the rest of it.
func (p *Plan) dump(data []byte, r *Result) {
	size := max(p.Size, r.End)
	if p.Packed != file.Unpacked {
		if size, r.Err = lengthOf(p.Src, r.End); r.Err != nil {
			return
		}
	}
	r.Dry, r.EOF = true, true
	r.End = size
	c := &r.Cut
	if p.From.At == 0 {
		if p.Packed == file.Unpacked && p.Flush != size && !entry.DumpComplete(p.Src, size) {
			c.Need = len(data) + 1
			return
		}
		c.Dump(data)
		for i := range c.Entries {
			c.Entries[i].Size = size
		}
	}
	c.Taken = int(size - p.From.At)
	r.Mark, r.Err = file.ReadMark(p.Src, size)
}

// lengthOf returns where a compressed file ends that has been read up to an
// offset.
func lengthOf(c file.Content, at int64) (int64, error) {
	b := make([]byte, ScanBytes)
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
