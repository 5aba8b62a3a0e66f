package record

import (
	"bytes"

	"github.com/rtcship/rtcship/convert/cdr"
	"github.com/rtcship/rtcship/convert/otlp"
)

var keyBackward = otlp.NewKey("rtcship.backward_ms")

// Calls is what is to be made of calls.
func (b *Builder) Calls() *Calls { return &b.settings.Calls }

// Original reports whether v, which was found in Text, stands in the entry as it
// came. Of what masking has changed no id is made: it would be the same for all.
func (b *Builder) Original(v []byte) bool {
	return b.redacted == 0 || bytes.Contains(b.Entry.Text, v)
}

// FinishSpan appends the span of the call that the entry closes to spans, and to
// ends where it ends, unless there is none. It is called before Finish: the record
// of the line that a span is made of belongs to its trace in any case.
func (b *Builder) FinishSpan(spans []byte, ends []int) ([]byte, []int) {
	c := &b.Call
	if c.Kind == cdr.None || !b.settings.Calls.Traces {
		return spans, ends
	}
	if c.Fault != cdr.Sound {
		b.Counts.Spanless[c.Fault]++
		return spans, ends
	}
	if b.Ref.Trace == (otlp.TraceID{}) {
		b.Ref = c.Ref
	}
	mark := b.Mark()
	if c.Backward > 0 {
		b.attrs.Int(keyBackward, c.Backward/1e6)
		b.Counts.Backward++
	}
	s := c.Span(b.valid(c.Reason))
	w := otlp.Writer{Buf: spans}
	ends = append(ends, w.Span(&s, b.attrs.Buf))
	b.Undo(mark)
	b.Counts.Spans++
	return w.Buf, ends
}

// FinishNumbers adds what the entry says of calls in numbers. It is called after
// FinishSpan, which knows the trace of a closing line.
func (b *Builder) FinishNumbers() {
	n := b.Numbers
	if n == nil || b.Open.Kind|b.Call.Kind == cdr.None && !n.Pending() { // most lines say none
		return
	}
	if b.Open.Kind != cdr.None {
		n.Open(&b.Open, b.attrs.Buf)
	}
	if b.Call.Kind != cdr.None {
		n.Close(&b.Call, b.attrs.Buf)
	}
	n.EndLine(b.moment(), b.Entry.Offset, &b.Ref)
}

// moment is the time of the entry, or when it was read if it has none.
func (b *Builder) moment() int64 {
	if b.Time > 0 {
		return b.Time
	}
	return b.Entry.Observed.UnixNano()
}

// Attribute is the value of an attribute that was added to the entry and is a
// string; ok is false if there is none.
func (b *Builder) Attribute(k otlp.Key) (v []byte, ok bool) { return otlp.FindString(b.attrs.Buf, k) }
