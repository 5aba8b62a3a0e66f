package tailer

import (
	"context"
	"sync"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
)

// A budget hands out memory in the order in which it is asked for, so that a
// file that needs much is not starved by many that need little.
type budget struct {
	mu    sync.Mutex
	limit int64
	used  int64
	queue []*claim
}

type claim struct {
	n     int64
	ready chan struct{}
}

// get takes n bytes, and calls wait first if they are not there at once. More
// than the whole budget is granted when nothing else is in use. It returns
// false if ctx ends before.
func (b *budget) get(ctx context.Context, n int64, wait func()) bool {
	b.mu.Lock()
	if len(b.queue) == 0 && b.fits(n) {
		b.used += n
		b.mu.Unlock()
		return true
	}
	c := &claim{n, make(chan struct{})}
	b.queue = append(b.queue, c)
	b.mu.Unlock()
	wait()
	select {
	case <-c.ready:
		return true
	case <-ctx.Done():
		b.abandon(c)
		return false
	}
}

func (b *budget) fits(n int64) bool { return b.used == 0 || b.used+n <= b.limit }

// abandon takes c off the queue, or gives back what it was just granted.
func (b *budget) abandon(c *claim) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, q := range b.queue {
		if q == c {
			b.queue = append(b.queue[:i:i], b.queue[i+1:]...)
			b.grant()
			return
		}
	}
	b.used -= c.n
	b.grant()
}

// put gives n bytes back.
func (b *budget) put(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	b.grant()
}

func (b *budget) grant() {
	for len(b.queue) > 0 && b.fits(b.queue[0].n) {
		b.used += b.queue[0].n
		close(b.queue[0].ready)
		b.queue = b.queue[1:]
	}
}

// A limiter spreads reading over time. The zero rate does not.
type limiter struct {
	rate int64 // bytes a second

	mu   sync.Mutex
	free time.Time // when the bytes read so far are paid for
}

// read accounts for n bytes.
func (l *limiter) read(n int) {
	if l.rate <= 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(float64(n) / float64(l.rate) * float64(time.Second)))
}

// wait returns when the bytes read so far are paid for, or ctx ends.
func (l *limiter) wait(ctx context.Context) {
	if l.rate <= 0 {
		return
	}
	l.mu.Lock()
	d := time.Until(l.free)
	l.mu.Unlock()
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// A buffer holds the bytes of one batch and its entries.
type buffer struct {
	b       []byte
	entries []entry.Entry
	class   int
	charge  int64 // taken from the budget
}

// lineBytes is what a line is expected to have at least; with shorter ones the
// room for entries grows.
const lineBytes = 256

// entryBytes is about what an Entry takes.
const entryBytes = 136

// lead is the room for the bytes before the place to read from, which are read
// again to see that they are still the same.
const lead = file.HeadBytes

// classes are the sizes that buffers come in; one that has to be larger has the
// size that is needed.
var classes = [...]int{8 << 10, 64 << 10, entry.BatchBytes + 1 + lead}

// pools keep buffers that are not in use until the next collection of garbage.
type pools struct {
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

// chargeFor is what a buffer for n bytes takes from the budget, with its entries
// and what the consumer will make of them (Config.Expansion).
func chargeFor(n, expansion int) int64 {
	_, size := classFor(n)
	return int64(size + min(size/2, entry.MaxEntries*entryBytes) + expansion*size)
}

func (p *pools) get(n int) *buffer {
	class, size := classFor(n)
	pool := &p.large
	if class >= 0 {
		pool = &p.by[class]
	}
	if b, ok := pool.Get().(*buffer); ok && len(b.b) >= size {
		return b
	}
	return &buffer{b: make([]byte, size), class: class, entries: make([]entry.Entry, 0, min(size/lineBytes, entry.MaxEntries))}
}

func (p *pools) put(b *buffer) {
	clear(b.entries)
	b.entries = b.entries[:0]
	if b.class >= 0 {
		p.by[b.class].Put(b)
	} else {
		p.large.Put(b)
	}
}
