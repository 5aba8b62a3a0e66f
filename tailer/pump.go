package tailer

import (
	"fmt"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
)

// underWay is how many batches of one generation may be read, converted or on
// their way at once. With two, both wait for an answer while nobody reads.
const underWay = 3

// pump reads g and hands its batches on, one at a time, until there is nothing
// more to read. A few run for one generation, so that one can read while what
// the others have read is being converted and settled.
func (t *Tailer) pump(g *generation) {
	defer t.running.Done()
	for {
		b := t.fill(g)
		if b == nil {
			return
		}
		if b.before != nil {
			<-b.before // a short batch is read faster than the one before it is handed on
		}
		close(b.begun)
		err := t.next.Consume(t.ctx, b.Batch)
		if !t.consumed(b, err) {
			return
		}
	}
}

// start starts a pump for g if there is something to read and g may have one
// more. The caller holds t.mu.
func (t *Tailer) start(g *generation) {
	switch {
	case t.ctx.Err() != nil || !t.surely(g) || g.reading || g.src == nil || !g.hasData() || t.reached(g):
	case g.pumps >= underWay:
		t.block(g, true)
	default:
		g.pumps++
		g.reading = true
		t.reading++
		t.running.Add(1)
		go t.pump(g)
	}
}

// fill reads the next batch of g, which is marked as reading. It returns nil if
// there is none, and then the pump is over.
func (t *Tailer) fill(g *generation) *batch {
	for {
		t.rate.wait(t.ctx)
		p, ok := t.plan(g)
		if !ok {
			return nil
		}
		buf := t.buffer(g, p.want)
		if buf == nil {
			t.mu.Lock()
			t.endPump(g)
			t.mu.Unlock()
			return nil
		}
		r := p.read(buf)
		t.rate.read(r.cut.Taken)
		if b, over := t.apply(&p, &r, buf); over {
			t.tellBlocked()
			return b
		}
	}
}

// plan says what g's next read is to do; false if it should not read, and then
// the pump is over.
func (t *Tailer) plan(g *generation) (plan, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ctx.Err() != nil || g.src == nil || !g.hasData() || t.reached(g) {
		t.endPump(g)
		return plan{}, false
	}
	p := g.plan(t.cfg.MaxEntry)
	p.safe = t.cfg.SafeCut
	return p, true
}

// buffer gets memory for a read of g. It returns nil if Run ends before.
func (t *Tailer) buffer(g *generation, want int) *buffer {
	charge := chargeFor(want, t.cfg.Expansion)
	ok := t.mem.get(t.ctx, charge, func() { t.waitMemory(g) })
	t.mu.Lock()
	if g.waiting {
		g.waiting = false
		t.reading++
		t.block(g, false)
	}
	t.mu.Unlock()
	if !ok {
		return nil
	}
	buf := t.bufs.get(want)
	buf.charge = charge
	return buf
}

// waitMemory notes that g has something to read and no memory to do so.
func (t *Tailer) waitMemory(g *generation) {
	t.mu.Lock()
	g.waiting = true
	t.reading--
	t.block(g, true)
	t.mu.Unlock()
	t.tellBlocked()
}

func (t *Tailer) release(buf *buffer) {
	charge := buf.charge
	t.bufs.put(buf)
	t.mem.put(charge)
}

// endPump ends a pump that is marked as reading. The caller holds t.mu.
func (t *Tailer) endPump(g *generation) {
	g.reading = false
	g.pumps--
	t.reading--
	if t.draining || g.fam.waits(g) {
		t.nudge()
	}
}

// waits says whether another generation has data to read: those of a log are
// read one after another.
func (f *family) waits(g *generation) bool {
	for _, o := range f.gens {
		if o != g && o.src != nil && !o.suspect && o.hasData() {
			return true
		}
	}
	return false
}

// apply takes note of what a read found. It returns the batch to hand on, or
// nil if the pump is over, or false if it is to go on reading.
func (t *Tailer) apply(p *plan, r *result, buf *buffer) (b *batch, over bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := p.gen
	keep := false
	defer func() {
		if !keep {
			t.release(buf)
		}
	}()
	if g.src != p.src {
		return nil, false // the file changed hands meanwhile
	}
	t.tick++
	g.touched = t.tick
	if !t.progress(p, r) {
		t.endPump(g)
		return nil, true
	}
	if r.cut.Taken == 0 {
		if !r.grow {
			t.endPump(g)
		}
		return nil, !r.grow
	}
	b = g.advance(p, r, buf)
	g.unsaved, t.dirty = true, true // what was read tells g from others, settled or not
	if len(b.Entries) == 0 {
		b.settled, b.buf = true, nil
		b.pass()
		t.settle(g)
		return nil, false
	}
	keep = true
	g.reading = false
	t.reading--
	t.consuming++
	t.start(g) // the next read, while this batch is on its way
	return b, true
}

// progress notes how far a read came, other than the entries it took. It
// returns false if there is nothing to be had from the file for now.
func (t *Tailer) progress(p *plan, r *result) bool {
	g := p.gen
	switch {
	case r.other:
		g.suspect = true
		g.tried = g.size
		t.nudge()
		return false
	case r.err != nil:
		t.failed(g, fmt.Errorf("read: %w", r.err))
		return false
	}
	t.healed(g)
	g.size = max(g.size, r.end)
	g.known = max(g.known, r.end)
	if p.start == 0 && g.fingerprint.HeadLen < min(r.n, file.HeadBytes) {
		g.fingerprint.Grow(r.head)
		t.touch(g)
	}
	g.scanned = max(g.scanned, r.scanned)
	g.window = r.window
	if r.eof && r.dry {
		g.tried = r.end
		g.ended = g.packed != file.Unpacked
		if g.ended {
			g.size = r.end
			p.src.Rest()
			t.touch(g)
		}
	}
	return true
}

// advance moves g's read position and makes the batch of what was read.
func (g *generation) advance(p *plan, r *result, buf *buffer) *batch {
	to := position{Mark: r.mark, clock: r.cut.Clock, cut: r.cut.Cut}
	g.read = to
	g.fingerprint.Note(to.Mark)
	g.fingerprint.See(append(r.ends, to.Mark))
	g.scanned = max(g.scanned, to.At)
	g.entries += int64(len(r.cut.Entries))
	g.empty += r.cut.Empty
	g.fam.src.empty += r.cut.Empty
	g.cuts += r.cut.Cuts
	g.addGaps(r.cut.Gaps...)
	if tell := g.fam.src.Damaged; tell != nil {
		for _, gap := range r.cut.Gaps {
			tell(g.origin.Path, gap)
		}
	}
	b := &batch{
		Batch: entry.Batch{Origin: g.origin, Entries: r.cut.Entries},
		gen:   g, buf: buf, to: to, started: r.cut.Now, begun: make(chan struct{}),
	}
	if n := len(g.inflight); n > 0 {
		b.before = g.inflight[n-1].begun
	}
	if g.behind.IsZero() {
		g.behind = r.cut.Now
	}
	g.inflight = append(g.inflight, b)
	return b
}

// pass is for a batch that holds nothing and is never handed on: the next one
// waits for the one before it instead.
func (b *batch) pass() {
	if b.before == nil {
		close(b.begun)
		return
	}
	b.begun = b.before
}

// consumed takes a batch back from the consumer. It returns whether its pump is
// to read on.
func (t *Tailer) consumed(b *batch, err error) bool {
	t.mu.Lock()
	g := b.gen
	t.consuming--
	t.block(g, false)
	buf := b.buf
	b.buf, b.Entries = nil, nil
	if err == nil {
		b.settled = true
		g.settledEntries += int64(len(buf.entries))
		t.settle(g)
	}
	on := err == nil && !g.reading && t.ctx.Err() == nil
	if on {
		g.reading = true
		t.reading++
	} else {
		g.pumps--
	}
	if t.draining {
		t.nudge()
	}
	t.mu.Unlock()
	t.release(buf)
	return on
}

// settle moves g's settled position over the batches that are done, in order.
// The caller holds t.mu.
func (t *Tailer) settle(g *generation) {
	for len(g.inflight) > 0 && g.inflight[0].settled {
		g.settled = g.inflight[0].to
		g.inflight[0] = nil
		g.inflight = g.inflight[1:]
		g.fam.clock = g.settled.clock
		t.touch(g)
	}
	switch {
	case len(g.inflight) > 0:
		g.behind = g.inflight[0].started
	case g.settled.At >= g.size:
		g.behind = time.Time{}
		g.inflight = nil
		g.fam.newest = max(g.fam.newest, min(g.stat.Mtime, time.Now().UnixNano())) // a time in the future says nothing
	}
}

// block notes whether g has data that it may not read at present. The caller
// holds t.mu.
func (t *Tailer) block(g *generation, blocked bool) {
	if g.blocked == blocked {
		return
	}
	g.blocked = blocked
	if blocked {
		t.blocked++
	} else {
		t.blocked--
	}
}

// tellBlocked calls OnBlocked if a reader is blocked and none is reading.
func (t *Tailer) tellBlocked() {
	if t.cfg.OnBlocked == nil {
		return
	}
	t.mu.Lock()
	tell := t.blocked > 0 && t.reading == 0
	t.mu.Unlock()
	if tell {
		t.cfg.OnBlocked()
	}
}

// Blocked reports whether nothing more can come until a Consume call returns:
// at least one file has data that cannot be read because its batches under way, or
// the memory, are taken, no file is being read, and all Consume calls under way
// are among the waiting ones.
func (t *Tailer) Blocked(waiting int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.blocked > 0 && t.reading == 0 && t.consuming <= waiting
}
