package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/tailer/entry"
)

// hostBatch is a batch of n lines from the first of names on.
func hostBatch(at, n, names int) entry.Batch {
	b := entry.Batch{Origin: &entry.Origin{Source: "pexip", Path: "/spool/1", Generation: [16]byte{1}}}
	for i := at; i < at+n; i++ {
		text := fmt.Sprintf("<134>1 2026-05-06T08:08:09Z h%06d app - - - message %06d", i%names, i)
		b.Entries = append(b.Entries, entry.Entry{Text: []byte(text), Offset: int64(100 * i), Observed: time.Now(), Transport: "tcp"})
	}
	return b
}

// 300,000 messages with as many names of hosts go the whole way to the
// acknowledgement. What they take stays within the gate, but for the batches that
// were being converted when it closed, and costs hardly more than one name does.
func TestInventedHostNames(t *testing.T) {
	const total, size, room = inventedNames, 4096, 4 << 20
	work := func(names int) (time.Duration, int64) {
		g := newGate(room, func() {})
		c := testConsumer(t, g)
		var most int64
		var mu sync.Mutex
		var batches []entry.Batch
		for at := 0; at < total; at += size {
			batches = append(batches, hostBatch(at, min(size, total-at), names))
		}
		before := processTime(t)
		var all sync.WaitGroup
		places := make(chan struct{}, 3)
		for _, b := range batches {
			places <- struct{}{}
			all.Go(func() {
				if err := c.consume(t.Context(), b); err != nil {
					t.Error(err)
				}
				mu.Lock()
				most = max(most, g.taken())
				mu.Unlock()
				<-places
			})
		}
		all.Wait()
		took := processTime(t) - before
		ledgers, counts := c.books.snapshot()
		if l := ledgers["pexip"]; l.Accepted != total || l.Balance() != 0 {
			t.Errorf("ledger %+v", l)
		}
		if beyond := counts["pexip"].Unresourced; (beyond > 0) != (names > 1) {
			t.Errorf("%d names: %d records say their host themselves", names, beyond)
		}
		return took, most
	}
	for attempt := 1; ; attempt++ {
		one, _ := work(1)
		many, most := work(total)
		t.Logf("one name %v, %d names %v, at most %d bytes of records", one, total, many, most)
		if most > 2*room {
			t.Errorf("%d bytes of records were there at once where %d may be", most, room)
		}
		if many <= 5*one/2 {
			return
		}
		if attempt == 3 {
			t.Fatalf("%d names cost %v, one costs %v", total, many, one)
		}
	}
}

// The records of a batch are charged as they are, not as they were expected to be.
func TestGateChargesWhatThereIs(t *testing.T) {
	b := hostBatch(0, 1000, 1000)
	var out convert.Output
	costConverter(t).Convert(b, &out)
	var resources int64
	for _, g := range out.Groups {
		resources += int64(len(g.Records) + len(g.Resource))
	}
	if out.Size() < resources {
		t.Errorf("%d bytes are charged for %d", out.Size(), resources)
	}
	g := newGate(1<<30, func() {})
	r, err := g.enter(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	r.take(50)
	if g.taken() != 100 {
		t.Errorf("%d are taken of 100 that were asked for", g.taken())
	}
	r.take(out.Size())
	if g.taken() != out.Size() {
		t.Errorf("%d are taken of %d", g.taken(), out.Size())
	}
	r.leave()
	if g.taken() != 0 {
		t.Errorf("%d are still taken", g.taken())
	}
}

// Who has come first goes in first; an overdrawn gate is closed until that much
// has been given back; who goes away takes nothing along.
func TestGateInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		waits := 0
		g := newGate(100, func() { waits++ })
		first, _ := g.enter(t.Context(), 1000) // more than there is: it goes alone
		var mu sync.Mutex
		var order []int
		came := func(i int) {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, i)
		}
		enter := func(ctx context.Context, i int, n int64) {
			go func() {
				r, err := g.enter(ctx, n)
				if err != nil {
					came(-i)
					return
				}
				came(i)
				time.Sleep(time.Second)
				r.leave()
			}()
			synctest.Wait()
		}
		ctx, cancel := context.WithCancel(t.Context())
		enter(t.Context(), 1, 60)
		enter(ctx, 2, 10)
		enter(t.Context(), 3, 60)
		enter(t.Context(), 4, 70)
		cancel()
		synctest.Wait()
		if waits != 4 || g.waiting.Load() != 3 || fmt.Sprint(order) != "[-2]" {
			t.Errorf("%d had to wait, %d wait, order %v", waits, g.waiting.Load(), order)
		}
		first.take(300)
		first.leave()
		synctest.Wait()
		enter(t.Context(), 5, 40) // there is room for it, and who has come before
		time.Sleep(10 * time.Second)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if fmt.Sprint(order) != "[-2 1 3 4 5]" || g.taken() != 0 {
			t.Errorf("order %v, %d still taken", order, g.taken())
		}
		cause := errors.New("stop")
		stopped, stop := context.WithCancelCause(t.Context())
		stop(cause)
		again, _ := g.enter(t.Context(), 100)
		if _, err := g.enter(stopped, 1); !errors.Is(err, cause) {
			t.Errorf("%v", err)
		}
		again.leave()
	})
}
