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
