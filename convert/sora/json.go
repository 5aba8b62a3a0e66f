package sora

import "github.com/rtcship/rtcship/convert/record"

// Beyond these limits a line stays together as the body, and only identities
// and types become attributes: Loki and Elastic take neither more attributes
// nor larger ones of a record.
const (
	maxFields     = 100
	maxAttributes = 16 << 10 // bytes of the line apart from its message
	maxValue      = 4 << 10  // bytes of one attribute that says what is in the body too
)

// A found says where the fields are that have a meaning for the whole record.
type found struct {
	timestamp, level, msg, typ, req, connection *field
	seen                                        fieldSet // that occurred
	twice                                       bool     // a name occurred more than once
}

// readJSON makes the record of a JSON line. It returns the reason if the line
// is no JSON object.
func (r *Reader) readJSON() string {
	b := r.b
	if reason := r.line.object(b.Text); reason != "" {
		b.Mask()
		return reason
	}
	suspect := r.suspect()
	if suspect && b.Mask() {
		if reason := r.line.object(b.Text); reason != "" {
			return reason
		}
	}
	var f, inner found
	r.classify(&r.line, &f)
	req := r.sent(&f, &inner)
	if f.timestamp != nil && f.timestamp.kind == '"' {
		if nanos, ok := r.clock.parse(r.line.raw(f.timestamp)); ok {
			b.Time = nanos
			if b.Text[f.timestamp.end-1] == 'Z' {
				f.timestamp = nil // all of it is in the record's time
			}
		}
	}
	level := r.level(&f)
	r.lifted, r.failed = r.lifted[:0], false
	if f.msg != nil && f.msg.kind == '"' && f.msg.start < f.msg.end {
		r.message(&f, level)
	} else {
		f.msg = nil
		r.attributes(&r.line, &f, false, fieldSet{})
		r.failed = r.isFailure(&r.line, f.typ) || f.typ == nil && r.isFailure(&r.req, inner.typ)
		r.reasons(&r.line)
	}
	r.trace(&r.line, f.connection)
	r.request(&f, req)
	r.eventOfType(&f)
	r.connectionOfFile(f.connection != nil)
	r.close(&f)
	if !suspect {
		r.learn(&f)
	}
	return ""
}

// suspect tells whether the line may hold a secret. Texts that Sora makes
// itself, such as times and connection ids, are passed over, and so are
// numbers and the names of known fields.
func (r *Reader) suspect() bool {
	s := &r.line
	if s.overflow {
		return true
	}
	for i := range s.fields {
		m := &s.fields[i]
		from := m.start
		switch {
		case m.id == unknownField:
			from = m.keyStart
		case m.kind == '"' && !r.p.fields.ids[m.id].harmless, m.kind == '{', m.kind == '[':
		default:
			continue
		}
		if r.b.Suspect(s.text[from:m.end]) {
			return true
		}
	}
	return false
}

// raw is the value as it stands in the text.
func (s *scanner) raw(f *field) []byte { return s.text[f.start:f.end] }

// classify finds the special fields. Of fields that occur twice the last one
// counts, as in most JSON readers.
func (r *Reader) classify(s *scanner, f *found) {
	var special [numSpecial]*field
	for i := range s.fields {
		m := &s.fields[i]
		if m.keyEscaped {
			m.id = r.p.fields.id(r.name(s, m))
		}
		if m.id == unknownField {
			continue
		}
		if f.seen.has(m.id) {
			f.twice = true
			drop(s.fields[:i], m.id)
		}
		f.seen.add(m.id)
		if m.id < numSpecial {
			special[m.id] = m
		}
	}
	f.timestamp, f.level, f.msg = special[fieldTimestamp], special[fieldLevel], special[fieldMsg]
	f.typ, f.req, f.connection = special[fieldOfType], special[fieldReq], special[fieldConnectionID]
}

// drop takes out the earlier ones of fields that occur twice.
func drop(fields []field, id fieldID) {
	for i := range fields {
		if fields[i].id == id {
			fields[i].id = droppedField
		}
	}
}

// name is the field's name without escapes, until the next use of the arena.
func (r *Reader) name(s *scanner, m *field) []byte {
	return r.unescaped(s.text[m.keyStart:m.keyEnd], m.keyEscaped)
}

// text is the value as text: a string without its escapes, anything else as JSON.
func (r *Reader) text(s *scanner, m *field) []byte { return r.unescaped(s.raw(m), m.escaped) }

// unescaped is the text that a JSON string stands for, in which there may be escapes.
func (r *Reader) unescaped(v []byte, escaped bool) []byte {
	if !escaped {
		return v
	}
	start := len(r.b.Arena)
	r.b.Arena = appendUnescaped(r.b.Arena, v)
	return r.b.Arena[start:]
}

// level sets the severity and returns the level's text.
func (r *Reader) level(f *found) []byte {
	if f.level == nil || f.level.kind != '"' {
		return nil
	}
	text := r.text(&r.line, f.level)
	r.b.Severity, r.b.SeverityText = severityOf(text), text
	f.level = nil
	return text
}

// message takes the body and the code from msg, and everything else as
// attributes, unless that is too much.
func (r *Reader) message(f *found, level []byte) {
	b, msg := r.b, r.text(&r.line, f.msg)
	whole := len(r.line.text)-int(f.msg.end-f.msg.start) > maxAttributes || len(r.line.fields) > maxFields
	r.attributes(&r.line, f, !whole, fieldSet{})
	if whole {
		r.reasons(&r.line)
		b.Counts.Beyond[record.Fields]++
	}
	switch {
	case whole, f.twice && len(r.line.text) > maxAttributes:
		// the body stays the line
	case f.twice:
		b.KeepOriginal()
		fallthrough
	default:
		b.Body = msg
	}
	r.beside = r.line.fields
	r.code(level, msg)
	r.beside = nil
}

// attributes adds the fields of s as attributes: all, or identities and types
// only. Those in skip are left out.
func (r *Reader) attributes(s *scanner, f *found, all bool, skip fieldSet) {
	skip.add(droppedField)
	skip.add(fieldMsg)
	if f.timestamp == nil {
		skip.add(fieldTimestamp)
	}
	if f.level == nil {
		skip.add(fieldLevel)
	}
	for i := range s.fields {
		m := &s.fields[i]
		k := &r.p.fields.ids[m.id]
		switch {
		case skip.has(m.id), !all && !k.identity:
		case m.id == unknownField:
			r.unknown(s, i, f)
		default:
			r.known(s, m, k, all)
		}
	}
}
