package sora

import "github.com/rtcship/rtcship/convert/shape"

// Most lines of a log with messages are made like lines before them: the same
// fields in the same order, and many of the same values. Such a line is read by its
// shape (see package shape), in one pass in which each attribute is written as soon
// as its value has been read. Everything else is left to readJSON, which takes the
// line apart first and decides then; what both make of a line is the same, which
// short_test.go holds.

// A memory is what a Reader knows of the lines before.
type memory struct {
	lines  *shape.Memory[struct{}]
	values *shape.Memory[value] // lists and messages: most are one of a few
	text   shape.Text           // that is learnt
}

func newMemory() memory {
	return memory{lines: shape.NewMemory[struct{}](32), values: shape.NewMemory[value](64)}
}

// A value is what is known of a list or a message, besides its shape.
type value struct {
	id fieldID

	// Of a message:
	level  []byte
	body   []byte // without escapes, if it has some
	prefix string // the event name's two parts
	name   []byte
	event  int // its index, or -1
}

// What a hole of a line holds: its Kind. Its Field is the field's id.
const (
	holeNone uint8 = iota // lines with this field have no shape
	holeText
	holeHarmless // text that Sora makes itself, and holds no secret
	holeConnection
	holeTime
	holeLevel
	holeMessage
	holeValue // anything but a string
)

// holeOf is what may stand where a field has a string.
func holeOf(id fieldID, spec fieldSpec) uint8 {
	switch {
	case id == fieldTimestamp:
		return holeTime
	case id == fieldLevel:
		return holeLevel
	case id == fieldMsg:
		return holeMessage
	case id == fieldConnectionID:
		return holeConnection
	case id == unknownField, id == fieldOfType, id == fieldReq:
		return holeNone
	case spec.harmless:
		return holeHarmless
	}
	return holeText
}

// A shortLine is what was read of a line, apart from its attributes.
type shortLine struct {
	nanos      int64
	level, msg []byte
	connection []byte
	escaped    bool // msg has escapes
}

// readShort reads the line if it has a shape that is known. If not, it returns
// false and leaves everything as it was.
func (r *Reader) readShort() bool {
	text := r.b.Text
	if len(text) < 8 || len(text) > maxAttributes {
		return false
	}
	lines := r.memory.lines
	for s := lines.Find(beginning(text)); s != nil; s = lines.Next(s) {
		var l shortLine
		if r.fill(s, &l) && r.shortMessage(&l) {
			s.Take()
			r.finishShort(&l)
			return true
		}
		r.b.Restart()
	}
	return false
}

const hashFactor = 0x9e3779b97f4a7c15

// beginning is what the shapes of lines are known by: the first field.
func beginning(text []byte) uint64 { return load64(text, 0) * hashFactor }

// fill reads the line by a shape. It returns false as soon as it turns out to be
// of another one, or one that may hold a secret.
func (r *Reader) fill(s *shape.Shape[struct{}], l *shortLine) bool {
	text, holes, pos := r.b.Text, s.Holes, 0
	for i := range holes {
		h := &holes[i]
		if pos = h.Reach(text, pos); pos < 0 {
			return false
		}
		r.b.Encoded(h.Made)
		switch h.Kind {
		case holeTime:
			pos = r.shortTime(l, pos)
		case holeValue:
			pos = r.shortValue(h, pos)
		default:
			pos = r.shortText(h, l, pos)
		}
		if pos < 0 {
			return false
		}
	}
	r.b.Encoded(s.Made)
	return s.Ends(text, pos)
}

// shortTime takes a time at i, and returns where it ends, or -1.
func (r *Reader) shortTime(l *shortLine, i int) int {
	end, ok := i+usualTime, false
	if end > len(r.b.Text) || r.b.Text[end-1] != 'Z' {
		return -1
	}
	if l.nanos, ok = r.clock.parse(r.b.Text[i:end]); !ok {
		return -1
	}
	return end
}

// shortText takes another string at i, and returns where it ends, or -1.
func (r *Reader) shortText(h *shape.Hole, l *shortLine, i int) int {
	end, escaped := scanString(r.b.Text, i)
	if end < 0 {
		return -1
	}
	v := r.b.Text[i:end]
	switch h.Kind {
	case holeLevel:
		if l.level = v; escaped {
			return -1
		}
		return end
	case holeMessage:
		l.msg, l.escaped = v, escaped
		return end
	case holeText:
		if r.b.Suspect(v) {
			return -1
		}
	}
	v = r.unescaped(v, escaped)
	r.b.Attr(h.Key, v)
	if h.Kind == holeConnection {
		l.connection = v
	}
	return end
}

// shortValue takes a value at i that is no string, and returns where it ends,
// or -1.
func (r *Reader) shortValue(h *shape.Hole, i int) int {
	text, k := r.b.Text, &r.p.fields.ids[h.Field]
	switch {
	case k.typ == typeBool && hasPrefix(text, i, "true"):
		r.b.Encoded(k.bools[1])
		return i + len("true")
	case k.typ == typeBool && hasPrefix(text, i, "false"):
		r.b.Encoded(k.bools[0])
		return i + len("false")
	case k.typ == typeList && hasPrefix(text, i, "["):
		return r.shortList(h, i)
	}
	m := field{id: fieldID(h.Field)}
	r.line.text = text
	end, reason := r.line.value(i, &m)
	if reason != "" || (m.kind == '{' || m.kind == '[') && r.b.Suspect(text[i:end]) {
		return -1
	}
	r.known(&r.line, &m, k, true)
	return end
}

// shortList takes a list. Lists mostly begin alike, so what tells them apart is
// looked for behind.
func (r *Reader) shortList(h *shape.Hole, i int) int {
	text, values, key := r.b.Text, r.memory.values, uint64(0)
	if i+16 <= len(text) {
		key = load64(text, i+8) * hashFactor
	}
	for s := values.Find(key); s != nil; s = values.Next(s) {
		if end := s.End(text, i); end >= 0 && s.Data.id == fieldID(h.Field) {
			s.Take()
			r.b.Encoded(s.Made)
			return end
		}
	}
	mark, m := r.b.Mark(), field{id: fieldID(h.Field), kind: '[', start: int32(i)}
	r.line.text = text
	end := skipNested(text, i, 1)
	if end < 0 || r.b.Suspect(text[i:end]) {
		return -1
	}
	m.end = int32(end)
	r.known(&r.line, &m, &r.p.fields.ids[h.Field], true)
	if s := r.learnValue(key, text[i:end], r.b.Since(mark)); s != nil {
		s.Data = value{id: m.id}
	}
	return end
}

// shortMessage takes the body and the code from the message, which is often one
// of a few. It returns false if there is none, or one that may hold a secret.
func (r *Reader) shortMessage(l *shortLine) bool {
	b, values, key := r.b, r.memory.values, hashMessage(l)
	for s := values.Find(key); s != nil; s = values.Next(s) {
		if d := &s.Data; d.id == fieldMsg && s.Ends(l.msg, 0) && string(d.level) == string(l.level) {
			s.Take()
			if b.Body = l.msg; l.escaped {
				b.Body = d.body
			}
			b.EventPrefix, b.EventName = d.prefix, d.name
			b.Encoded(s.Made)
			if d.event >= 0 {
				r.count(d.event)
			}
			return true
		}
	}
	if len(l.msg) == 0 || b.Suspect(l.msg) {
		return false
	}
	b.Body = r.unescaped(l.msg, l.escaped)
	mark, beyond := b.Mark(), b.Counts.Beyond
	event := r.code(l.level, b.Body)
	if len(l.msg) > maxMessage || b.Counts.Beyond != beyond {
		return true // what is remembered is not counted
	}
	if s := r.learnValue(key, l.msg, b.Since(mark)); s != nil {
		d := &s.Data
		*d = value{
			id: fieldMsg, level: append(d.level[:0], l.level...), body: append(d.body[:0], b.Body...),
			prefix: b.EventPrefix, name: append(d.name[:0], b.EventName...), event: event,
		}
	}
	return true
}

// maxMessage is how long a message may be that is remembered. Longer ones hardly
// ever come again.
const maxMessage = 256

func hashMessage(l *shortLine) uint64 {
	n := len(l.msg)
	if n < 8 || len(l.level) == 0 {
		return uint64(n)
	}
	level := uint64(l.level[0])<<8 + uint64(len(l.level))
	return ((load64(l.msg, 0)*31+load64(l.msg, n-8))*31 + uint64(n) + level<<32) * hashFactor
}

// learnValue remembers a value without secrets, and what was made of it.
func (r *Reader) learnValue(key uint64, text, made []byte) *shape.Shape[value] {
	t := &r.memory.text
	t.Text, t.Made, t.Parts = text, made, t.Parts[:0]
	return r.memory.values.Learn(key, t)
}

// finishShort sets what is known when all of a line has been read.
func (r *Reader) finishShort(l *shortLine) {
	b := r.b
	if l.nanos != 0 {
		b.Time = l.nanos
	}
	if l.level != nil {
		b.Severity, b.SeverityText = severityOf(l.level), l.level
	}
	if b.EventPrefix == "" {
		b.EventPrefix = r.log.event
	}
	r.traceOf(l.connection)
	r.connectionOfFile(l.connection != nil)
}

// learn remembers the line that was just read, if all that comes of it comes of its
// fields one by one, and of its message: they are known, and none is there twice. The
// line holds no secret.
func (r *Reader) learn(f *found) {
	s, t := &r.line, &r.memory.text
	if f.msg == nil || len(s.fields) > shape.MaxParts || len(s.text) < 8 {
		return
	}
	mark := r.b.Mark()
	t.Text, t.Parts = s.text, t.Parts[:0]
	for i := range s.fields {
		m := &s.fields[i]
		k := &r.p.fields.ids[m.id]
		p := shape.Part{Text: shape.Span{From: int(m.start), To: int(m.end)}, Use: shape.Use{Kind: k.hole, Field: uint8(m.id), Key: k.key}}
		p.Open = m.id < numSpecial
		if m.kind != '"' {
			p.Kind = holeValue
		} else if k.typ != typeText {
			p.Key = k.text
		}
		if k.hole == holeNone || p.Open && m.kind != '"' {
			r.b.Undo(mark)
			return
		}
		p.Made.From = r.b.Mark() - mark
		if !p.Open {
			r.known(s, m, k, true)
		}
		p.Made.To = r.b.Mark() - mark
		t.Parts = append(t.Parts, p)
	}
	t.Made = r.b.Since(mark)
	r.memory.lines.Learn(beginning(s.text), t)
	r.b.Undo(mark)
}
