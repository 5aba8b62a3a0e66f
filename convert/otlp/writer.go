// Package otlp writes OTLP log records straight in protobuf wire form
// (https://github.com/open-telemetry/opentelemetry-proto, logs/v1/logs.proto),
// with no message tree in between and no allocation per record.
//
// A parser appends an attribute the moment it has found it. Fields of a
// protobuf message may come in any order, so nothing has to be gathered first;
// only the length of the record is filled in at its end.
//
// Every string must be valid UTF-8: official decoders refuse a whole request
// for a single bad byte. This package does not check, its callers do.
package otlp

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// Tags (field number and wire type) of the messages written here.
const (
	tagLogRecord = 2<<3 | 2 // ScopeLogs.log_records

	tagTime         = 1<<3 | 1
	tagSeverity     = 2<<3 | 0
	tagSeverityText = 3<<3 | 2
	tagBody         = 5<<3 | 2
	tagAttribute    = 6<<3 | 2
	tagObserved     = 11<<3 | 1
	tagEventName    = 12<<3 | 2

	tagKey   = 1<<3 | 2
	tagValue = 2<<3 | 2

	tagString = 1<<3 | 2
	tagBool   = 2<<3 | 0
	tagInt    = 3<<3 | 0
	tagDouble = 4<<3 | 1
	tagArray  = 5<<3 | 2

	tagArrayValue = 1<<3 | 2
)

// A Writer appends log records to Buf, one after another, as the log_records
// fields of a ScopeLogs message. A record is opened with Begin, filled by the
// other methods in any order, and closed with End.
//
// The zero Writer is ready for use. It is not safe for concurrent use.
type Writer struct {
	Buf []byte // what was written so far; set it to Buf[:0] to start anew

	start int // where the content of the open record begins
	list  int // where the open list's attribute begins
	key   int // length of the open list's key
}

// Begin opens a record.
func (w *Writer) Begin() {
	// Two bytes hold the length of records from 128 to 16,383 bytes, which is
	// nearly all of them; End moves the others.
	w.Buf = append(w.Buf, tagLogRecord, 0, 0)
	w.start = len(w.Buf)
}

// End closes the record and returns the offset in Buf at which it ends.
func (w *Writer) End() int {
	w.Buf = closeLength(w.Buf, w.start, 2)
	return len(w.Buf)
}

// Append adds fields that are in wire form already.
func (w *Writer) Append(fields []byte) { w.Buf = append(w.Buf, fields...) }

// Time sets the record's time in nanoseconds since 1970. Leave it out for a
// record whose time is not known.
func (w *Writer) Time(unixNano int64) { w.fixed64(tagTime, uint64(unixNano)) }

// Observed sets the time at which the record was seen, in nanoseconds since 1970.
func (w *Writer) Observed(unixNano int64) { w.fixed64(tagObserved, uint64(unixNano)) }

// Severity sets the severity number (1 to 24).
func (w *Writer) Severity(number int) { w.Buf = append(w.Buf, tagSeverity, byte(number)) }

// SeverityText sets the severity as its source wrote it.
func (w *Writer) SeverityText(text []byte) { w.Buf = appendBytes(w.Buf, tagSeverityText, text) }

// EventNameParts sets the name that identifies the kind of event. It is made of
// two parts, such as a prefix and a text that was just read.
func (w *Writer) EventNameParts(prefix string, name []byte) {
	b := append(w.Buf, tagEventName)
	b = binary.AppendUvarint(b, uint64(len(prefix)+len(name)))
	w.Buf = append(append(b, prefix...), name...)
}

// Body sets the body, a string.
func (w *Writer) Body(text []byte) {
	w.Buf = slices.Grow(w.Buf, len(text)+16)
	b := append(w.Buf, tagBody)
	b = binary.AppendUvarint(b, uint64(stringSize(len(text))))
	w.Buf = appendBytes(b, tagString, text)
}

func (w *Writer) fixed64(tag byte, v uint64) {
	w.Buf = binary.LittleEndian.AppendUint64(append(w.Buf, tag), v)
}

// closeLength writes the length of the message that begins at start into the
// reserved bytes before it, and moves the message if its length needs more or
// fewer bytes than were reserved.
func closeLength(b []byte, start, reserved int) []byte {
	n := len(b) - start
	need := varintSize(uint64(n))
	if need != reserved {
		b = slices.Grow(b, 8)
		b = b[:len(b)+need-reserved]
		copy(b[start+need-reserved:], b[start:start+n])
	}
	binary.PutUvarint(b[start-reserved:], uint64(n))
	return b
}

func appendBytes[T ~string | ~[]byte](b []byte, tag byte, text T) []byte {
	b = append(b, tag)
	b = binary.AppendUvarint(b, uint64(len(text)))
	return append(b, text...)
}

func varintSize(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }

// stringSize is the size of an AnyValue that holds a string of n bytes.
func stringSize(n int) int { return 1 + varintSize(uint64(n)) + n }
