package otlp

import "encoding/binary"

// An Attr is an attribute of a resource: a name and a string.
type Attr struct {
	Key   string
	Value string
}

// AppendResource appends a Resource message, without tag and length.
func AppendResource(dst []byte, attrs []Attr) []byte {
	for _, a := range attrs {
		dst = AppendResourceAttr(dst, a.Key, []byte(a.Value))
	}
	return dst
}

// AppendResourceAttr adds one string attribute to a Resource message.
func AppendResourceAttr(dst []byte, key string, value []byte) []byte {
	keySize := stringSize(len(key)) // a KeyValue's key is laid out like an AnyValue's string
	size := stringSize(len(value))
	dst = append(dst, 1<<3|2) // Resource.attributes
	dst = binary.AppendUvarint(dst, uint64(keySize+1+varintSize(uint64(size))+size))
	dst = appendBytes(dst, tagKey, key)
	dst = append(dst, tagValue)
	dst = binary.AppendUvarint(dst, uint64(size))
	return appendBytes(dst, tagString, value)
}

// AppendScope appends an InstrumentationScope message, without tag and length.
func AppendScope(dst []byte, name, version string) []byte {
	dst = appendBytes(dst, 1<<3|2, name)
	return appendBytes(dst, 2<<3|2, version)
}
