package spool

import (
	"context"
	"errors"
	"io"

	"github.com/rtcship/rtcship/tailer"
	"github.com/rtcship/rtcship/tailer/entry"
)

// Format lets package tailer read segments. It has no state.
type Format struct{}

var _ entry.Format = Format{}

// surely is how many bytes without a sound entry among them are damaged for sure,
// and not just not written yet: one write is shorter.
const surely = 2 * maxWrite

// maxWrite is about how long one write to a segment is, unless a single message
// is longer.
const maxWrite = 1 << 20

// Split implements entry.Format. Bytes that are no entry are passed over as
// torn once a sound entry stands behind them, or there are so many that they
// were written for sure, or the segment is final: until then they may just not be
// written yet. What was passed over is not searched again.
func (Format) Split(data []byte, offset int64, final bool) (e entry.Entry, n int, err error) {
	if offset == 0 {
		switch v := decodeHeader(data); {
		case v == whole:
			return e, headerSize, nil
		case v == short && !final:
			return e, headerSize, entry.ErrMore
		}
	}
	m, n, v := decodeEntry(data)
	switch {
	case v == whole:
		return m.entry(), n, nil
	case v == short && !final:
		return e, n, entry.ErrMore
	}
	at, open := search(data)
	switch {
	case at > 0:
		return e, at, entry.ErrTorn
	case final:
		return e, len(data), entry.ErrTorn
	case len(data) >= surely && open >= len(data)/2:
		return e, open, entry.ErrTorn
	}
	return e, 2 * len(data), entry.ErrMore // not one more: it would be searched again for each
}

// entry returns m in the form in which it goes on from here.
func (m *Message) entry() entry.Entry {
	return entry.Entry{
		Text: m.Text, Observed: m.Received, Peer: m.Peer,
		Transport: m.Transport.String(), Cut: m.Cut,
	}
}

// Source returns the source by which a Tailer follows the spool. Segments are
// deleted as the Tailer's checkpoints move on. The origin is the Origin.Source
// of all messages, "pexip".
func (s *Spool) Source(origin string) tailer.Source {
	return tailer.Source{
		Name: "spool", Origin: origin, Dir: s.Dir(),
		Rules:  []tailer.Rule{{Pattern: "*" + Suffix}},
		Format: Format{}, Settled: s.Settled, Damaged: s.damaged,
	}
}

// A scanner reads the entries of a segment that is not written to any more,
// one after another.
type scanner struct {
	r      io.ReaderAt
	size   int64
	offset int64  // behind what was returned or passed over
	torn   int64  // bytes passed over
	buf    []byte // bytes read, from offset on
	mem    []byte // what buf is part of
	ctx    context.Context
}

// stopped says why the scanner is to end, if it is.
func (sc *scanner) stopped() error {
	if sc.ctx == nil || sc.ctx.Err() == nil {
		return nil
	}
	return context.Cause(sc.ctx)
}

// scanAhead is how much is read at once, unless one entry is longer.
const scanAhead = 256 << 10

// next returns the next entry, which is valid until the next call, or io.EOF.
func (sc *scanner) next() (entry.Entry, error) {
	for sc.offset < sc.size {
		if len(sc.buf) == 0 {
			if err := sc.fill(1); err != nil {
				return entry.Entry{}, err
			}
		}
		final := sc.offset+int64(len(sc.buf)) == sc.size
		e, n, err := Format{}.Split(sc.buf, sc.offset, final)
		if errors.Is(err, entry.ErrMore) {
			if err := sc.fill(n); err != nil {
				return e, err
			}
			continue
		}
		if errors.Is(err, entry.ErrTorn) {
			sc.torn += int64(n)
		}
		sc.offset += int64(n)
		sc.buf = sc.buf[n:]
		if e.Text != nil {
			return e, nil
		}
	}
	return entry.Entry{}, io.EOF
}

// fill reads on until buf has n bytes, or the segment has no more.
func (sc *scanner) fill(n int) error {
	n = int(min(max(int64(n), scanAhead), sc.size-sc.offset))
	if err := sc.stopped(); err != nil {
		return err
	}
	mem := sc.mem
	if cap(mem) < n {
		mem = make([]byte, n)
	}
	have := copy(mem[:n], sc.buf)
	got, err := sc.r.ReadAt(mem[have:n], sc.offset+int64(have))
	sc.mem, sc.buf = mem, mem[:have+got]
	if got == n-have {
		return nil
	}
	return errors.Join(io.ErrUnexpectedEOF, err)
}
