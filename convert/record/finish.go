package record

import (
	"unicode/utf8"

	"github.com/rtcship/rtcship/convert/cdr"
	"github.com/rtcship/rtcship/convert/drop"
	"github.com/rtcship/rtcship/convert/otlp"
)

// Severe is the OTLP severity number, ERROR, from which on entries are counted as such.
const Severe = 17

// Finish appends the records of the entry to records, and to ends where each
// of them ends.
func (b *Builder) Finish(records []byte, ends []int) ([]byte, []int) {
	b.addMarks()
	body := b.validBody()
	w := otlp.Writer{Buf: records}
	if limit := b.settings.MaxBody; limit > 0 && len(body) > limit {
		ends = b.finishParts(&w, ends, body, limit)
	} else {
		w.Begin()
		b.addContent(&w, body, 0)
		ends = append(ends, w.End())
		b.Counts.Records++
	}
	if b.Severity >= Severe {
		b.Counts.Severe++
	}
	b.Counts.Redacted += b.redacted
	b.Counts.InvalidUTF8 += b.invalid
	return w.Buf, ends
}

// Skip drops an entry that turned out to hold nothing, and counts it.
func (b *Builder) Skip() { b.Counts.Empty++ }

// Drop reports whether a rule of f drops the entry, and counts it if so. It is
// asked when all is known that the entry says; if it is dropped, it is not finished.
func (b *Builder) Drop(f *drop.Batch) bool {
	if f.Off() {
		return false
	}
	rule := f.Rule(&drop.Record{
		Severity: b.Severity, SeverityText: b.SeverityText, Part: b.Entry.Cut,
		EventPrefix: b.EventPrefix, EventName: b.EventName, Attributes: b.attrs.Buf,
	})
	if rule == "" {
		return false
	}
	b.Counts.Drop(rule, 1)
	return true
}

// finishParts writes a record for each part of body. All have the same time
// and attributes.
func (b *Builder) finishParts(w *otlp.Writer, ends []int, body []byte, limit int) []int {
	limit = max(limit, utf8.UTFMax)
	parts := 0
	for rest := body; len(rest) > 0; parts++ {
		rest = rest[len(Cut(rest, limit)):]
	}
	for part := range parts {
		n := len(Cut(body, limit))
		w.Begin()
		w.Int(keyPart, int64(part+1))
		w.Int(keyParts, int64(parts))
		b.addContent(w, body[:n], part)
		ends = append(ends, w.End())
		body = body[n:]
	}
	b.Counts.Records += parts
	b.Counts.Parts += parts
	return ends
}

// addMarks adds what rtcship itself has to say about the entry.
func (b *Builder) addMarks() {
	if b.invalid > 0 {
		b.attrs.Int(keyInvalid, int64(b.invalid))
	}
	if b.redacted > 0 {
		b.attrs.Int(keyRedacted, int64(b.redacted))
	}
	if b.Entry.Cut {
		b.attrs.Bool(keyCut, true)
	}
	if b.original && !sameSlice(b.Body, b.Text) {
		b.Attr(keyOriginal, b.Text)
	}
}

func (b *Builder) addContent(w *otlp.Writer, body []byte, part int) {
	b.addHead(w, part)
	if b.Severity > 0 {
		w.Severity(b.Severity)
	}
	if len(b.SeverityText) > 0 {
		w.SeverityText(b.valid(b.SeverityText))
	}
	if len(b.EventPrefix)+len(b.EventName) > 0 {
		w.EventNameParts(b.EventPrefix, b.valid(b.EventName))
	}
	w.Append(b.attrs.Buf)
	if b.Ref.Trace != (otlp.TraceID{}) {
		w.Context(&b.Ref)
	}
	w.Body(body)
}

// uidMillis is the time part of the record's uid: its own time, or the
// generation's birth.
func (b *Builder) uidMillis() uint64 {
	if b.Time > 0 {
		return uint64(b.Time) / 1e6
	}
	return uint64(max(b.Origin.Born.UnixMilli(), 0)) & (1<<48 - 1)
}

// validBody is the body as it goes out. It does not share the buffer that
// b.valid uses.
func (b *Builder) validBody() []byte {
	if b.invalid == 0 {
		return b.Body
	}
	return sanitized(&b.body, b.Body)
}

// maxScratch is how much memory a builder keeps from one batch to the next in
// each of its buffers.
const maxScratch = 1 << 20

// Trim lets go of buffers that one large entry has made large.
func (b *Builder) Trim() {
	for _, p := range []*[]byte{&b.Arena, &b.attrs.Buf, &b.masked, &b.sanitized, &b.body, &b.key} {
		if cap(*p) > maxScratch {
			*p = nil
		}
	}
	b.Call, b.Open = cdr.Record{}, cdr.Opening{}
	b.Origin, b.Entry, b.Counts, b.Numbers, b.Text, b.Body, b.SeverityText, b.EventName = nil, nil, nil, nil, nil, nil, nil, nil
}

func sameSlice(a, b []byte) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
