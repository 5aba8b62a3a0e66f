package reader

import (
	"sync"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
)

// A Buffer holds the bytes of one batch and its entries.
type Buffer struct {
	Bytes   []byte
	Entries []entry.Entry
	class   int
	Charge  int64 // taken from the budget
}

// lineBytes is what a line is expected to have at least; with shorter ones the
// room for entries grows.
const lineBytes = 256

// entryBytes is about what an Entry takes.
const entryBytes = 136

// Lead is the room for the bytes before the place to read from, which are read
// again to see that they are still the same.
const Lead = file.HeadBytes

// classes are the sizes that buffers come in; one that has to be larger has the
// size that is needed.
var classes = [...]int{8 << 10, 64 << 10, entry.BatchBytes + 1 + Lead}

// Pools keep buffers that are not in use until the next collection of garbage.
type Pools struct {
	by    [len(classes)]sync.Pool
	large sync.Pool
}

// classFor returns the class and the size of a buffer for n bytes.
func classFor(n int) (class, size int) {
	for i, size := range classes {
		if n <= size {
			return i, size
		}
	}
	return -1, n
}

// ChargeFor is what a buffer for n bytes takes from the budget, with its entries
// and what the consumer will make of them (Config.Expansion).
func ChargeFor(n, expansion int) int64 {
	_, size := classFor(n)
	return int64(size + min(size/2, entry.MaxEntries*entryBytes) + expansion*size)
}

// Get returns a buffer for n bytes.
func (p *Pools) Get(n int) *Buffer {
	class, size := classFor(n)
	pool := &p.large
	if class >= 0 {
		pool = &p.by[class]
	}
	if b, ok := pool.Get().(*Buffer); ok && len(b.Bytes) >= size {
		return b
	}
	return &Buffer{Bytes: make([]byte, size), class: class, Entries: make([]entry.Entry, 0, min(size/lineBytes, entry.MaxEntries))}
}

// Put gives a buffer back.
func (p *Pools) Put(b *Buffer) {
	clear(b.Entries)
	b.Entries = b.Entries[:0]
	if b.class >= 0 {
		p.by[b.class].Put(b)
	} else {
		p.large.Put(b)
	}
}
