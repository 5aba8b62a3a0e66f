package sora

// A kind is what a JSON value is, told by its first byte; all numbers count as '0'.
type kind byte

// A field is one member of a JSON object. Offsets are into the scanned text;
// those of strings leave the quotes out.
type field struct {
	keyStart, keyEnd int32
	start, end       int32
	kind             kind // '"', '{', '[', '0', 't', 'f' or 'n'
	keyEscaped       bool
	escaped          bool
	id               fieldID
}

// maxDepth is how deep encoding/json lets values nest.
const maxDepth = 10_000

// maxKept is how many fields are kept of an object. No log of Sora has nearly as
// many; a line that has is checked to its end, and is its own body.
const maxKept = 4096

// A scanner splits a JSON object into its fields in one pass, without building
// a tree, and checks that everything in it is JSON. It accepts exactly what
// encoding/json accepts.
type scanner struct {
	text     []byte
	fields   []field
	room     []field // what fields lies in
	names    *fieldTable
	overflow bool // there are more than maxKept fields
}

// Reasons why a text is not a JSON object, as they appear in rtcship.parse_error.
const (
	reasonKey      = "JSON: object key expected"
	reasonColon    = "JSON: colon expected"
	reasonComma    = "JSON: comma or closing brace expected"
	reasonString   = "JSON: unterminated or faulty string"
	reasonValue    = "JSON: value expected"
	reasonNested   = "JSON: faulty object or list"
	reasonTrailing = "JSON: text after the object"
)

// object reads the object that text holds into s.fields. It returns the reason
// why text is no object, or "".
func (s *scanner) object(text []byte) string {
	s.text, s.overflow = text, false
	i := skipSpace(text, 0)
	if i >= len(text) || text[i] != '{' {
		return reasonValue
	}
	i = skipSpace(text, i+1)
	if i < len(text) && text[i] == '}' {
		s.fields = s.fields[:0]
		return trailing(text, i+1)
	}
	n, reason := s.members(i)
	s.fields = s.room[:n]
	return reason
}

// members reads the fields from i to the end of the object, and returns how
// many are kept.
func (s *scanner) members(i int) (n int, reason string) {
	text, room := s.text, s.room
	for {
		if n == len(room) {
			room = append(room, make([]field, 16+n)...)
			s.room = room
		}
		f := &room[n]
		if i, reason = s.key(i, f); reason != "" {
			return n, reason
		}
		if i < len(text) && text[i] == '"' { // most values
			end, escaped := scanString(text, i+1)
			if end < 0 {
				return n, reasonString
			}
			f.kind, f.escaped, f.start, f.end = '"', escaped, int32(i+1), int32(end)
			i = end + 1
		} else if i, reason = s.value(i, f); reason != "" {
			return n, reason
		}
		if n < maxKept {
			n++
		} else {
			s.overflow = true // and the next field takes this one's place
		}
		switch i = skipSpace(text, i); {
		case i < len(text) && text[i] == ',':
			i = skipSpace(text, i+1)
		case i < len(text) && text[i] == '}':
			return n, trailing(text, i+1)
		default:
			return n, reasonComma
		}
	}
}

// key reads `"key":` at i and returns where the value begins.
func (s *scanner) key(i int, f *field) (int, string) {
	text := s.text
	if i >= len(text) || text[i] != '"' {
		return 0, reasonKey
	}
	i++
	end, escaped := scanString(text, i)
	if end < 0 {
		return 0, reasonString
	}
	f.keyStart, f.keyEnd, f.keyEscaped, f.id = int32(i), int32(end), escaped, unknownField
	if !escaped {
		f.id = s.names.id(text[i:end])
	}
	if i = skipSpace(text, end+1); i >= len(text) || text[i] != ':' {
		return 0, reasonColon
	}
	return skipSpace(text, i+1), ""
}

// hasPrefix tells whether prefix stands at i.
func hasPrefix(text []byte, i int, prefix string) bool {
	return len(text)-i >= len(prefix) && string(text[i:i+len(prefix)]) == prefix
}

// value reads a value at i that is no string, and returns where it ends.
func (s *scanner) value(i int, f *field) (end int, reason string) {
	text := s.text
	if i >= len(text) {
		return 0, reasonValue
	}
	k := kind(text[i])
	if k == '{' || k == '[' {
		end, reason = skipNested(text, i, 1), reasonNested
	} else {
		end, k = scanScalar(text, i)
		reason = reasonValue
	}
	if end < 0 {
		return 0, reason
	}
	f.kind, f.escaped, f.start, f.end = k, false, int32(i), int32(end)
	return end, ""
}

// skipNested checks the object or list at i and returns where it ends, or -1.
// depth is how many values are open around it.
func skipNested(text []byte, i, depth int) int {
	if depth == maxDepth {
		return -1
	}
	object, closing := text[i] == '{', text[i]+2 // in ASCII } is {+2 and ] is [+2
	if i = skipSpace(text, i+1); i < len(text) && text[i] == closing {
		return i + 1
	}
	for {
		if object {
			i = skipKey(text, i)
		}
		if i < 0 || i >= len(text) {
			return -1
		}
		if text[i] == '{' || text[i] == '[' {
			i = skipNested(text, i, depth+1)
		} else {
			i = skipSimple(text, i)
		}
		if i < 0 {
			return -1
		}
		switch i = skipSpace(text, i); {
		case i < len(text) && text[i] == ',':
			i = skipSpace(text, i+1)
		case i < len(text) && text[i] == closing:
			return i + 1
		default:
			return -1
		}
	}
}

// skipSimple checks any other value at i and returns where it ends, or -1.
func skipSimple(text []byte, i int) (end int) {
	if text[i] != '"' {
		end, _ = scanScalar(text, i)
		return end
	}
	if end, _ = scanString(text, i+1); end < 0 {
		return -1
	}
	return end + 1
}

// skipKey reads a key and its colon at i and returns where the value begins, or -1.
func skipKey(text []byte, i int) int {
	if i >= len(text) || text[i] != '"' {
		return -1
	}
	end, _ := scanString(text, i+1)
	if end < 0 {
		return -1
	}
	if i = skipSpace(text, end+1); i >= len(text) || text[i] != ':' {
		return -1
	}
	return skipSpace(text, i+1)
}
