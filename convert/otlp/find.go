package otlp

import (
	"bytes"
	"encoding/binary"
)

// FindString returns the value of the first attribute called k in fields, which
// a Writer has written. ok is false if there is none, or one that is no string.
func FindString(fields []byte, k Key) (v []byte, ok bool) {
	value := find(fields, k)
	if len(value) == 0 || value[0] != tagString {
		return nil, false
	}
	v, _, ok = cutField(value)
	return v, ok
}

// FindInt is FindString for an attribute that is an integer.
func FindInt(fields []byte, k Key) (v int64, ok bool) {
	value := find(fields, k)
	if len(value) == 0 || value[0] != tagInt {
		return 0, false
	}
	u, size := binary.Uvarint(value[1:])
	return int64(u), size > 0
}

// find returns the AnyValue of the first attribute called k, or nil.
func find(fields []byte, k Key) []byte {
	for len(fields) > 0 && fields[0] == tagAttribute {
		field, rest, sound := cutField(fields)
		if !sound {
			return nil
		}
		// Names differ in length, as a rule.
		if n := len(k); len(field) > n && field[1] == k[1] && field[n] == tagValue && bytes.Equal(field[:n], k) {
			value, _, _ := cutField(field[n:])
			return value
		}
		fields = rest
	}
	return nil
}

// cutField takes the field off b that it begins with, whose tag is one byte and
// is followed by a length.
func cutField(b []byte) (field, rest []byte, ok bool) {
	n, size := binary.Uvarint(b[1:])
	if size <= 0 || n > uint64(len(b)-1-size) {
		return nil, nil, false
	}
	b = b[1+size:]
	return b[:n], b[n:], true
}
