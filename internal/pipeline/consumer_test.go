package pipeline

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/exporter/exportertest"
	"github.com/rtcship/rtcship/tailer/entry"
)

func testConsumer(t *testing.T, g *gate) *consumer {
	t.Helper()
	server, err := exportertest.Start(exportertest.Config{HTTPListen: "-"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	e, err := exporter.New(exporter.Config{Endpoint: server.Endpoint(exportertest.GRPC), MaxDelay: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close(context.Background()) })
	return newConsumer(costConverter(t), e, g, newBooks())
}

func batchOf(offset int64, text string) entry.Batch {
	return entry.Batch{
		Origin:  &entry.Origin{Source: "sora", Log: "sora", Generation: [16]byte{1}},
		Entries: []entry.Entry{{Text: []byte(text), Offset: offset}},
	}
}

// taken is how much of the gate is in use.
func (g *gate) taken() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.used
}

// consume offers a batch and waits until it is settled.
func (c *consumer) consume(ctx context.Context, b entry.Batch) error {
	r, err := c.Offer(ctx, b)
	if err != nil {
		return err
	}
	return r.Wait(ctx)
}

// Batches of a file are sent in the order offered, whichever is waited for first, and
// their room at the gate is given back.
func TestOrderWithinAFile(t *testing.T) {
	const n = 50
	g := newGate(1<<20, func() {})
	var mu sync.Mutex
	var got []string
	server, err := exportertest.Start(exportertest.Config{HTTPListen: "-", Take: func(r *exportertest.Request) {
		records, err := r.Records()
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, r := range records {
			got = append(got, r.Body.GetStringValue())
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	e, err := exporter.New(exporter.Config{Endpoint: server.Endpoint(exportertest.GRPC), MaxDelay: 100 * time.Millisecond, Concurrency: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close(context.Background()) })
	c := newConsumer(costConverter(t), e, g, newBooks())
	var receipts []entry.Receipt
	var want []string
	for i := range n {
		text := fmt.Sprintf("line %d", i)
		want = append(want, text)
		r, err := c.Offer(t.Context(), batchOf(int64(100*i), text))
		if err != nil {
			t.Fatal(err)
		}
		receipts = append(receipts, r)
	}
	for _, r := range slices.Backward(receipts) {
		if err := r.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("sent in the order %q", got)
	}
	if g.taken() != 0 {
		t.Error("room at the gate was not given back")
	}
	ledgers, _ := c.books.snapshot()
	if l := ledgers["sora"]; l.Accepted != n || l.Balance() != 0 {
		t.Errorf("ledger %+v", l)
	}
}

// A batch that is given up while it waits for room leaves nothing behind.
func TestOfferThatIsGivenUp(t *testing.T) {
	g := newGate(1000, func() {})
	c := testConsumer(t, g)
	room, err := g.enter(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	g.blocked = cancel
	if r, err := c.Offer(ctx, batchOf(0, "text")); err == nil || r != nil {
		t.Errorf("%v, %v", r, err)
	}
	room.leave()
	ledgers, _ := c.books.snapshot()
	if l := ledgers["sora"]; g.taken() != 0 || l.Read != 0 || l.Balance() != 0 {
		t.Errorf("%d taken, ledger %+v", g.taken(), l)
	}
}
