package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rtcship/rtcship/exporter"
)

const (
	// spanWait is how much longer a batch waits for its spans than for its records.
	spanWait = time.Second

	// scoutEvery is how often an endpoint that does not answer is asked again.
	scoutEvery = 5 * time.Second

	// maxScout bounds the spans it is asked with.
	maxScout = 64 << 10
)

// Why spans are dropped.
const (
	spansTimeout  = "timeout"  // no answer within spanWait
	spansAway     = "away"     // the endpoint has not answered since
	spansRejected = "rejected" // by partial success
	spansRefused  = "refused"  // for good
)

// spans delivers spans without holding up the records beside them. A batch waits
// for its spans, so that a killed process reads their lines again. Once that was in
// vain, no batch waits any more, and a scout goes ahead: the spans of the first one.
type spans struct {
	exporter *exporter.Exporter
	books    *books
	every    time.Duration // between two scouts
	patience time.Duration // of a batch; spanWait unless Options say otherwise
	blocked  func()        // called when a batch begins to wait for nothing but its spans
	waiting  atomic.Int64  // batches that do

	ctx    context.Context // ends with close
	cancel context.CancelFunc
	scouts sync.WaitGroup

	mu     sync.Mutex
	trust  context.Context // ends when the endpoint turns out to be away
	doubt  context.CancelFunc
	isAway bool
}

// newSpans returns what delivers spans as cfg says, whose Signal is traces.
func newSpans(cfg exporter.Config, b *books, blocked func()) (*spans, error) {
	s := &spans{books: b, every: scoutEvery, patience: spanWait, blocked: blocked}
	cfg.Blocked = func(int) bool { return true } // batches have gathered them
	var err error
	if s.exporter, err = exporter.New(cfg); err != nil {
		return nil, fmt.Errorf("prepare delivery of spans: %w", err)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.trust, s.doubt = context.WithCancel(s.ctx)
	return s, nil
}

// answers is how often the endpoint has accepted something.
func (s *spans) answers() int64 { return s.exporter.Status().Requests["OK"] }

// A spanDelivery is the spans of a batch that were handed over; nil if there is
// nothing to wait for.
type spanDelivery struct {
	s        *spans
	groups   []exporter.Group
	n        int
	trust    context.Context
	delivery *exporter.Delivery
}

// enqueue hands spans over, or drops them while the endpoint is away. s may be nil
// if there are none.
func (s *spans) enqueue(groups []exporter.Group) (*spanDelivery, error) {
	n := 0
	for i := range groups {
		n += len(groups[i].Ends)
	}
	if n == 0 {
		return nil, nil
	}
	s.mu.Lock()
	away, trust := s.isAway, s.trust
	s.mu.Unlock()
	if away {
		s.books.dropped(spansAway, n)
		return nil, nil
	}
	d, err := s.exporter.Enqueue(groups)
	if err != nil {
		return nil, err
	}
	s.exporter.Poke() // they are waited for only after the records beside them
	return &spanDelivery{s, groups, n, trust, d}, nil
}

// wait returns when the spans are settled or dropped, and an error only if ctx
// ends first.
func (d *spanDelivery) wait(ctx context.Context) error {
	if d == nil {
		return nil
	}
	s := d.s
	s.waiting.Add(1)
	defer s.waiting.Add(-1)
	s.blocked()
	limited, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	defer context.AfterFunc(d.trust, cancel)()
	outcome, err := d.delivery.Wait(limited)
	switch {
	case err == nil:
		s.books.spanned(outcome)
	case ctx.Err() != nil || errors.Is(err, exporter.ErrClosed):
		return err
	case d.trust.Err() != nil || !s.leave(d):
		s.books.dropped(spansAway, d.n)
	}
	return nil
}

// leave stops all waiting, and sends d ahead as a scout. It returns false if the
// endpoint was known to be away.
func (s *spans) leave(d *spanDelivery) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isAway || s.ctx.Err() != nil {
		return false
	}
	s.isAway = true
	s.doubt()
	scout, n := scoutOf(d.groups)
	s.books.dropped(spansTimeout, d.n-n)
	s.scouts.Go(func() { s.scout(scout, n) })
	return true
}

// scoutOf copies as many spans as are enough to find out whether there is an
// answer, and returns their number.
func scoutOf(groups []exporter.Group) (scout []exporter.Group, n int) {
	size := 0
	for _, g := range groups {
		if size += len(g.Records) + len(g.Resource); size > maxScout {
			break
		}
		n += len(g.Ends)
		scout = append(scout, exporter.Group{
			Resource: slices.Clone(g.Resource), Scope: slices.Clone(g.Scope), Records: slices.Clone(g.Records), Ends: slices.Clone(g.Ends),
		})
	}
	if n == 0 { // the first one is too large, and a span of it is not
		g := groups[slices.IndexFunc(groups, func(g exporter.Group) bool { return len(g.Ends) > 0 })]
		end := g.Ends[0]
		return []exporter.Group{{Resource: slices.Clone(g.Resource), Scope: slices.Clone(g.Scope), Records: slices.Clone(g.Records[:end]), Ends: []int{end}}}, 1
	}
	return scout, n
}

// scout asks until there is an answer. n are the spans that it asks with.
func (s *spans) scout(groups []exporter.Group, n int) {
	for {
		select {
		case <-time.After(s.every):
		case <-s.ctx.Done():
			s.books.dropped(spansTimeout, n)
			return
		}
		before := s.answers()
		if s.ask(groups) {
			break
		}
		if s.answers() > before { // it answers, and likes none of these
			s.books.dropped(spansRefused, n)
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isAway = false
	s.trust, s.doubt = context.WithCancel(s.ctx)
}

// ask sends a scout once and reports whether it was settled.
func (s *spans) ask(groups []exporter.Group) bool {
	ctx, cancel := context.WithTimeout(s.ctx, spanWait)
	defer cancel()
	d, err := s.exporter.Enqueue(groups)
	if err != nil {
		return false
	}
	outcome, err := d.Wait(ctx)
	if err == nil {
		s.books.spanned(outcome)
	}
	return err == nil
}

// away reports whether the endpoint did not answer in time, and has not since.
func (s *spans) away() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isAway
}

func (s *spans) close(ctx context.Context) error {
	if s == nil {
		return nil
	}
	s.cancel()
	s.scouts.Wait()
	return s.exporter.Close(ctx)
}
