package pipeline

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// A gate bounds the records that are made and not yet settled to those of the
// requests under way and the next one. Without it, the records of all that
// limits.memory lets the tailer read could wait at the exporter.
//
// What a batch's records take shows only when they are made. Until then an
// estimate stands for it, and nobody waits for the rest: those who wait for
// room while they have some could wait for each other. So the gate may be
// overdrawn, by the batches that are being converted just then, and is closed
// until that has been given back.
type gate struct {
	size    int64
	waiting atomic.Int64
	blocked func() // called when somebody begins to wait

	mu    sync.Mutex
	used  int64
	queue []*room // in the order they came
}

// A room is what one batch may fill with records.
type room struct {
	gate    *gate
	n       int64
	granted chan struct{} // closed when it may be used; nil if it could be at once
}

func newGate(size int64, blocked func()) *gate {
	return &gate{size: size, blocked: blocked}
}

// enter waits until n bytes of records may be made. A batch that makes more than
// the gate holds goes through alone.
func (g *gate) enter(ctx context.Context, n int64) (*room, error) {
	r := &room{gate: g, n: min(n, g.size)}
	if g.admit(r) {
		return r, nil
	}
	g.waiting.Add(1)
	defer g.waiting.Add(-1)
	g.blocked()
	select {
	case <-r.granted:
		return r, nil
	case <-ctx.Done():
		g.abandon(r)
		return nil, fmt.Errorf("wait for room to convert: %w", context.Cause(ctx))
	}
}

// admit lets r in, or puts it into the queue.
func (g *gate) admit(r *room) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.queue) == 0 && g.fits(r.n) {
		g.used += r.n
		return true
	}
	r.granted = make(chan struct{})
	g.queue = append(g.queue, r)
	return false
}

// fits says whether n more bytes have room. The caller holds g.mu.
func (g *gate) fits(n int64) bool { return g.used == 0 || g.used+n <= g.size }

// abandon takes r out of the queue, or gives back what it was just granted.
func (g *gate) abandon(r *room) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.queue, r); i >= 0 {
		g.queue = slices.Delete(g.queue, i, i+1)
	} else {
		g.used -= r.n
	}
	g.grant()
}

// grant lets in who waits and fits. The caller holds g.mu.
func (g *gate) grant() {
	for len(g.queue) > 0 && g.fits(g.queue[0].n) {
		r := g.queue[0]
		g.queue = slices.Delete(g.queue, 0, 1)
		g.used += r.n
		close(r.granted)
	}
}

// take says that the records take n bytes, if that is more than was asked for.
func (r *room) take(n int64) {
	r.gate.mu.Lock()
	defer r.gate.mu.Unlock()
	if n > r.n {
		r.gate.used += n - r.n
		r.n = n
	}
}

// leave gives the room back. It is called once.
func (r *room) leave() {
	r.gate.mu.Lock()
	defer r.gate.mu.Unlock()
	r.gate.used -= r.n
	r.gate.grant()
}
