package otlp

// An Attr is an attribute of a resource: a name and a string.
type Attr struct {
	Key   string
	Value string
}

// AppendResource appends a Resource message, without tag and length.
func AppendResource(dst []byte, attrs []Attr) []byte {
	for _, a := range attrs {
		dst = AppendResourceAttr(dst, NewKey(a.Key), []byte(a.Value))
	}
	return dst
}

// AppendResourceAttr adds one string attribute to a Resource message.
func AppendResourceAttr(dst []byte, k Key, value []byte) []byte {
	return appendStringAttribute(dst, 1<<3|2, k, value) // Resource.attributes
}

// AppendScope appends an InstrumentationScope message, without tag and length.
func AppendScope(dst []byte, name, version string) []byte {
	dst = appendBytes(dst, 1<<3|2, name)
	return appendBytes(dst, 2<<3|2, version)
}
