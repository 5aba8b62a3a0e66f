package progress

import (
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/reader"
)

// A batch is one read on its way to the consumer.
type batch struct {
	entry.Batch
	buf     *reader.Buffer // until it was taken
	entries int
	charge  int64           // on the budget, until it is settled
	to      reader.Position // what is settled with it
	started time.Time
	settled bool
}

// handOn offers a batch to the consumer, has the next one read into its buffer, and
// returns when it is settled. Nobody else reads or offers anything of p until it was
// taken: that is what keeps the order.
func (p *Progress) handOn(b *batch) error {
	receipt, err := p.r.cfg.Next.Offer(p.r.ctx, b.Batch)
	p.r.bufs.Put(b.buf)
	b.buf, b.Entries = nil, nil
	p.offered()
	p.r.TellBlocked()
	if err != nil {
		return err
	}
	return receipt.Wait(p.r.ctx)
}

// offered has the next batch read, while the last one is on its way.
func (p *Progress) offered() {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.reading = false
	p.block(false)
	if p.start(); !p.hasData() {
		p.log.readNext(time.Now())
	}
}

// consumed takes a batch back from the consumer. It returns whether its pump is
// to read on.
func (p *Progress) consumed(b *batch, err error) bool {
	r := p.r
	r.mu.Lock()
	r.consuming--
	p.block(false)
	if err == nil {
		b.settled = true
		p.settledEntries += int64(b.entries)
		p.settle()
	}
	on := err == nil && !p.reading && r.ctx.Err() == nil
	if on {
		p.reading = true
		r.reading++
	} else {
		p.pumps--
	}
	if r.draining {
		r.cfg.Nudge()
	}
	r.mu.Unlock()
	r.mem.Put(b.charge)
	return on
}

// settle moves the settled position over the batches that are done, in order.
func (p *Progress) settle() {
	for len(p.inflight) > 0 && p.inflight[0].settled {
		p.settled = p.inflight[0].to
		p.inflight[0] = nil
		p.inflight = p.inflight[1:]
		p.r.settle(p.log, p.log.newest, p.settled.Clock)
		p.touch()
	}
	switch {
	case len(p.inflight) > 0:
		p.behind = p.inflight[0].started
	case p.settled.At >= p.size:
		p.behind = time.Time{}
		p.inflight = nil
		newest := min(p.mtime, time.Now().UnixNano()) // a time in the future says nothing
		p.r.settle(p.log, max(p.log.newest, newest), p.log.clock)
	}
}

// block notes whether p has data that it may not read at present.
func (p *Progress) block(blocked bool) {
	if p.blocked == blocked {
		return
	}
	p.blocked = blocked
	if blocked {
		p.r.blocked++
	} else {
		p.r.blocked--
	}
}
