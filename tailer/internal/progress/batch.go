package progress

import (
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/reader"
)

// A batch is one read on its way to the consumer.
type batch struct {
	entry.Batch
	buf     *reader.Buffer
	to      reader.Position // what is settled with it
	started time.Time
	settled bool
	begun   chan struct{} // closed when the batch is about to be handed on
	before  chan struct{} // begun of the batch before, if that is under way
}

// handOn hands a batch on when the one before it has been, and returns when it is
// settled.
func (r *Readers) handOn(b *batch) error {
	if b.before != nil {
		<-b.before // a short batch is read faster than the one before it is handed on
	}
	close(b.begun)
	return r.cfg.Next.Consume(r.ctx, b.Batch)
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
func (p *Progress) consumed(b *batch, err error) bool {
	r := p.r
	r.mu.Lock()
	r.consuming--
	p.block(false)
	buf := b.buf
	b.buf, b.Entries = nil, nil
	if err == nil {
		b.settled = true
		p.settledEntries += int64(len(buf.Entries))
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
	r.release(buf)
	return on
}

// settle moves the settled position over the batches that are done, in order.
func (p *Progress) settle() {
	for len(p.inflight) > 0 && p.inflight[0].settled {
		p.settled = p.inflight[0].to
		p.inflight[0] = nil
		p.inflight = p.inflight[1:]
		p.log.clock = p.settled.Clock
		p.touch()
	}
	switch {
	case len(p.inflight) > 0:
		p.behind = p.inflight[0].started
	case p.settled.At >= p.size:
		p.behind = time.Time{}
		p.inflight = nil
		p.log.newest = max(p.log.newest, min(p.mtime, time.Now().UnixNano())) // a time in the future says nothing
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
