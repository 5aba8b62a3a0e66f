package pipeline

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtcship/rtcship/tailer"
)

func batchAt(generation byte, offset int64) tailer.Batch {
	return tailer.Batch{Origin: &tailer.Origin{Generation: [16]byte{generation}}, Entries: []tailer.Entry{{Offset: offset}}}
}

// The second batch of a file is not handed over before the first, however much
// sooner it is converted; another file's does not wait.
func TestOrderWithinAFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOrder()
		first, second, other := o.arrive(batchAt(1, 0)), o.arrive(batchAt(1, 100)), o.arrive(batchAt(2, 50))
		passed := false
		go func() {
			if err := second.await(t.Context()); err != nil {
				t.Error(err)
			}
			passed = true
			second.leave()
		}()
		if err := other.await(t.Context()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if passed {
			t.Error("the second batch went first")
		}
		first.leave()
		first.leave()
		synctest.Wait()
		if !passed {
			t.Error("the second batch still waits")
		}
		other.leave()
		if len(o.lanes) != 0 {
			t.Errorf("%d lanes are left over", len(o.lanes))
		}
	})
}

func TestOrderEndsWithItsContext(t *testing.T) {
	o := newOrder()
	o.arrive(batchAt(1, 0))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.arrive(batchAt(1, 100)).await(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// A small batch that went through the gate before a large one that came first
// would keep the room that the large one needs, and wait for it: for ever.
func TestOrderAtTheGate(t *testing.T) {
	o := newOrder()
	large, small := o.arrive(batchAt(1, 0)), o.arrive(batchAt(1, 100))
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := small.approach(short); err == nil {
		t.Error("the second batch goes first")
	}
	large.enter()
	if err := small.approach(t.Context()); err != nil {
		t.Error(err)
	}
	third := o.arrive(batchAt(1, 200))
	small.leave() // without having been through
	large.leave()
	if err := third.approach(t.Context()); err != nil {
		t.Error(err)
	}
}
