package file

import (
	"cmp"
	"io"
	"math/bits"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// The sizes of a fingerprint.
const (
	HeadBytes = 1024 // of a file's beginning that identify it
	MarkBytes = 256  // before an offset that tell whether the file is still the same
	maxMarks  = 12
	MaxRecent = 64
	minLine   = 128 // where the first line ends that a copy is told by before it was read
)

// A Mark remembers what stood before an offset: a hash of up to markBytes.
type Mark struct {
	At   int64
	Hash uint64
}

// MarkOf makes the mark for an offset from the bytes before it.
func MarkOf(before []byte, at int64) Mark {
	return Mark{at, xxhash.Sum64(before[max(0, len(before)-MarkBytes):])}
}

// A Fingerprint is what a generation is recognized by: hashes of its first bytes, at
// each power of two and at the full length known, and marks at offsets where a
// read ended, dense where recent and sparse further back.
type Fingerprint struct {
	HeadLen int
	Heads   []uint64
	Marks   []Mark // ascending
	Recent  []Mark // where the last entries ended that were read, or lie in the head; saved while the file may have to be found
}

// HeadSizes returns the lengths that are hashed of a head of n bytes.
func HeadSizes(n int) []int {
	var sizes []int
	for s := 1; s < n; s *= 2 {
		sizes = append(sizes, s)
	}
	if n > 0 {
		sizes = append(sizes, n)
	}
	return sizes
}

// Grow takes in the first bytes of the file, if they are more than is known.
func (p *Fingerprint) Grow(head []byte) {
	head = head[:min(len(head), HeadBytes)]
	if len(head) <= p.HeadLen {
		return
	}
	p.HeadLen = len(head)
	p.Heads = nil // a new slice, since a copy of p may be in use
	for _, n := range HeadSizes(len(head)) {
		p.Heads = append(p.Heads, xxhash.Sum64(head[:n]))
	}
	p.See(lineEnds(head))
}

// lineEnds are marks for where lines end in the head of a file, but for those that end
// before a file can be told by them: what is not read yet may be copied already.
func lineEnds(head []byte) (ends []Mark) {
	for at := minLine; at <= len(head) && len(ends) < MaxRecent; at++ {
		if head[at-1] == '\n' {
			ends = append(ends, MarkOf(head[:at], int64(at)))
		}
	}
	return ends
}

// Clone is a copy of p that shares nothing that changes.
func (p *Fingerprint) Clone() Fingerprint {
	c := *p
	c.Marks, c.Recent = slices.Clone(p.Marks), slices.Clone(p.Recent)
	return c
}

// HashOf is the hash of the first n bytes, n being a power of two; 0 if they are
// not known.
func (p *Fingerprint) HashOf(n int) uint64 {
	if p.HeadLen < n {
		return 0
	}
	return p.Heads[bits.TrailingZeros(uint(n))]
}

// Agrees says whether head, the first bytes of a file (headBytes of them, or
// all), can be the beginning of this generation, and how many bytes say so.
func (p *Fingerprint) Agrees(head []byte) (int, bool) {
	n := min(p.HeadLen, len(head))
	if n == 0 {
		return 0, true
	}
	i := bits.Len(uint(n)) - 1 // the hash of a longer beginning says all that those of shorter ones do
	if n == p.HeadLen {
		i = len(p.Heads) - 1
	} else {
		n = 1 << i
	}
	if xxhash.Sum64(head[:n]) != p.Heads[i] {
		return 0, false
	}
	return n, true
}

// Note adds a mark behind those that there are, and forgets older ones so that those kept
// lie further apart the older they are.
func (p *Fingerprint) Note(m Mark) {
	if n := len(p.Marks); n > 0 && p.Marks[n-1].At >= m.At {
		return
	}
	p.Marks = append(p.Marks, m)
	p.thin(0)
}

// Keep adds a mark wherever it lies, which is forgotten as others are. It says whether
// that is a new one.
func (p *Fingerprint) Keep(m Mark) bool {
	i, ok := slices.BinarySearchFunc(p.Marks, m.At, Mark.compare)
	if ok {
		return false
	}
	p.Marks = slices.Insert(p.Marks, i, m)
	p.thin(i)
	return true
}

// thin drops the mark whose loss leaves the smallest hole for its age, if there are too
// many. The first, the newest and the one at keep stay.
func (p *Fingerprint) thin(keep int) {
	n := len(p.Marks) - 1
	if n < maxMarks {
		return
	}
	drop, best := 0, 0.0
	for i := 1; i < n; i++ {
		hole := float64(p.Marks[i+1].At - p.Marks[i-1].At)
		age := float64(p.Marks[n].At - p.Marks[i].At + 1)
		if r := hole / age; i != keep && (drop == 0 || r < best) {
			drop, best = i, r
		}
	}
	p.Marks = slices.Delete(p.Marks, drop, drop+1)
}

func (m Mark) compare(at int64) int { return cmp.Compare(m.At, at) }

// See takes in where entries end, behind those that are known. Those in the head stay known,
// and the last ones.
func (p *Fingerprint) See(ends []Mark) {
	if n := len(p.Recent); n > 0 {
		i, ok := slices.BinarySearchFunc(ends, p.Recent[n-1].At, Mark.compare)
		if ok {
			i++
		}
		ends = ends[i:]
	}
	p.Recent = append(p.Recent, ends...)
	first, _ := slices.BinarySearchFunc(p.Recent, HeadBytes+1, Mark.compare)
	first = min(first, MaxRecent)
	if n := len(p.Recent) - first - MaxRecent; n > 0 {
		p.Recent = slices.Delete(p.Recent, first, first+n)
	}
}

// EndingAt returns the mark of an entry that ended at an offset.
func (p *Fingerprint) EndingAt(at int64) (Mark, bool) {
	i, ok := slices.BinarySearchFunc(p.Recent, at, Mark.compare)
	if !ok {
		return Mark{}, false
	}
	return p.Recent[i], true
}

// Beyond looks at the marks between two offsets: what was read there once and
// is to be read again. It returns the last of them, or false if c holds
// something else.
func (p *Fingerprint) Beyond(from, to int64, c io.ReaderAt) (int64, bool) {
	var last Mark
	for _, marks := range [][]Mark{p.Marks, p.Recent} {
		for _, m := range slices.Backward(marks) {
			if m.At > max(from, last.At) && m.At <= to {
				last = m
				break
			}
		}
	}
	return last.At, last.Holds(c)
}

// Holds says whether c has at m's offset what m remembers.
func (m Mark) Holds(c io.ReaderAt) bool {
	if m.At == 0 || m.Hash == 0 {
		return true // nothing is known
	}
	var buf [MarkBytes]byte
	b := buf[:min(m.At, MarkBytes)]
	n, _ := c.ReadAt(b, m.At-int64(len(b)))
	return n == len(b) && xxhash.Sum64(b) == m.Hash
}

// ReadHead reads the beginning of a file that is size bytes long.
func ReadHead(c io.ReaderAt, size int64) ([]byte, error) {
	head := make([]byte, min(size, HeadBytes))
	n, err := c.ReadAt(head, 0)
	if err == io.EOF {
		err = nil
	}
	return head[:n], err
}

// ReadMark makes the mark for an offset from the file.
func ReadMark(c io.ReaderAt, at int64) (Mark, error) {
	b := make([]byte, min(at, MarkBytes))
	if n, err := c.ReadAt(b, at-int64(len(b))); n < len(b) {
		return Mark{}, err
	}
	return MarkOf(b, at), nil
}
