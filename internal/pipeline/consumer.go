package pipeline

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/tailer/entry"
)

// A consumer converts a batch and sends what came of it. It is where the
// three packages meet: tailer calls it, and its return is the acknowledgement.
type consumer struct {
	converter *convert.Converter
	exporter  *exporter.Exporter
	gate      *gate
	outputs   sync.Pool // of *output
	books     *books
	order     *order
}

// An output is what one batch is converted into; it is used again and again.
type output struct {
	convert.Output
	groups []exporter.Group
}

func newConsumer(c *convert.Converter, e *exporter.Exporter, g *gate, b *books) *consumer {
	return &consumer{
		converter: c, exporter: e, gate: g, books: b, order: newOrder(),
		outputs: sync.Pool{New: func() any { return new(output) }},
	}
}

// Consume implements entry.Consumer.
func (c *consumer) Consume(ctx context.Context, b entry.Batch) error {
	source, entries, bytes := b.Origin.Source, len(b.Entries), textBytes(b)
	c.books.begin(source, entries)
	turn := c.order.arrive(b)
	defer turn.leave()
	release, err := c.enter(ctx, turn, bytes)
	if err != nil {
		c.books.withdrawn(source, entries, nil)
		return err
	}
	defer release()
	out := c.outputs.Get().(*output)
	defer c.outputs.Put(out)
	c.converter.Convert(b, &out.Output)
	c.books.converted(source, &out.Counts)
	out.groups = out.groups[:0]
	for _, g := range out.Groups {
		out.groups = append(out.groups, exporter.Group(g))
	}
	outcome, err := c.deliver(ctx, turn, out.groups)
	if err != nil {
		c.books.withdrawn(source, entries, &out.Counts)
		return err
	}
	c.books.settled(b.Origin, &out.Counts, outcome, bytes)
	return nil
}

// enter goes through the gate, after the batches before.
func (c *consumer) enter(ctx context.Context, t *turn, bytes int64) (release func(), err error) {
	if err := t.approach(ctx); err != nil {
		return nil, err
	}
	release, err = c.gate.enter(ctx, convert.Expansion*bytes)
	t.enter()
	return release, err
}

// deliver hands groups over when it is their turn, and waits until they are settled.
func (c *consumer) deliver(ctx context.Context, t *turn, groups []exporter.Group) (exporter.Outcome, error) {
	if err := t.await(ctx); err != nil {
		return exporter.Outcome{}, err
	}
	d, err := c.exporter.Enqueue(groups)
	t.leave()
	if err != nil {
		return exporter.Outcome{}, err
	}
	return d.Wait(ctx)
}

func textBytes(b entry.Batch) int64 {
	var n int64
	for i := range b.Entries {
		n += int64(len(b.Entries[i].Text))
	}
	return n
}

// A gate bounds the records that are made and not yet settled to those of the
// requests under way and the next one. Without it, the records of all that
// limits.memory lets the tailer read could wait at the exporter.
type gate struct {
	size    int64
	open    *semaphore.Weighted
	waiting atomic.Int64
	blocked func() // called when somebody begins to wait
}

func newGate(size int64, blocked func()) *gate {
	return &gate{size: size, open: semaphore.NewWeighted(size), blocked: blocked}
}

// enter waits until n bytes of records may be made. A batch that makes more than
// the gate holds goes through alone.
func (g *gate) enter(ctx context.Context, n int64) (release func(), err error) {
	n = min(n, g.size)
	if !g.open.TryAcquire(n) {
		g.waiting.Add(1)
		g.blocked()
		err = g.open.Acquire(ctx, n)
		g.waiting.Add(-1)
	}
	if err != nil {
		return nil, fmt.Errorf("wait for room to convert: %w", err)
	}
	return func() { g.open.Release(n) }, nil
}
