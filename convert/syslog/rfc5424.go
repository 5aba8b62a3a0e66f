package syslog

import "bytes"

// rfc5424 reads what follows the priority: a version and a time, and then as
// much of the other fields as there is. It reports whether b is of that form.
func (h *Header) rfc5424(b []byte) bool {
	version, rest := cut(b)
	if len(version) == 0 || len(version) > 3 || version[0] == '0' || digitsLen(version) < len(version) {
		return false
	}
	stamp, rest := cut(rest)
	t, n, _ := ParseISO(stamp)
	switch {
	case n > 0 && n == len(stamp):
		h.Time, h.TimeText = t, stamp
	case string(stamp) != "-" || h.Priority < 0:
		return false
	}
	h.Format = RFC5424
	for i, field := range []*[]byte{&h.Host, &h.App, &h.ProcID, &h.MsgID} {
		// A sender that leaves fields out goes on with its structured data or
		// its text; a quote or a bracket is no beginning of a name, but for that
		// of an address.
		word, after := cut(rest)
		if len(word) == 0 || bytes.IndexByte(word, '"') >= 0 || word[0] == '[' && (i > 0 || !HostLike(word)) {
			break
		}
		if string(word) != "-" {
			*field = word
		}
		rest = after
	}
	h.structured(rest)
	return true
}

// structured takes the structured data off b; the rest is the text. Data that
// is not well formed is text.
func (h *Header) structured(b []byte) {
	switch n := dataLen(b); {
	case n > 0:
		h.Data, b = b[:n], b[n:]
	case len(b) > 0 && b[0] == '-' && (len(b) == 1 || b[1] == ' ' || len(trimBOM(b[1:])) < len(b)-1 || originatingTime(b[1:])):
		b = b[1:]
	}
	if len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	h.Text = trimBOM(b)
}

// dataLen is the length of the structured data at the beginning of b, or 0. Some
// senders leave out the blank behind it; then it must have parameters, for text may
// begin with a word in brackets.
func dataLen(b []byte) int {
	end, params := 0, false
	for e, rest, ok := NextElement(b); ok; e, rest, ok = NextElement(rest) {
		for {
			if _, _, more := e.Next(); !more {
				break
			}
			params = true
		}
		if e.malformed {
			return 0
		}
		end = len(b) - len(rest)
	}
	if end < len(b) && !blank(b[end]) && !params {
		return 0
	}
	return end
}

// An Element is one element of structured data: an id and parameters.
type Element struct {
	ID        []byte
	params    []byte // what is left of them
	malformed bool
}

// NextElement returns the first element of data and what follows it. It
// reports whether there is one.
func NextElement(data []byte) (e Element, rest []byte, ok bool) {
	if len(data) < 3 || data[0] != '[' {
		return e, data, false
	}
	end := elementEnd(data)
	if end < 0 {
		return e, data, false
	}
	e.ID, e.params, _ = bytes.Cut(data[1:end], []byte(" "))
	if !sdName(e.ID) {
		return e, data, false
	}
	return e, data[end+1:], true
}

// Next returns the next parameter of the element; its value still has the
// escapes \", \\ and \]. It reports whether there was one.
func (e *Element) Next() (name, value []byte, ok bool) {
	b := trimBlanks(e.params)
	if len(b) == 0 {
		return nil, nil, false
	}
	name, rest, ok := bytes.Cut(b, []byte(`="`))
	end := quoted(rest)
	if !ok || end < 0 || !sdName(name) {
		e.malformed, e.params = true, nil
		return nil, nil, false
	}
	e.params = rest[end+1:]
	return name, rest[:end], true
}

// AppendValue appends a parameter's value to dst without its escapes.
func AppendValue(dst, value []byte) []byte {
	for i := 0; i < len(value); i++ {
		if value[i] == '\\' && i+1 < len(value) && (value[i+1] == '"' || value[i+1] == '\\' || value[i+1] == ']') {
			i++
		}
		dst = append(dst, value[i])
	}
	return dst
}

// elementEnd is where the bracket that b begins with is closed, or -1.
func elementEnd(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case ']':
			return i
		case '"':
			n := quoted(b[i+1:])
			if n < 0 {
				return -1
			}
			i += n + 1
		}
	}
	return -1
}

// quoted is where the quote that stands before b is closed, or -1.
func quoted(b []byte) int {
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// sdName reports whether b is an SD-NAME, of any length.
func sdName(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c == '=' || c == ']' || c == '"' || c == 0x7f {
			return false
		}
	}
	return len(b) > 0
}
