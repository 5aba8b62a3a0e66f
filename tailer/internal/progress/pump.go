package progress

import (
	"fmt"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/reader"
)

// UnderWay is how many batches of one generation may be read, converted or on
// their way at once. With two, both wait for an answer while nobody reads.
const UnderWay = 3

// pump reads p and hands its batches on, one at a time, until there is nothing
// more to read. A few run for one generation, so that one can read and offer while
// what the others have offered is being settled.
func (p *Progress) pump() {
	defer p.r.running.Done()
	for {
		b := p.fill()
		if b == nil {
			return
		}
		if !p.consumed(b, p.handOn(b)) {
			return
		}
	}
}

// Feed has those of all read that have something to offer. They are of one log, oldest
// first, and one of lines is read in this order: the next as soon as the one before is
// read to its end.
func (r *Readers) Feed(l *Log, all []*Progress, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l.turns = all
	l.readNext(now)
}

func (l *Log) readNext(now time.Time) {
	for _, p := range l.turns {
		if p.src == nil || p.fault != "" && now.Before(p.retry) || p.suspect || !p.hasData() {
			continue
		}
		p.start()
		if l.form == entry.Lines || l.form == entry.Clocked {
			return
		}
	}
}

// start starts a pump if there is something to read and p may have one more.
func (p *Progress) start() {
	switch {
	case p.r.ctx.Err() != nil || !p.isRecognizable() || p.reading || p.src == nil || !p.hasData() || p.reached():
	case p.pumps >= UnderWay:
		p.block(true)
	default:
		p.pumps++
		p.reading = true
		p.r.reading++
		p.r.running.Add(1)
		go p.pump()
	}
}

// fill reads the next batch of p, which is marked as reading. It returns nil if
// there is none, and then the pump is over.
func (p *Progress) fill() *batch {
	r := p.r
	for {
		r.rate.Wait(r.ctx)
		n, ok := p.next()
		if !ok {
			return nil
		}
		buf := p.buffer(n.Want)
		if buf == nil {
			r.mu.Lock()
			p.endPump()
			r.mu.Unlock()
			return nil
		}
		res := n.Read(buf)
		r.rate.Read(res.Cut.Taken)
		if b, over := p.apply(&n, &res, buf); over {
			r.TellBlocked()
			return b
		}
	}
}

// next says what the next read is to do; false if there is none, and then the
// pump is over.
func (p *Progress) next() (reader.Plan, bool) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	if p.r.ctx.Err() != nil || p.src == nil || !p.hasData() || p.reached() {
		p.endPump()
		return reader.Plan{}, false
	}
	return p.plan(), true
}

// buffer gets memory for a read. It returns nil if reading ends before.
func (p *Progress) buffer(want int) *reader.Buffer {
	r := p.r
	charge := reader.ChargeFor(want, r.cfg.Expansion)
	ok := r.mem.Get(r.ctx, charge, p.waitMemory)
	r.mu.Lock()
	if p.waiting {
		p.waiting = false
		r.reading++
		p.block(false)
	}
	r.mu.Unlock()
	if !ok {
		return nil
	}
	buf := r.bufs.Get(want)
	buf.Charge = charge
	return buf
}

// waitMemory notes that p has something to read and no memory to do so.
func (p *Progress) waitMemory() {
	p.r.mu.Lock()
	p.waiting = true
	p.r.reading--
	p.block(true)
	p.r.mu.Unlock()
	p.r.TellBlocked()
}

func (r *Readers) release(buf *reader.Buffer) {
	charge := buf.Charge
	r.bufs.Put(buf)
	r.mem.Put(charge)
}

// endPump ends a pump that is marked as reading.
func (p *Progress) endPump() {
	p.reading = false
	p.pumps--
	p.r.reading--
	p.log.readNext(time.Now())
	if p.r.draining {
		p.r.cfg.Nudge()
	}
}

// apply takes note of what a read found. It returns the batch to hand on, or
// nil if the pump is over, or false if it is to go on reading.
func (p *Progress) apply(n *reader.Plan, res *reader.Result, buf *reader.Buffer) (b *batch, over bool) {
	r := p.r
	r.mu.Lock()
	defer r.mu.Unlock()
	keep := false
	defer func() {
		if !keep {
			r.release(buf)
		}
	}()
	if p.src != n.Src {
		return nil, false // the file changed hands meanwhile
	}
	r.tick++
	p.touched = r.tick
	if !p.advanceTo(n, res) {
		p.endPump()
		return nil, true
	}
	if res.Cut.Taken == 0 {
		if !res.Grow {
			p.endPump()
		}
		return nil, !res.Grow
	}
	b = p.take(res, buf)
	p.changed() // what was read tells p from others, settled or not
	r.cfg.Changed(false)
	if len(b.Entries) == 0 {
		b.settled, b.buf = true, nil
		p.settle()
		return nil, false
	}
	keep = true
	r.reading--
	r.consuming++
	p.block(p.hasData()) // until b is taken
	return b, true
}

// advanceTo notes how far a read came, other than the entries it took. It
// returns false if there is nothing to be had from the file for now.
func (p *Progress) advanceTo(n *reader.Plan, res *reader.Result) bool {
	switch {
	case res.Other:
		p.suspect = true
		p.tried = p.size
		if !p.doubted { // what was confirmed, and is doubted again, has time until the next poll
			p.doubted = true
			p.r.cfg.Nudge()
		}
		return false
	case res.Err != nil:
		p.failed(fmt.Errorf("read: %w", res.Err))
		return false
	}
	p.healed()
	p.doubted = false
	p.size = max(p.size, res.End)
	p.known = max(p.known, res.End)
	if n.Start == 0 && p.print.HeadLen < min(res.N, file.HeadBytes) {
		p.grow(res.Head)
		p.touch()
	}
	p.scanned = max(p.scanned, res.Scanned)
	p.window = res.Window
	if res.EOF && res.Dry {
		p.tried = res.End
		p.ended = p.packed != file.Unpacked
		if p.ended {
			p.size = res.End
			n.Src.Rest()
			p.touch()
		}
	}
	return true
}

// take moves the read position and makes the batch of what was read.
func (p *Progress) take(res *reader.Result, buf *reader.Buffer) *batch {
	to := reader.Position{Mark: res.Mark, Clock: res.Cut.Clock, Cut: res.Cut.Cut}
	p.read = to
	p.print.Note(to.Mark)
	p.print.See(append(res.Ends, to.Mark))
	p.scanned = max(p.scanned, to.At)
	p.entries += int64(len(res.Cut.Entries))
	p.empty += res.Cut.Empty
	p.log.src.empty += res.Cut.Empty
	p.cuts += res.Cut.Cuts
	p.addGaps(res.Cut.Gaps...)
	if tell := p.log.src.Damaged; tell != nil {
		for _, gap := range res.Cut.Gaps {
			tell(p.origin.Path, gap)
		}
	}
	b := &batch{
		Batch: entry.Batch{Origin: p.origin, Entries: res.Cut.Entries},
		buf:   buf, entries: len(res.Cut.Entries), charge: buf.Charge, to: to, started: res.Cut.Now,
	}
	if p.behind.IsZero() {
		p.behind = res.Cut.Now
	}
	p.inflight = append(p.inflight, b)
	return b
}
