package exporter

import (
	"slices"
	"sort"
	"time"
)

// A call is one Send that waits. Its fields are guarded by Exporter.mu.
type call struct {
	unsettled int // records
	outcome   Outcome
	withdrawn bool
	origin    any           // where the records come from; nil if nobody says
	fresh     bool          // they may go before others' backlog
	done      chan struct{} // closed when unsettled becomes 0
	requests  []*request    // that may hold its buffers
	idle      chan struct{} // closed when requests becomes empty; nil until somebody waits for it
}

// whenIdle returns a channel that is closed once no request holds the buffers.
func (c *call) whenIdle() <-chan struct{} {
	c.idle = make(chan struct{})
	if len(c.requests) == 0 {
		close(c.idle)
	}
	return c.idle
}

// release says that r holds nothing of c any more.
func (c *call) release(r *request) {
	i := slices.Index(c.requests, r)
	if i < 0 {
		return
	}
	c.requests = slices.Delete(c.requests, i, i+1)
	if len(c.requests) == 0 && c.idle != nil {
		close(c.idle)
	}
}

// A piece is the records lo to hi of one group.
type piece struct {
	call   *call
	group  *Group
	lo, hi int
	at     time.Time // when its Send began
}

func (p piece) records() int { return p.hi - p.lo }

func (p piece) start() int {
	if p.lo == 0 {
		return 0
	}
	return p.group.Ends[p.lo-1]
}

func (p piece) bytes() []byte {
	start, end := p.start(), p.group.Ends[p.hi-1]
	return p.group.Records[start:end:end]
}

func (p piece) size() int { return p.group.Ends[p.hi-1] - p.start() }

// overhead is an upper bound for what a group adds to a request around its
// records: two messages in messages, each with tag and length.
func (p piece) overhead() int { return len(p.group.Resource) + len(p.group.Scope) + 4*maxFieldHeader }

// fit returns how many records of p have at most room bytes together.
func (p piece) fit(room int) int {
	base := p.start()
	ends := p.group.Ends[p.lo:p.hi]
	return sort.Search(len(ends), func(i int) bool { return ends[i]-base > room })
}

// split takes the first n records off p.
func (p piece) split(n int) (head, tail piece) {
	head, tail = p, p
	head.hi, tail.lo = p.lo+n, p.lo+n
	return head, tail
}

// A queue is pieces that wait for a request, in the order they came.
type queue struct {
	pieces []piece
	bytes  int // with overhead
}

func (q *queue) empty() bool { return len(q.pieces) == 0 }

func (q *queue) add(c *call, g *Group, now time.Time) {
	if len(g.Records) == 0 {
		return
	}
	if len(g.Ends) == 0 {
		g = &Group{Resource: g.Resource, Scope: g.Scope, Records: g.Records, Ends: []int{len(g.Records)}}
	}
	p := piece{call: c, group: g, hi: len(g.Ends), at: now}
	q.pieces = append(q.pieces, p)
	q.bytes += p.size() + p.overhead()
	c.unsettled += p.records()
}

func (q *queue) remove(c *call) {
	q.pieces = slices.DeleteFunc(q.pieces, func(p piece) bool {
		if p.call != c {
			return false
		}
		q.bytes -= p.size() + p.overhead()
		return true
	})
}

// take removes as many records as make a request of at most limit bytes together
// with those taken already, and at least one.
func (q *queue) take(taken []piece, limit int) []piece {
	for _, p := range taken {
		limit -= p.size() + p.overhead()
	}
	n := 0
	for ; n < len(q.pieces); n++ {
		p := q.pieces[n]
		need := p.size() + p.overhead()
		if need <= limit {
			taken = append(taken, p)
			limit -= need
			q.bytes -= need
			continue
		}
		if k := p.fit(limit - p.overhead()); k > 0 || len(taken) == 0 {
			head, tail := p.split(max(k, 1))
			taken = append(taken, head)
			q.bytes -= head.size()
			q.pieces[n] = tail
			if tail.records() == 0 {
				q.bytes -= tail.overhead()
				n++
			}
		}
		break
	}
	q.pieces = slices.Delete(q.pieces, 0, n)
	return taken
}

// evaluate asks whether more can come, and sends what should leave.
func (e *Exporter) evaluate() {
	e.mu.Lock()
	waiting, ask := e.calls, e.cfg.Blocked != nil && !e.flush && !e.empty()
	e.mu.Unlock()
	blocked := ask && e.cfg.Blocked(waiting)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.flush = e.flush || blocked
	e.pump()
}

// pump starts requests while there is a reason and a free place. The caller
// holds e.mu.
func (e *Exporter) pump() {
	for !e.closed && e.paused == 0 {
		pieces, fresh := e.depart(e.learned.limit(e.cfg.MaxRequest))
		if len(pieces) == 0 {
			break
		}
		e.start(pieces, fresh)
	}
	e.flush = e.flush && !e.empty()
	e.arm()
}

// depart takes what is to leave now, if anything. What is fresh goes first. While
// the collector is behind it goes alone, and has a place of its own: others'
// backlog would hold it up. The caller holds e.mu.
func (e *Exporter) depart(limit int) (pieces []piece, fresh bool) {
	if !e.behind() {
		if e.inFlight >= e.cfg.Concurrency || !e.ripe(e.fresh, e.pending, limit) {
			return nil, false
		}
		return e.pending.take(e.fresh.take(nil, limit), limit), false
	}
	if e.freshPlace() && e.ripe(e.fresh, queue{}, limit) {
		return e.fresh.take(nil, limit), true
	}
	if !e.backlogPlace() || !e.ripe(queue{}, e.pending, limit) {
		return nil, false
	}
	limit = e.pace.limit(limit)
	if e.freshOut == 0 || e.overtaken() {
		pieces = e.fresh.take(nil, limit)
	}
	return e.pending.take(pieces, limit), false
}

// overtaken reports whether something fresh waits that is older than what has come
// of the same place since, and has become a backlog. The caller holds e.mu.
func (e *Exporter) overtaken() bool {
	return slices.ContainsFunc(e.fresh.pieces, func(p piece) bool { return e.origins[p.call.origin] > 0 })
}

// backlogPlace reports whether a request of others may start while the collector
// is behind. The caller holds e.mu.
func (e *Exporter) backlogPlace() bool {
	if e.cfg.Concurrency == 1 {
		return e.inFlight == 0
	}
	return e.inFlight-e.freshOut < e.cfg.Concurrency
}

// freshPlace reports whether a request of what is fresh may start while the
// collector is behind. One with a single place keeps to the order. The caller
// holds e.mu.
func (e *Exporter) freshPlace() bool {
	return e.freshOut == 0 && (e.inFlight == 0 || e.cfg.Concurrency > 1)
}

// behind reports whether the collector does not take all there is. The caller
// holds e.mu.
func (e *Exporter) behind() bool { return e.pace != 0 || e.stats.isFailing() }

func (e *Exporter) empty() bool { return e.fresh.empty() && e.pending.empty() }

// ripe says whether what waits is to leave. While nothing is under way, a part of
// a request is enough: otherwise conversion and sending take turns, each idle
// while the other works. The caller holds e.mu.
func (e *Exporter) ripe(fresh, rest queue, limit int) bool {
	if fresh.empty() && rest.empty() {
		return false
	}
	enough := limit
	if e.inFlight == 0 {
		enough = limit / idleShare
	}
	return e.flush || fresh.bytes+rest.bytes >= enough || time.Since(oldest(fresh, rest)) >= e.cfg.MaxDelay
}

// oldest returns since when the first of what waits does.
func oldest(queues ...queue) (at time.Time) {
	for _, q := range queues {
		if !q.empty() && (at.IsZero() || q.pieces[0].at.Before(at)) {
			at = q.pieces[0].at
		}
	}
	return at
}

// idleShare is the part of a request that leaves if nothing is under way. At
// 10,000 lines a second it takes more than one look at a file to come together,
// so a steady log makes hardly more requests for it.
const idleShare = 4

// arm sets the timer for the first pending record. While all places are taken
// no timer is needed: a request that settles pumps.
func (e *Exporter) arm() {
	fresh, rest := e.fresh, e.pending
	taken := !e.behind() && e.inFlight >= e.cfg.Concurrency // as depart sees it, which tells fresh requests apart only while behind
	if taken || e.behind() && !e.freshPlace() {
		fresh = queue{}
	}
	if taken || !e.backlogPlace() {
		rest = queue{}
	}
	if fresh.empty() && rest.empty() || e.closed || e.paused > 0 {
		return
	}
	wait := max(0, e.cfg.MaxDelay-time.Since(oldest(fresh, rest)))
	if e.timer == nil {
		e.timer = time.AfterFunc(wait, e.tick)
		return
	}
	e.timer.Reset(wait)
}

func (e *Exporter) tick() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pump()
}

// start hands pieces to a request of their own. The caller holds e.mu.
func (e *Exporter) start(pieces []piece, fresh bool) {
	r := &request{e: e, stack: []*work{newWork(pieces)}, fresh: fresh}
	if fresh {
		e.freshOut++
	}
	for _, p := range pieces {
		if !slices.Contains(r.calls, p.call) {
			r.calls = append(r.calls, p.call)
			p.call.requests = append(p.call.requests, r)
		}
	}
	e.inFlight++
	e.runs.Add(1)
	go r.run()
}

// finish gives a request's place back.
func (e *Exporter) finish(r *request) {
	e.mu.Lock()
	for _, c := range r.calls {
		c.release(r)
	}
	r.interrupt() // the Exporter's context holds on to r's until it is cancelled
	e.inFlight--
	if r.fresh {
		e.freshOut--
	}
	e.mu.Unlock()
	e.evaluate()
	e.runs.Done()
}

// acknowledge settles the records of w, of which a partial success may have
// rejected some.
func (e *Exporter) acknowledge(w *work, rejected int64) {
	e.settle(w, func(o *Outcome, n int) {
		k := int(min(int64(n), rejected))
		rejected -= int64(k)
		o.Rejected += k
		o.Accepted += n - k
	})
}

// settle answers for the records of w, piece by piece.
func (e *Exporter) settle(w *work, add func(o *Outcome, records int)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range w.pieces {
		c := p.call
		add(&c.outcome, p.records())
		if c.unsettled -= p.records(); c.unsettled == 0 {
			close(c.done)
			if !c.withdrawn {
				e.calls--
				e.leave(c)
			}
		}
	}
}
