package record

import (
	"unicode/utf8"

	"github.com/rtcship/rtcship/convert/otlp"
)

// Key is the key of an attribute called prefix+name, for names that come from
// the text itself. It is valid until the next call.
func (b *Builder) Key(prefix string, name []byte) otlp.Key {
	b.key = otlp.AppendKey(b.key[:0], prefix, b.valid(name))
	return b.key
}

// Attr adds a string attribute that was found in the text.
func (b *Builder) Attr(k otlp.Key, v []byte) { b.attrs.Text(k, b.valid(v)) }

// Encoded adds attributes that are in wire form already, which may be none.
func (b *Builder) Encoded(attrs []byte) {
	if len(attrs) > 0 {
		b.attrs.Append(attrs)
	}
}

// Mark is a place among the attributes, for Since.
func (b *Builder) Mark() int { return len(b.attrs.Buf) }

// Since is the attributes added since mark, in wire form, until the next one
// is added.
func (b *Builder) Since(mark int) []byte { return b.attrs.Buf[mark:] }

// Undo takes back the attributes added since mark.
func (b *Builder) Undo(mark int) { b.attrs.Buf = b.attrs.Buf[:mark] }

// String adds a string attribute that is known to be valid UTF-8.
func (b *Builder) String(k otlp.Key, v string) { b.attrs.String(k, v) }

// Int adds an integer attribute.
func (b *Builder) Int(k otlp.Key, v int64) { b.attrs.Int(k, v) }

// Double adds a floating point attribute.
func (b *Builder) Double(k otlp.Key, v float64) { b.attrs.Double(k, v) }

// Bool adds a boolean attribute.
func (b *Builder) Bool(k otlp.Key, v bool) { b.attrs.Bool(k, v) }

// Null adds an attribute without a value.
func (b *Builder) Null(k otlp.Key) { b.attrs.Null(k) }

// BeginList opens an attribute that is a list of strings; add to it with Item
// and close it with EndList before adding another attribute.
func (b *Builder) BeginList(k otlp.Key) { b.attrs.BeginList(k) }

// Item adds a string to the open list.
func (b *Builder) Item(v []byte) { b.attrs.Item(b.valid(v)) }

// EndList closes the open list.
func (b *Builder) EndList() { b.attrs.EndList() }

// valid is v with \xNN for bytes that are no UTF-8, until the next call.
func (b *Builder) valid(v []byte) []byte {
	if b.invalid == 0 {
		return v
	}
	return sanitized(&b.sanitized, v)
}

// sanitized uses buf if it has to.
func sanitized(buf *[]byte, v []byte) []byte {
	if utf8.Valid(v) {
		return v
	}
	*buf = AppendValid((*buf)[:0], v)
	return *buf
}
