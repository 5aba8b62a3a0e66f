package otlp

import (
	"encoding/binary"
	"math"
	"slices"
)

// A Key is an attribute's name in wire form. Make those that are known
// beforehand with NewKey, once, and others with AppendKey.
type Key []byte

// NewKey returns the key of an attribute called name.
func NewKey(name string) Key {
	return AppendKey(make(Key, 0, 1+len(name)+block), "", []byte(name)) // room for copyShort
}

// AppendKey appends the key of an attribute called prefix+name to dst, which
// may be a scratch buffer: the key is copied whenever it is used.
func AppendKey(dst []byte, prefix string, name []byte) Key {
	dst = append(dst, tagKey)
	dst = binary.AppendUvarint(dst, uint64(len(prefix)+len(name)))
	dst = append(dst, prefix...)
	return append(dst, name...)
}

// String adds a string attribute.
func (w *Writer) String(k Key, v string) { w.Buf = appendStringAttribute(w.Buf, tagAttribute, k, v) }

// Text adds a string attribute from bytes.
func (w *Writer) Text(k Key, v []byte) {
	at, size := len(w.Buf), len(k)+len(v)+6
	if size >= 0x80 || cap(w.Buf)-at < size+block {
		w.Buf = appendStringAttribute(w.Buf, tagAttribute, k, v)
		return
	}
	// The common case: every length fits one byte, and there is room.
	out := w.Buf[at : at+size+block]
	out[0], out[1] = tagAttribute, byte(size-2)
	copyShort(out[2:], k)
	out = out[2+len(k):]
	out[0], out[1], out[2], out[3] = tagValue, byte(len(v)+2), tagString, byte(len(v))
	copyShort(out[4:], v)
	w.Buf = w.Buf[:at+size]
}

// block is how long most keys and values are at most.
const block = 32

// copyShort copies src to dst, which has room for a block more. Most are copied as a
// block, with whatever is behind them: to tell how many bytes it takes, which differs
// from one to the next, costs more than all of these.
func copyShort(dst, src []byte) {
	if len(src) > block || cap(src) < block {
		copy(dst, src)
		return
	}
	dst, src = dst[:block], src[:block]
	a, b := binary.LittleEndian.Uint64(src), binary.LittleEndian.Uint64(src[8:])
	c, d := binary.LittleEndian.Uint64(src[16:]), binary.LittleEndian.Uint64(src[24:])
	binary.LittleEndian.PutUint64(dst, a)
	binary.LittleEndian.PutUint64(dst[8:], b)
	binary.LittleEndian.PutUint64(dst[16:], c)
	binary.LittleEndian.PutUint64(dst[24:], d)
}

// Int adds an integer attribute.
func (w *Writer) Int(k Key, v int64) {
	value := 1 + varintSize(uint64(v))
	b := appendAttributeHead(w.Buf, k, value)
	w.Buf = binary.AppendUvarint(append(b, tagInt), uint64(v))
}

// Double adds a floating point attribute.
func (w *Writer) Double(k Key, v float64) {
	b := appendAttributeHead(w.Buf, k, 9)
	w.Buf = binary.LittleEndian.AppendUint64(append(b, tagDouble), math.Float64bits(v))
}

// Bool adds a boolean attribute.
func (w *Writer) Bool(k Key, v bool) {
	var n byte
	if v {
		n = 1
	}
	w.Buf = append(appendAttributeHead(w.Buf, k, 2), tagBool, n)
}

// Null adds an attribute without a value, which is OTLP's null: it has no type
// that could be at odds with another value of that name.
func (w *Writer) Null(k Key) { w.Buf = appendAttributeHead(w.Buf, k, 0) }

// BeginList opens an attribute that is a list of strings. Only Item may be
// called until EndList.
func (w *Writer) BeginList(k Key) {
	w.list, w.key = len(w.Buf), len(k)
	b := append(w.Buf, tagAttribute, 0)
	b = append(b, k...)
	w.Buf = append(b, tagValue, 0, tagArray, 0)
}

// Item adds a string to the open list.
func (w *Writer) Item(v []byte) {
	b := append(w.Buf, tagArrayValue)
	b = binary.AppendUvarint(b, uint64(stringSize(len(v))))
	w.Buf = appendBytes(b, tagString, v)
}

// EndList closes the list.
func (w *Writer) EndList() {
	value := w.list + 2 + w.key + 2 // where the AnyValue begins
	w.Buf = closeLength(w.Buf, value+2, 1)
	w.Buf = closeLength(w.Buf, value, 1)
	w.Buf = closeLength(w.Buf, w.list+2, 1)
}

// appendAttributeHead appends an attribute up to its AnyValue, which the
// caller appends and which takes value bytes, fewer than 128.
func appendAttributeHead(b []byte, k Key, value int) []byte {
	b = append(b, tagAttribute)
	b = binary.AppendUvarint(b, uint64(len(k)+2+value))
	b = append(b, k...)
	return append(b, tagValue, byte(value))
}

func appendStringAttribute[T ~string | ~[]byte](b []byte, tag byte, k Key, v T) []byte {
	value := stringSize(len(v))
	b = slices.Grow(b, len(k)+len(v)+32)
	b = append(b, tag)
	b = binary.AppendUvarint(b, uint64(len(k)+1+varintSize(uint64(value))+value))
	b = append(b, k...)
	b = append(b, tagValue)
	b = binary.AppendUvarint(b, uint64(value))
	return appendBytes(b, tagString, v)
}
