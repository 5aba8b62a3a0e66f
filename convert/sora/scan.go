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
//
// Lines of one log mostly have the same fields in the same order. So the
// scanner remembers which name came after which, and compares the next name
// with that one before it looks for its end and its meaning.
type scanner struct {
	text   []byte
	fields []field
	room   []field // what fields lies in
	names  *fieldTable
	after  [maxNames]nameID        // what came after each name the last time
	isList [maxDepth/64 + 1]uint64 // one bit for each open value: list or object

	seen     fieldSet          // of the fields that are known
	look     uint64            // a bit for each of the first 64 fields that may hold a secret
	where    [numSpecial]int32 // index of the field that has each of the special ids, if it was seen
	overflow bool              // there are more than maxKept fields
	odd      bool              // a known field occurs twice, or a key has escapes: the two above are not reliable
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
	s.text, s.seen, s.look, s.odd, s.overflow = text, fieldSet{}, 0, false, false
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
	for last := noName; ; {
		if n == len(room) {
			room = append(room, make([]field, 16+n)...)
			s.room = room
		}
		f := &room[n]
		if i, last, reason = s.key(i, f, last); reason != "" {
			return n, reason
		}
		if n < maxKept {
			s.note(f.id, n)
		}
		if i < len(text) && text[i] == '"' { // most values
			end, escaped := scanString(text, i+1)
			if end < 0 {
				return n, reasonString
			}
			f.kind, f.escaped, f.start, f.end = '"', escaped, int32(i+1), int32(end)
			i = end + 1
			s.look |= ^s.names.harmless[f.id>>6] >> (f.id & 63) & 1 << n
		} else {
			if i, reason = s.value(i, f); reason != "" {
				return n, reason
			}
			if f.id == unknownField || f.kind == '{' || f.kind == '[' {
				s.look |= 1 << n
			}
		}
		if n < maxKept {
			n++
		} else {
			s.overflow = true // and the next field takes this one's place
		}
		if i < len(text) && text[i] <= ' ' {
			i = skipSpace(text, i)
		}
		if i >= len(text) {
			return n, reasonComma
		}
		if text[i] != ',' {
			if text[i] != '}' {
				return n, reasonComma
			}
			return n, trailing(text, i+1)
		}
		if i++; i < len(text) && text[i] <= ' ' {
			i = skipSpace(text, i)
		}
	}
}

// note notes that the field with index i has id.
func (s *scanner) note(id fieldID, i int) {
	if id == unknownField {
		return
	}
	s.odd = s.odd || s.seen.has(id)
	s.seen.add(id)
	if id < numSpecial {
		s.where[id] = int32(i)
	}
}

// special is the field of one of the special ids, or nil.
func (s *scanner) special(id fieldID) *field {
	if !s.seen.has(id) {
		return nil
	}
	return &s.fields[s.where[id]]
}

// key reads `"key":` at i and returns where the value begins, and the key's
// name. last is the name before it.
func (s *scanner) key(i int, f *field, last nameID) (int, nameID, string) {
	guess := s.after[last&(maxNames-1)]
	name := &s.names.list[guess&(maxNames-1)]
	if guess == noName || !hasPrefix(s.text, i, name.quoted) {
		return s.newKey(i, f, last)
	}
	f.keyStart, f.keyEnd, f.keyEscaped, f.id = int32(i+1), int32(i+len(name.quoted)-2), false, name.id
	i += len(name.quoted)
	if i < len(s.text) && s.text[i] <= ' ' {
		i = skipSpace(s.text, i)
	}
	return i, guess, ""
}

// newKey reads a key that did not come after last the last time.
func (s *scanner) newKey(i int, f *field, last nameID) (int, nameID, string) {
	text := s.text
	if i >= len(text) || text[i] != '"' {
		return 0, noName, reasonKey
	}
	i++
	end, escaped := scanString(text, i)
	if end < 0 {
		return 0, noName, reasonString
	}
	f.keyStart, f.keyEnd, f.keyEscaped = int32(i), int32(end), escaped
	name := noName
	if escaped {
		s.odd = true
	} else {
		name = s.names.find(text[i:end])
	}
	f.id = s.names.list[name].id
	s.after[last] = name
	i = skipSpace(text, end+1)
	if i >= len(text) || text[i] != ':' {
		return 0, noName, reasonColon
	}
	return skipSpace(text, i+1), name, ""
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
		end, reason = s.skipNested(i), reasonNested
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
func (s *scanner) skipNested(i int) int {
	text, depth := s.text, 0 // depth counts the values open around the one at i
	for {
		// A value begins at i.
		i = skipSpace(text, i)
		if i >= len(text) {
			return -1
		}
		switch c := text[i]; c {
		case '{', '[':
			if depth++; depth >= maxDepth { // the object around it counts too
				return -1
			}
			s.setList(depth, c == '[')
			i = skipSpace(text, i+1)
			if i < len(text) && text[i] == c+2 { // empty: in ASCII } is {+2 and ] is [+2
				i++
				break
			}
			if c == '{' {
				if i = skipKey(text, i); i < 0 {
					return -1
				}
			}
			continue
		case '"':
			end, _ := scanString(text, i+1)
			if end < 0 {
				return -1
			}
			i, depth = end+1, depth+1 // as if it had been opened
		default:
			if i, _ = scanScalar(text, i); i < 0 {
				return -1
			}
			depth++
		}
		// A value has ended before i; close whatever ends with it.
		if i, depth = s.closeValues(i, depth); i < 0 || depth == 0 {
			return i
		}
	}
}

// closeValues goes from the end of the value at depth to the beginning of the
// next one. It returns depth 0 when the outermost value has ended, and -1 if
// the text is faulty.
func (s *scanner) closeValues(i, depth int) (int, int) {
	text := s.text
	for depth--; depth > 0; depth-- {
		i = skipSpace(text, i)
		if i >= len(text) {
			return -1, 0
		}
		list := s.list(depth)
		switch c := text[i]; {
		case c == ',' && list:
			return i + 1, depth
		case c == ',':
			return skipKey(text, skipSpace(text, i+1)), depth
		case c == ']' && list, c == '}' && !list:
			i++
		default:
			return -1, 0
		}
	}
	return i, 0
}

func (s *scanner) setList(depth int, list bool) {
	bit := uint64(1) << (depth & 63)
	if list {
		s.isList[depth>>6] |= bit
	} else {
		s.isList[depth>>6] &^= bit
	}
}

func (s *scanner) list(depth int) bool { return s.isList[depth>>6]>>(depth&63)&1 != 0 }

// skipKey reads a key and its colon at i and returns what follows, or -1.
func skipKey(text []byte, i int) int {
	if i < 0 || i >= len(text) || text[i] != '"' {
		return -1
	}
	end, _ := scanString(text, i+1)
	if end < 0 {
		return -1
	}
	i = skipSpace(text, end+1)
	if i >= len(text) || text[i] != ':' {
		return -1
	}
	return i + 1
}
