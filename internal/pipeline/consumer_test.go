package pipeline

import (
	"context"
	"strings"
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

// A file's large batch finds the gate full. Just then there is room, and its
// small batch comes. If that one took the room, it would wait for the large one
// to be handed over, and the large one for the room, for ever.
func TestBatchesOfOneFileDoNotBlockEachOther(t *testing.T) {
	const size = 1000
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var c *consumer
	smallDone := make(chan error, 1)
	var g *gate
	room, err := func() (*room, error) {
		g = newGate(size, func() {})
		return g.enter(ctx, size)
	}()
	if err != nil {
		t.Fatal(err)
	}
	once := true
	g.blocked = func() { // the large batch is about to wait
		if !once {
			return
		}
		once = false
		room.leave()
		go func() { smallDone <- c.Consume(ctx, batchOf(size, "small")) }()
		// The small one gets as far as it will. There is nothing to see of one
		// that rightly waits; so a slow machine may overlook a fault here, but
		// never find one that is not there.
		for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); time.Sleep(time.Millisecond) {
			if g.taken() > 0 {
				return
			}
		}
	}
	c = testConsumer(t, g)
	if err := c.Consume(ctx, batchOf(0, strings.Repeat("large ", size))); err != nil {
		t.Errorf("large batch: %v", err)
	}
	if err := <-smallDone; err != nil {
		t.Errorf("small batch: %v", err)
	}
	if g.taken() != 0 {
		t.Error("room at the gate was not given back")
	}
	ledgers, _ := c.books.snapshot()
	if l := ledgers["sora"]; l.Accepted != 2 || l.Balance() != 0 {
		t.Errorf("ledger %+v", l)
	}
}
