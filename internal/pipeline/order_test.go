package pipeline

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/rtcship/rtcship/tailer/entry"
)

func batchAt(generation byte, offset int64) entry.Batch {
	return entry.Batch{Origin: &entry.Origin{Generation: [16]byte{generation}}, Entries: []entry.Entry{{Offset: offset}}}
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

// While a file always has a batch under way, each waits for the one before. It
// must not keep it, with all those before that one, for as long as that goes on.
func TestOrderForgetsThoseThatLeft(t *testing.T) {
	o := newOrder()
	var old []weak.Pointer[turn]
	last := o.arrive(batchAt(1, 0))
	for i := range 10 {
		next := o.arrive(batchAt(1, int64(i+1)))
		old = append(old, weak.Make(last))
		if i%2 == 0 { // handed over, or withdrawn before
			if err := last.await(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		last.leave()
		last = next
	}
	runtime.GC()
	for i, p := range old[:len(old)-1] {
		if p.Value() != nil {
			t.Errorf("turn %d is still kept", i)
		}
	}
	runtime.KeepAlive(last)
}
