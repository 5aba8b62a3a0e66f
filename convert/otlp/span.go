package otlp

import "encoding/binary"

// Tags of a Span (trace/v1/trace.proto) that a LogRecord has not, or has under
// another number, and of the messages in it.
const (
	tagTraceID       = 1<<3 | 2
	tagSpanID        = 2<<3 | 2
	tagParent        = 4<<3 | 2
	tagName          = 5<<3 | 2
	tagKind          = 6<<3 | 0
	tagStart         = 7<<3 | 1
	tagEnd           = 8<<3 | 1
	tagSpanAttribute = 9<<3 | 2
	tagLink          = 13<<3 | 2
	tagStatus        = 15<<3 | 2
	tagFlags         = 16<<3 | 5

	tagLinkFlags     = 6<<3 | 5
	tagStatusMessage = 2<<3 | 2
	tagStatusCode    = 3<<3 | 0

	tagRecordTrace = 9<<3 | 2 // LogRecord.trace_id
	tagRecordSpan  = 10<<3 | 2
)

const (
	kindServer  = 2
	statusError = 2

	// flags say that the span is sampled, and that its parent is no remote one.
	flags = 0x101
)

// A TraceID is what all spans and log records of one trace have in common. The
// zero one stands for none.
type TraceID [16]byte

// A SpanID tells one span of a trace from the others. The zero one stands for none.
type SpanID [8]byte

// A SpanRef is all that another span needs to point to one.
type SpanRef struct {
	Trace TraceID
	Span  SpanID
}

// A Span is what a span says of itself, its attributes apart.
type Span struct {
	SpanRef
	Parent     SpanID  // of the same trace; zero for a root
	Link       SpanRef // to a span of another trace; zero for none
	Name       string
	Start, End int64  // nanoseconds since 1970
	Failed     bool   // its status is Error, and not unset
	Message    []byte // why; valid UTF-8
}

// Context says which trace the open record belongs to, and which span if that is
// not zero.
func (w *Writer) Context(r *SpanRef) {
	w.Buf = append(append(w.Buf, tagRecordTrace, byte(len(r.Trace))), r.Trace[:]...)
	if r.Span != (SpanID{}) {
		w.Buf = append(append(w.Buf, tagRecordSpan, byte(len(r.Span))), r.Span[:]...)
	}
}

// Span appends a span of kind SERVER as a spans field of a ScopeSpans message, and
// returns the offset in Buf at which it ends. Its attributes are those of a log
// record, as a Writer writes them.
func (w *Writer) Span(s *Span, attributes []byte) int {
	w.Begin() // ScopeSpans.spans has the number of ScopeLogs.log_records
	b := appendRef(w.Buf, s.SpanRef)
	if s.Parent != (SpanID{}) {
		b = appendBytes(b, tagParent, s.Parent[:])
	}
	b = appendBytes(b, tagName, s.Name)
	b = append(b, tagKind, kindServer)
	w.Buf = b
	w.fixed64(tagStart, uint64(s.Start))
	w.fixed64(tagEnd, uint64(s.End))
	w.spanAttributes(attributes)
	w.Buf = appendLink(w.Buf, s.Link)
	w.Buf = appendStatus(w.Buf, s)
	w.Buf = binary.AppendUvarint(w.Buf, tagFlags)
	w.Buf = binary.LittleEndian.AppendUint32(w.Buf, flags)
	return w.End()
}

// spanAttributes adds attributes that have the tag of a log record's.
func (w *Writer) spanAttributes(attributes []byte) {
	for len(attributes) > 0 {
		size, n := binary.Uvarint(attributes[1:])
		end := 1 + n + int(size)
		w.Buf = append(append(w.Buf, tagSpanAttribute), attributes[1:end]...)
		attributes = attributes[end:]
	}
}

// appendRef appends the ids, which have the same numbers in a Span and a Link.
func appendRef(b []byte, r SpanRef) []byte {
	return appendBytes(appendBytes(b, tagTraceID, r.Trace[:]), tagSpanID, r.Span[:])
}

func appendLink(b []byte, r SpanRef) []byte {
	if r == (SpanRef{}) {
		return b
	}
	b = append(b, tagLink, 0)
	start := len(b)
	b = append(appendRef(b, r), tagLinkFlags)
	b = binary.LittleEndian.AppendUint32(b, flags)
	return closeLength(b, start, 1)
}

func appendStatus(b []byte, s *Span) []byte {
	b = append(b, tagStatus, 0)
	start := len(b)
	if s.Failed {
		if len(s.Message) > 0 {
			b = appendBytes(b, tagStatusMessage, s.Message)
		}
		b = append(b, tagStatusCode, statusError)
	}
	return closeLength(b, start, 1)
}
