package tailer

import (
	"fmt"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/reader"
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
		if !t.consumed(b, t.handOn(b)) {
			return
		}
	}
}

// handOn hands a batch on when the one before it has been, and returns when it is
// settled.
func (t *Tailer) handOn(b *batch) error {
	if b.before != nil {
		<-b.before // a short batch is read faster than the one before it is handed on
	}
	close(b.begun)
	return t.next.Consume(t.ctx, b.Batch)
}

// start starts a pump for g if there is something to read and g may have one
// more. The caller holds t.mu.
func (t *Tailer) start(g *generation) {
	switch {
	case t.ctx.Err() != nil || !t.isRecognizable(g) || g.reading || g.src == nil || !g.hasData() || t.reached(g):
	case g.pumps >= underWay:
		t.block(g, true)
	default:
		g.pumps++
		g.reading = true
		t.readers++
		t.running.Add(1)
		go t.pump(g)
	}
}

// fill reads the next batch of g, which is marked as reading. It returns nil if
// there is none, and then the pump is over.
func (t *Tailer) fill(g *generation) *batch {
	for {
		t.rate.Wait(t.ctx)
		p, ok := t.plan(g)
		if !ok {
			return nil
		}
		buf := t.buffer(g, p.Want)
		if buf == nil {
			t.mu.Lock()
			t.endPump(g)
			t.mu.Unlock()
			return nil
		}
		r := p.Read(buf)
		t.rate.Read(r.Cut.Taken)
		if b, over := t.apply(g, &p, &r, buf); over {
			t.tellBlocked()
			return b
		}
	}
}

// plan says what g's next read is to do; false if it should not read, and then
// the pump is over.
func (t *Tailer) plan(g *generation) (reader.Plan, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ctx.Err() != nil || g.src == nil || !g.hasData() || t.reached(g) {
		t.endPump(g)
		return reader.Plan{}, false
	}
	p := g.plan(t.cfg.MaxEntry)
	p.Safe = t.cfg.SafeCut
	return p, true
}

// buffer gets memory for a read of g. It returns nil if Run ends before.
func (t *Tailer) buffer(g *generation, want int) *reader.Buffer {
	charge := reader.ChargeFor(want, t.cfg.Expansion)
	ok := t.mem.Get(t.ctx, charge, func() { t.waitMemory(g) })
	t.mu.Lock()
	if g.waiting {
		g.waiting = false
		t.readers++
		t.block(g, false)
	}
	t.mu.Unlock()
	if !ok {
		return nil
	}
	buf := t.bufs.Get(want)
	buf.Charge = charge
	return buf
}

// waitMemory notes that g has something to read and no memory to do so.
func (t *Tailer) waitMemory(g *generation) {
	t.mu.Lock()
	g.waiting = true
	t.readers--
	t.block(g, true)
	t.mu.Unlock()
	t.tellBlocked()
}

func (t *Tailer) release(buf *reader.Buffer) {
	charge := buf.Charge
	t.bufs.Put(buf)
	t.mem.Put(charge)
}

// endPump ends a pump that is marked as reading. The caller holds t.mu.
func (t *Tailer) endPump(g *generation) {
	g.reading = false
	g.pumps--
	t.readers--
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
func (t *Tailer) apply(g *generation, p *reader.Plan, r *reader.Result, buf *reader.Buffer) (b *batch, over bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	keep := false
	defer func() {
		if !keep {
			t.release(buf)
		}
	}()
	if g.src != p.Src {
		return nil, false // the file changed hands meanwhile
	}
	t.tick++
	g.touched = t.tick
	if !t.progress(g, p, r) {
		t.endPump(g)
		return nil, true
	}
	if r.Cut.Taken == 0 {
		if !r.Grow {
			t.endPump(g)
		}
		return nil, !r.Grow
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
	t.readers--
	t.consuming++
	t.start(g) // the next read, while this batch is on its way
	return b, true
}

// progress notes how far a read came, other than the entries it took. It
// returns false if there is nothing to be had from the file for now.
func (t *Tailer) progress(g *generation, p *reader.Plan, r *reader.Result) bool {
	switch {
	case r.Other:
		g.suspect = true
		g.tried = g.size
		t.nudge()
		return false
	case r.Err != nil:
		t.failed(g, fmt.Errorf("read: %w", r.Err))
		return false
	}
	t.healed(g)
	g.size = max(g.size, r.End)
	g.known = max(g.known, r.End)
	if p.Start == 0 && g.fingerprint.HeadLen < min(r.N, file.HeadBytes) {
		g.fingerprint.Grow(r.Head)
		t.touch(g)
	}
	g.scanned = max(g.scanned, r.Scanned)
	g.window = r.Window
	if r.EOF && r.Dry {
		g.tried = r.End
		g.ended = g.packed != file.Unpacked
		if g.ended {
			g.size = r.End
			p.Src.Rest()
			t.touch(g)
		}
	}
	return true
}

// advance moves g's read position and makes the batch of what was read.
func (g *generation) advance(p *reader.Plan, r *reader.Result, buf *reader.Buffer) *batch {
	to := reader.Position{Mark: r.Mark, Clock: r.Cut.Clock, Cut: r.Cut.Cut}
	g.read = to
	g.fingerprint.Note(to.Mark)
	g.fingerprint.See(append(r.Ends, to.Mark))
	g.scanned = max(g.scanned, to.At)
	g.entries += int64(len(r.Cut.Entries))
	g.empty += r.Cut.Empty
	g.fam.src.empty += r.Cut.Empty
	g.cuts += r.Cut.Cuts
	g.addGaps(r.Cut.Gaps...)
	if tell := g.fam.src.Damaged; tell != nil {
		for _, gap := range r.Cut.Gaps {
			tell(g.origin.Path, gap)
		}
	}
	b := &batch{
		Batch: entry.Batch{Origin: g.origin, Entries: r.Cut.Entries},
		gen:   g, buf: buf, to: to, started: r.Cut.Now, begun: make(chan struct{}),
	}
	if n := len(g.inflight); n > 0 {
		b.before = g.inflight[n-1].begun
	}
	if g.behind.IsZero() {
		g.behind = r.Cut.Now
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
		g.settledEntries += int64(len(buf.Entries))
		t.settle(g)
	}
	on := err == nil && !g.reading && t.ctx.Err() == nil
	if on {
		g.reading = true
		t.readers++
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
		g.fam.clock = g.settled.Clock
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
	tell := t.blocked > 0 && t.readers == 0
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
	return t.blocked > 0 && t.readers == 0 && t.consuming <= waiting
}
