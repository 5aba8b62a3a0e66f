package pipeline

import (
	"context"
	"fmt"
	"sync"

	"github.com/rtcship/rtcship/tailer/entry"
)

// An order keeps the batches of a generation in order. Some of them are
// converted side by side, and a later one may be done first; within a request,
// the records of a file are to stand as they were written.
type order struct {
	mu    sync.Mutex
	lanes map[[16]byte][]*turn // by generation; those that have not been handed over yet
}

// A turn is a batch's place in its lane. It must not keep those that have left:
// each of them would keep the one before it, all the way back.
type turn struct {
	order *order
	lane  [16]byte
	first int64         // offset of the batch
	after []*turn       // none once it has been waited for
	in    chan struct{} // closed by enter
	over  chan struct{} // closed by leave
	enter func()
	once  sync.Once
}

func newOrder() *order { return &order{lanes: map[[16]byte][]*turn{}} }

// arrive takes a place. It waits only for batches that arrived earlier, so that
// what it waits for never waits for it, here or at the gate.
func (o *order) arrive(b entry.Batch) *turn {
	t := &turn{order: o, lane: b.Origin.Generation, in: make(chan struct{}), over: make(chan struct{})}
	t.enter = sync.OnceFunc(func() { close(t.in) })
	if len(b.Entries) > 0 {
		t.first = b.Entries[0].Offset
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, other := range o.lanes[t.lane] {
		if other.first < t.first {
			t.after = append(t.after, other)
		}
	}
	o.lanes[t.lane] = append(o.lanes[t.lane], t)
	return t
}

// approach waits until those before are through the gate. One that went through
// it before them would hold room that they wait for, and wait for them.
func (t *turn) approach(ctx context.Context) error {
	for _, other := range t.after {
		select {
		case <-other.in:
		case <-ctx.Done():
			return fmt.Errorf("wait for the batch before: %w", context.Cause(ctx))
		}
	}
	return nil
}

// await waits until those before have been handed over or have given up.
func (t *turn) await(ctx context.Context) error {
	for _, other := range t.after {
		select {
		case <-other.over:
		case <-ctx.Done():
			return fmt.Errorf("wait for the batch before: %w", context.Cause(ctx))
		}
	}
	t.after = nil
	return nil
}

// leave gives the place up. It may be called twice.
func (t *turn) leave() {
	t.enter()
	t.once.Do(func() {
		t.after = nil
		close(t.over)
		o := t.order
		o.mu.Lock()
		defer o.mu.Unlock()
		lane := o.lanes[t.lane]
		for i, other := range lane {
			if other == t {
				lane = append(lane[:i:i], lane[i+1:]...)
				break
			}
		}
		if len(lane) == 0 {
			delete(o.lanes, t.lane)
		} else {
			o.lanes[t.lane] = lane
		}
	})
}
