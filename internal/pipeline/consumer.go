package pipeline

import (
	"cmp"
	"context"
	"sync"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/internal/numbers"
	"github.com/rtcship/rtcship/tailer/entry"
)

// A consumer converts a batch and sends what came of it. It is where the
// three packages meet: tailer calls it, and its return is the acknowledgement.
type consumer struct {
	converter *convert.Converter
	exporter  *exporter.Exporter
	spans     *spans // nil if none are made
	numbers   *numbers.Meter
	replayed  replayed
	gate      *gate
	outputs   sync.Pool // of *output
	books     *books
	order     *order
}

// An output is what one batch is converted into; it is used again and again.
type output struct {
	convert.Output
	groups, spans []exporter.Group
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
	room, err := c.enter(ctx, turn, bytes)
	if err != nil {
		c.books.withdrawn(source, entries, nil)
		return err
	}
	defer room.leave()
	out := c.outputs.Get().(*output)
	defer c.outputs.Put(out)
	if err := c.converter.ConvertContext(ctx, b, &out.Output); err != nil {
		c.books.withdrawn(source, entries, nil)
		return err
	}
	room.take(out.Size())
	c.books.converted(source, &out.Counts)
	out.groups, out.spans = asGroups(out.groups[:0], out.Groups), asGroups(out.spans[:0], out.Spans)
	outcome, err := c.deliver(ctx, turn, b.Origin, out)
	if err != nil {
		c.books.withdrawn(source, entries, &out.Counts)
		return err
	}
	c.books.settled(b.Origin, &out.Counts, outcome, bytes)
	c.books.events.note(b.Origin, &out.Output)
	c.numbers.Note(&out.Numbers, c.replayed.until(b.Origin))
	return nil
}

// enter goes through the gate, after the batches before.
func (c *consumer) enter(ctx context.Context, t *turn, bytes int64) (*room, error) {
	if err := t.approach(ctx); err != nil {
		return nil, err
	}
	room, err := c.gate.enter(ctx, convert.Expansion*bytes)
	t.enter()
	return room, err
}

// asGroups appends those of made that hold something.
func asGroups(groups []exporter.Group, made []convert.Group) []exporter.Group {
	for _, g := range made {
		if len(g.Ends) > 0 {
			groups = append(groups, exporter.Group(g))
		}
	}
	return groups
}

// deliver hands what was made over when it is its turn, and waits until the records
// are settled, and the spans too or dropped.
func (c *consumer) deliver(ctx context.Context, t *turn, origin *entry.Origin, out *output) (exporter.Outcome, error) {
	if err := t.await(ctx); err != nil {
		return exporter.Outcome{}, err
	}
	d, err := c.exporter.EnqueueOf(origin, out.groups)
	t.leave()
	if err != nil {
		return exporter.Outcome{}, err
	}
	s, spansErr := c.spans.enqueue(out.spans)
	outcome, err := d.Wait(ctx)
	if spansErr == nil {
		spansErr = s.wait(ctx) // even if there is an error already: until then the buffers are in use
	}
	if err = cmp.Or(err, spansErr); err != nil {
		return exporter.Outcome{}, err
	}
	return outcome, nil
}

func textBytes(b entry.Batch) int64 {
	var n int64
	for i := range b.Entries {
		n += int64(len(b.Entries[i].Text))
	}
	return n
}
