package tailer

import (
	"cmp"
	"io"
	"slices"

	"github.com/cespare/xxhash/v2"
)

const (
	headBytes = 1024 // of a file's beginning that identify it
	markBytes = 256  // before an offset that tell whether the file is still the same
	maxMarks  = 12
	maxRecent = 64
	perRead   = 16 // recent marks made by one read
)

// A mark remembers what stood before an offset: a hash of up to markBytes.
type mark struct {
	at   int64
	hash uint64
}

// markOf makes the mark for an offset from the bytes before it.
func markOf(before []byte, at int64) mark {
	return mark{at, xxhash.Sum64(before[max(0, len(before)-markBytes):])}
}

// A print is what a generation is recognized by: hashes of its first bytes, at
// each power of two and at the full length known, and marks at offsets where a
// read ended, dense where recent and sparse further back.
type print struct {
	headLen int
	heads   []uint64
	marks   []mark // ascending
	recent  []mark // where the last entries read ended; the newest are saved while the file may have to be found
}

// headSizes returns the lengths that are hashed of a head of n bytes.
func headSizes(n int) []int {
	var sizes []int
	for s := 1; s < n; s *= 2 {
		sizes = append(sizes, s)
	}
	if n > 0 {
		sizes = append(sizes, n)
	}
	return sizes
}

// grow takes in the first bytes of the file, if they are more than is known.
func (p *print) grow(head []byte) {
	head = head[:min(len(head), headBytes)]
	if len(head) <= p.headLen {
		return
	}
	p.headLen = len(head)
	p.heads = nil // a new slice, since a copy of p may be in use
	for _, n := range headSizes(len(head)) {
		p.heads = append(p.heads, xxhash.Sum64(head[:n]))
	}
}

// agrees says whether head, the first bytes of a file (headBytes of them, or
// all), can be the beginning of this generation, and how many bytes say so.
func (p *print) agrees(head []byte) (int, bool) {
	verified := 0
	for i, n := range headSizes(p.headLen) {
		if n > len(head) {
			break
		}
		if xxhash.Sum64(head[:n]) != p.heads[i] {
			return 0, false
		}
		verified = n
	}
	return verified, true
}

// note adds a mark, and forgets older ones so that those kept lie further
// apart the older they are.
func (p *print) note(m mark) {
	if n := len(p.marks); n > 0 && p.marks[n-1].at >= m.at {
		return
	}
	p.marks = append(p.marks, m)
	if len(p.marks) <= maxMarks {
		return
	}
	// Drop the mark whose loss leaves the smallest hole for its age. The first
	// and the newest stay.
	drop, best := 1, 0.0
	for i := 1; i < len(p.marks)-1; i++ {
		hole := float64(p.marks[i+1].at - p.marks[i-1].at)
		age := float64(m.at - p.marks[i].at + 1)
		if r := hole / age; i == 1 || r < best {
			drop, best = i, r
		}
	}
	p.marks = slices.Delete(p.marks, drop, drop+1)
}

// see takes in where the last entries of a read ended.
func (p *print) see(ends []mark) {
	if n := len(p.recent) + len(ends) - maxRecent; n > 0 {
		p.recent = slices.Delete(p.recent, 0, min(n, len(p.recent)))
	}
	p.recent = append(p.recent, ends...)
}

// endsAt remembers the end of a copy that is shorter than what was read. It is
// all that the copy can be known by again.
func (p *print) endsAt(c *candidate) {
	size := c.size()
	if m, err := readMark(c.bytes(), size); err == nil {
		p.recent = []mark{m}
	}
}

// endingAt returns the mark of an entry that ended at an offset.
func (p *print) endingAt(at int64) (mark, bool) {
	i, ok := slices.BinarySearchFunc(p.recent, at, func(m mark, at int64) int { return cmp.Compare(m.at, at) })
	if !ok {
		return mark{}, false
	}
	return p.recent[i], true
}

// beyond looks at the marks between two offsets: what was read there once and
// is to be read again. It returns the last of them, or false if c holds
// something else.
func (p *print) beyond(from, to int64, c io.ReaderAt) (int64, bool) {
	var last mark
	for _, marks := range [][]mark{p.marks, p.recent} {
		for _, m := range slices.Backward(marks) {
			if m.at > max(from, last.at) && m.at <= to {
				last = m
				break
			}
		}
	}
	return last.at, last.holds(c)
}

// holds says whether c has at m's offset what m remembers.
func (m mark) holds(c io.ReaderAt) bool {
	if m.at == 0 || m.hash == 0 {
		return true // nothing is known
	}
	var buf [markBytes]byte
	b := buf[:min(m.at, markBytes)]
	n, _ := c.ReadAt(b, m.at-int64(len(b)))
	return n == len(b) && xxhash.Sum64(b) == m.hash
}

// readHead reads the beginning of a file that is size bytes long.
func readHead(c io.ReaderAt, size int64) ([]byte, error) {
	head := make([]byte, min(size, headBytes))
	n, err := c.ReadAt(head, 0)
	if err == io.EOF {
		err = nil
	}
	return head[:n], err
}

// readMark makes the mark for an offset from the file.
func readMark(c io.ReaderAt, at int64) (mark, error) {
	b := make([]byte, min(at, markBytes))
	if n, err := c.ReadAt(b, at-int64(len(b))); n < len(b) {
		return mark{}, err
	}
	return markOf(b, at), nil
}
