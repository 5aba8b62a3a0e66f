package reader

import (
	"context"
	"sync"
	"time"
)

// A Budget hands out memory in the order in which it is asked for, so that a
// file that needs much is not starved by many that need little.
type Budget struct {
	mu    sync.Mutex
	limit int64
	used  int64
	queue []*claim
}

// SetLimit says how many bytes there are.
func (b *Budget) SetLimit(n int64) { b.limit = n }

// Used is how many bytes are taken.
func (b *Budget) Used() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

type claim struct {
	n     int64
	ready chan struct{}
}

// Get takes n bytes, and calls wait first if they are not there at once. More
// than the whole budget is granted when nothing else is in use. It returns
// false if ctx ends before.
func (b *Budget) Get(ctx context.Context, n int64, wait func()) bool {
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

func (b *Budget) fits(n int64) bool { return b.used == 0 || b.used+n <= b.limit }

// abandon takes c off the queue, or gives back what it was just granted.
func (b *Budget) abandon(c *claim) {
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

// Put gives n bytes back.
func (b *Budget) Put(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	b.grant()
}

func (b *Budget) grant() {
	for len(b.queue) > 0 && b.fits(b.queue[0].n) {
		b.used += b.queue[0].n
		close(b.queue[0].ready)
		b.queue = b.queue[1:]
	}
}

// A Limiter spreads reading over time. The zero rate does not.
type Limiter struct {
	rate int64 // bytes a second

	mu   sync.Mutex
	free time.Time // when the bytes read so far are paid for
}

// SetRate says how many bytes a second may be read; 0 is no limit.
func (l *Limiter) SetRate(n int64) { l.rate = n }

// Read accounts for n bytes.
func (l *Limiter) Read(n int) {
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

// Wait returns when the bytes read so far are paid for, or ctx ends.
func (l *Limiter) Wait(ctx context.Context) {
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
