package exporter

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"
)

// A request is what left the queue together. Most are answered with OK; the
// others are taken apart here until each of their records is settled. All
// fields but ctx and cancel belong to the goroutine of run.
type request struct {
	e        *Exporter
	calls    []*call
	stack    []*work // what is still to be sent, the next one last
	suspects []*work // single records that were refused and wait for a second opinion
	probes   int     // probes since something was accepted
	fresh    bool    // it has the place of what is fresh

	ctx    context.Context // ends when a call withdraws; renewed by next
	cancel context.CancelFunc
}

// Work is the records of one attempt: a request as it was gathered, or a part.
type work struct {
	pieces    []piece
	failures  int    // attempts without success, for the back-off
	code      string // of the last answer
	equal     int    // how often it came in a row
	isolating bool   // a part of a request that was answered equally too often

	refusals int    // of this one record standing alone
	since    uint64 // what had been accepted when it was first refused
}

func newWork(pieces []piece) *work { return &work{pieces: pieces} }

func (w *work) records() int {
	n := 0
	for _, p := range w.pieces {
		n += p.records()
	}
	return n
}

func (w *work) size() int { return size(w.pieces) }

// repeated returns how often a's code came in a row, this time included.
func (w *work) repeated(a answer) int {
	if w.code != a.code {
		w.code, w.equal = a.code, 0
	}
	w.equal++
	return w.equal
}

// halve splits w into two parts of about the same size, each with a record at
// least.
func (w *work) halve() (left, right *work) {
	left, right = &work{isolating: w.isolating}, &work{isolating: w.isolating}
	room := w.size() / 2
	for i, p := range w.pieces {
		if i < len(w.pieces)-1 && p.size() <= room {
			left.pieces = append(left.pieces, p)
			room -= p.size()
			continue
		}
		k := p.fit(room)
		if i == 0 {
			k = max(k, 1)
		}
		if i == len(w.pieces)-1 {
			k = min(k, p.records()-1)
		}
		head, tail := p.split(k)
		left.pieces = appendPiece(left.pieces, head)
		right.pieces = append(appendPiece(nil, tail), w.pieces[i+1:]...)
		break
	}
	return left, right
}

func appendPiece(pieces []piece, p piece) []piece {
	if p.records() == 0 {
		return pieces
	}
	return append(pieces, p)
}

func (r *request) run() {
	defer r.e.finish(r)
	for w := r.next(); w != nil; w = r.next() {
		w, done := r.gently(w)
		a := r.attempt(w)
		done()
		r.handle(w, a)
	}
}

const (
	// longAbsence is how long nothing was accepted when the collector is met
	// gently again, and smallTrial is what it gets first.
	longAbsence = 30 * time.Second
	smallTrial  = 64 << 10
)

// gently makes the first request after a long absence a small one, and the only
// one under way: a collector that comes back meets all its senders at once, each
// of them with more than it can take. The rest follows as fast as the pace goes.
func (r *request) gently(w *work) (first *work, done func()) {
	e := r.e
	if e.stats.absence() < longAbsence {
		return r.cut(w), func() {}
	}
	select {
	case e.trial <- struct{}{}:
	case <-r.ctx.Done():
		return w, func() {}
	}
	done = func() { <-e.trial }
	if e.stats.absence() < longAbsence { // it ended meanwhile
		done()
		return r.cut(w), func() {}
	}
	e.slowDown(smallTrial)
	return r.cut(w), done
}

// cut takes off w as much as may be sent at once; the rest follows.
func (r *request) cut(w *work) *work {
	limit := r.e.atOnce()
	for w.records() > 1 && w.size() > limit {
		left, right := w.halve()
		left.failures, left.code, left.equal = w.failures, w.code, w.equal
		r.push(right)
		w = left
	}
	return w
}

// next returns what is to be sent now, or nil when nothing is left.
func (r *request) next() *work {
	for r.renew() {
		if i := r.ripe(); i >= 0 {
			w := r.suspects[i]
			r.suspects = slices.Delete(r.suspects, i, i+1)
			return w
		}
		if n := len(r.stack) - 1; n >= 0 && len(r.suspects) < maxSuspects {
			w := r.stack[n]
			r.stack = r.stack[:n]
			return w
		}
		if len(r.suspects) == 0 {
			return nil
		}
		r.probe()
	}
	return nil
}

// ripe returns the index of a suspect since whose refusal something else was
// accepted, or -1.
func (r *request) ripe() int {
	seq := r.e.accepts.count()
	return slices.IndexFunc(r.suspects, func(w *work) bool { return seq > w.since })
}

// renew drops the records of calls that withdrew, and reports whether the
// request may go on.
func (r *request) renew() bool {
	e := r.e
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.ctx != nil && r.ctx.Err() == nil {
		return true
	}
	r.stack = withoutWithdrawn(r.stack)
	r.suspects = withoutWithdrawn(r.suspects)
	r.calls = slices.DeleteFunc(r.calls, func(c *call) bool {
		if c.withdrawn {
			c.release(r)
		}
		return c.withdrawn
	})
	if r.cancel != nil {
		r.cancel()
	}
	r.ctx, r.cancel = context.WithCancel(e.ctx)
	return e.ctx.Err() == nil
}

func withoutWithdrawn(list []*work) []*work {
	return slices.DeleteFunc(list, func(w *work) bool {
		w.pieces = slices.DeleteFunc(w.pieces, func(p piece) bool { return p.call.withdrawn })
		return len(w.pieces) == 0
	})
}

// interrupt ends the attempt or the wait that is under way, because a call
// withdrew, and r's context at the end. The caller holds e.mu.
func (r *request) interrupt() {
	if r.cancel != nil {
		r.cancel()
	}
}

func (r *request) push(w *work) { r.stack = append(r.stack, w) }

// attempt sends w once. When it returns, nothing refers to the buffers of w.
func (r *request) attempt(w *work) answer {
	a := r.e.send(r.ctx, w.pieces)
	if a.verdict != accepted && a.verdict != interrupted {
		w.failures++
	}
	return a
}

// send makes one attempt with pieces.
func (e *Exporter) send(ctx context.Context, pieces []piece) answer {
	p := e.payloads.get()
	defer e.payloads.put(p)
	p.encode(pieces)
	limited, cancel := context.WithTimeout(ctx, e.cfg.Timeout)
	defer cancel()
	start := time.Now()
	a := e.client.send(limited, p)
	a.latency = time.Since(start)
	if a.verdict != accepted && ctx.Err() != nil {
		a.verdict = interrupted
		return a
	}
	e.observe(a, p)
	e.adapt(a, size(pieces))
	return a
}

func size(pieces []piece) (n int) {
	for _, p := range pieces {
		n += p.size()
	}
	return n
}

func (r *request) accept(w *work, a answer) {
	r.probes = 0
	r.e.note(a, w.records())
	r.e.acknowledge(w, a.rejected)
}

// note remembers that records were accepted, unless a partial success says
// that none of them was.
func (e *Exporter) note(a answer, records int) {
	if a.rejected < int64(records) {
		e.accepts.add()
	}
}

// isolate looks for the record at fault: w is halved until it stands alone.
// Alone it is not given up at once. A collector that refuses everything is a
// fault of the collector, so the record waits until something else was
// accepted, is sent again, and only then, refused again, becomes a dead letter.
func (r *request) isolate(w *work, a answer) {
	if w.records() > 1 {
		left, right := w.halve()
		r.push(right)
		r.push(left)
		return
	}
	if w.refusals++; w.refusals == 1 {
		w.since = r.e.accepts.count()
	}
	if w.refusals >= a.refusalsNeeded() { // next sends it a second time only once it is ripe
		if r.e.dead != nil && r.bury(w, a) {
			return
		}
		if r.e.dead == nil {
			r.sleep(backoffDelay(w.failures-1), false)
		}
	}
	r.suspects = append(r.suspects, w)
}

// probe waits, and asks the collector to accept a record of our own, if it has
// accepted nothing else meanwhile.
func (r *request) probe() {
	seq := r.e.accepts.count()
	r.sleep(backoffDelay(r.probes), true)
	if r.ctx.Err() != nil || r.e.accepts.count() != seq {
		return
	}
	r.probes++
	a := r.e.send(r.ctx, probePieces(time.Now(), r.e.cfg, whyProbe))
	switch a.verdict {
	case accepted:
		r.e.note(a, 1)
	case refused, tooLarge:
		r.e.loud.do("refuses everything", func() {
			r.e.log.Error("the collector refuses every record, so no record can be at fault: nothing is given up, and delivery goes on when it accepts records again",
				"answer", a.code, "message", a.message)
		})
	}
}

// bury makes a dead letter of w. While there is no room for it, or the disk
// fails, all delivery pauses. It reports whether that was done before a call
// withdrew.
func (r *request) bury(w *work, a answer) bool {
	p := r.e.payloads.get()
	defer r.e.payloads.put(p)
	p.encode(w.pieces)
	for paused := false; ; paused = true {
		err := r.e.dead.append(p, a, time.Now())
		if paused != (err != nil) {
			r.e.pause(err != nil)
		}
		if err == nil {
			break
		}
		r.e.loud.do("dead letters", func() {
			r.e.log.Error("delivery is paused, a refused record cannot be kept as a dead letter", "error", err)
		})
		if r.sleep(time.Second, false); r.ctx.Err() != nil {
			r.e.pause(false)
			return false
		}
	}
	r.e.stats.dead.Add(int64(w.records()))
	r.e.loud.do("dead letter", func() {
		r.e.log.Warn("the collector refused a record for good, it was kept as a dead letter", "answer", a.code, "message", a.message)
	})
	r.e.settle(w, func(o *Outcome, n int) { o.Dead += n })
	return true
}

// pause holds all requests that have not started, or lets them go.
func (e *Exporter) pause(on bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if on {
		e.paused++
		return
	}
	e.paused--
	e.pump()
}

// wait holds the request before its next attempt, as long as the collector
// asked for, or as the number of failures of w says.
func (r *request) wait(w *work, a answer) {
	r.e.stats.retries.Add(1)
	if a.delay > 0 {
		// Others were asked to wait as long.
		r.sleep(min(a.delay, maxDelay)+rand.N(min(a.delay, maxDelay)/4+1), false)
		return
	}
	r.sleep(backoffDelay(w.failures-1), a.verdict != faulty)
}

// sleep waits for d, or until a call withdraws. With early it also ends soon
// after another request was accepted, or a connection was made, since then the
// collector is back.
func (r *request) sleep(d time.Duration, early bool) {
	var news <-chan struct{}
	if early && d > firstBackoff {
		if !pass(r.ctx, firstBackoff, nil) {
			return
		}
		d, news = d-firstBackoff, r.e.accepts.next()
	}
	pass(r.ctx, d, news)
}

// pass waits for d and reports whether it passed undisturbed.
func pass(ctx context.Context, d time.Duration, news <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-news:
	case <-ctx.Done():
	}
	return false
}

// shrink notes that a request of w's size was too large, so that the next ones
// are gathered smaller.
func (e *Exporter) shrink(w *work) {
	if w.records() < 2 {
		return // a single large record says nothing about the others
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.learned.shrink(w.size() / 2)
}
