package spool

import "io"

// growing is the number of bytes left in a segment that is still written to.
const growing = -1

// kind is what stands at the beginning of some bytes of a segment.
type kind int

const (
	anEntry kind = iota // a message
	aHeader             // the header of the segment: no message
	junk                // bytes that are neither, and never will be
	more                // nothing can be said before more bytes are there
)

// scan looks at data, which begins at offset in a segment. left is the number
// of bytes in the segment from offset on, or growing. It returns how many
// bytes the first thing in data takes; with more, how many have to be there.
//
// Damage is passed over only in a segment that does not grow: in one that
// does, bytes that make no sense may just not be written yet.
func scan(data []byte, offset, left int64) (m Message, n int, k kind) {
	if len(data) == 0 {
		return m, 1, more
	}
	if offset == 0 {
		switch v := decodeHeader(data); {
		case v == whole:
			return m, headerSize, aHeader
		case v == short && (left == growing || left >= headerSize):
			return m, headerSize, more
		}
	}
	m, n, v := decodeEntry(data)
	switch {
	case v == whole:
		return m, n, anEntry
	case v == short && (left == growing || left >= int64(n)):
		return m, n, more
	case left == growing:
		return m, len(data) + 1, more
	}
	if int64(len(data)) > left {
		data = data[:left]
	}
	return Message{}, nextEntry(data), junk
}

// A scanner reads the messages of a segment that is not written to any more,
// one after another, and passes over everything else.
type scanner struct {
	r      io.ReaderAt
	size   int64
	offset int64  // behind what was returned or passed over
	junk   int64  // bytes passed over that were no header
	buf    []byte // bytes read from offset on
	mem    []byte // what buf is part of
}

// scanAhead is how much is read at once, unless one entry is longer.
const scanAhead = 256 << 10

// next returns the next message, which is valid until the next call, or
// io.EOF.
func (sc *scanner) next() (Message, error) {
	for sc.offset < sc.size {
		m, n, k := scan(sc.buf, sc.offset, sc.size-sc.offset)
		if k == more {
			if err := sc.fill(n); err != nil {
				return m, err
			}
			continue
		}
		if k == junk {
			sc.junk += int64(n)
		}
		sc.offset += int64(n)
		sc.buf = sc.buf[n:]
		if k == anEntry {
			return m, nil
		}
	}
	return Message{}, io.EOF
}

// fill reads on until buf has at least n bytes, which the segment has.
func (sc *scanner) fill(n int) error {
	n = int(min(max(int64(n), scanAhead), sc.size-sc.offset))
	if cap(sc.mem) < n {
		sc.mem = make([]byte, n)
	}
	have := copy(sc.mem[:n], sc.buf)
	got, err := sc.r.ReadAt(sc.mem[have:n], sc.offset+int64(have))
	sc.buf = sc.mem[:have+got]
	if err == io.EOF && got < n-have {
		return io.ErrUnexpectedEOF
	}
	if err == io.EOF {
		return nil
	}
	return err
}
