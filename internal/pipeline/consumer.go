package pipeline

import (
	"cmp"
	"context"
	"log/slog"
	"sync"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/internal/numbers"
	"github.com/rtcship/rtcship/tailer/entry"
)

// A consumer converts a batch and sends what came of it. It is where the
// three packages meet: tailer calls it, and a receipt is the acknowledgement.
type consumer struct {
	converter *convert.Converter
	exporter  *exporter.Exporter
	spans     *spans // nil if none are made
	numbers   *numbers.Meter
	replayed  replayed
	gate      *gate
	outputs   sync.Pool // of *output
	books     *books
	log       *slog.Logger
}

// An output is what one batch is converted into; it is used again and again.
type output struct {
	convert.Output
	groups, spans []exporter.Group
}

func newConsumer(c *convert.Converter, e *exporter.Exporter, g *gate, b *books) *consumer {
	return &consumer{
		converter: c, exporter: e, gate: g, books: b, log: slog.New(slog.DiscardHandler),
		outputs: sync.Pool{New: func() any { return new(output) }},
	}
}

// Offer implements entry.Consumer: what is made of b waits at the exporter when it returns.
func (c *consumer) Offer(ctx context.Context, b entry.Batch) (entry.Receipt, error) {
	r := &receipt{consumer: c, origin: b.Origin, entries: len(b.Entries), bytes: textBytes(b)}
	c.books.begin(b.Origin.Source, r.entries)
	room, err := c.gate.enter(ctx, convert.Expansion*r.bytes)
	if err != nil {
		c.books.withdrawn(b.Origin.Source, r.entries, nil)
		return nil, err
	}
	r.room, r.out = room, c.outputs.Get().(*output)
	if err := r.convert(ctx, b); err != nil {
		r.leave()
		return nil, err
	}
	return r, nil
}

// A receipt is a batch that was converted and handed over.
type receipt struct {
	*consumer
	origin  *entry.Origin
	entries int
	bytes   int64 // of text
	room    *room
	out     *output
	records *exporter.Delivery
	made    *spanDelivery // nil if there are no spans
	refused error         // of the spans
}

// convert makes records and spans, and hands them over.
func (r *receipt) convert(ctx context.Context, b entry.Batch) error {
	out := r.out
	if err := r.converter.ConvertContext(ctx, b, &out.Output); err != nil {
		r.books.withdrawn(b.Origin.Source, r.entries, nil)
		return err
	}
	r.tell(&out.Output)
	r.room.take(out.Size())
	r.books.converted(b.Origin.Source, &out.Counts)
	out.groups, out.spans = asGroups(out.groups[:0], out.Groups), asGroups(out.spans[:0], out.Spans)
	var err error
	if r.records, err = r.exporter.EnqueueOf(b.Origin, out.groups); err != nil {
		r.books.withdrawn(b.Origin.Source, r.entries, &out.Counts)
		return err
	}
	r.made, r.refused = r.spans.enqueue(out.spans)
	return nil
}

// tell says that entries could not be converted, once a batch.
func (r *receipt) tell(out *convert.Output) {
	if f := &out.Fault; out.Faults > 0 {
		r.log.Error("entries could not be converted: this is a fault of rtcship's, please report it; a record stands in the place of each",
			"path", r.origin.Path, "entries", out.Faults, "offset", f.Offset, "fault", f.Reason, "stack", string(f.Stack))
	}
}

// Wait implements entry.Receipt.
func (r *receipt) Wait(ctx context.Context) error {
	defer r.leave()
	outcome, err := r.records.Wait(ctx)
	if r.refused == nil {
		r.refused = r.made.wait(ctx) // even if there is an error already: until then the buffers are in use
	}
	if err = cmp.Or(err, r.refused); err != nil {
		r.books.withdrawn(r.origin.Source, r.entries, &r.out.Counts)
		return err
	}
	r.books.settled(r.origin, &r.out.Counts, outcome, r.bytes)
	r.books.events.note(r.origin, &r.out.Output)
	r.numbers.Note(&r.out.Numbers, r.replayed.until(r.origin))
	return nil
}

func (r *receipt) leave() {
	r.outputs.Put(r.out)
	r.room.leave()
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

func textBytes(b entry.Batch) int64 {
	var n int64
	for i := range b.Entries {
		n += int64(len(b.Entries[i].Text))
	}
	return n
}
