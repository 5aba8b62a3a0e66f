package sora

// A line of a log with messages is mostly made like the line before it: known
// fields in a known order, none twice, nothing that looks like a secret. Such a
// line is read in one pass, in which each attribute is written as soon as its
// field has been read. Everything else is left to readJSON, which takes the line
// apart first and decides then; what both make of a line is the same.

// An action says what becomes of a field's value on the short way.
type action uint8

const (
	actNone action = iota // the short way is not for lines with this field
	actText
	actBool
	actList
	actTime
	actLevel
	actMessage
)

func actionOf(id fieldID, spec fieldSpec) action {
	switch {
	case id == fieldTimestamp:
		return actTime
	case id == fieldLevel:
		return actLevel
	case id == fieldMsg:
		return actMessage
	case id == unknownField, id == fieldOfType, id == fieldReq:
		return actNone
	case spec.typ == typeText:
		return actText
	case spec.typ == typeBool:
		return actBool
	case spec.typ == typeList:
		return actList
	}
	return actNone
}

// A shortLine is what was read of a line, apart from its attributes.
type shortLine struct {
	nanos      int64
	level, msg []byte
	connection []byte
	escaped    bool // msg has escapes
	seen       fieldSet
}

// afterMiss is for how many lines the short way is not tried after one that it
// was not for: logs differ, and most are all one or all the other.
const afterMiss = 15

// readShort reads the line if the short way is for it. If not, it returns false
// and leaves everything as it was.
func (r *Reader) readShort() bool {
	if r.missed > 0 {
		r.missed--
		return false
	}
	var l shortLine
	watched := r.stretches.begin()
	ok := len(r.b.Text) <= maxAttributes && r.b.Text[0] == '{' && r.shortFields(&l, watched) && r.shortMessage(&l)
	if watched {
		r.stretches.end(ok)
	}
	if !ok {
		r.b.Restart()
		r.missed = afterMiss
		return false
	}
	b := r.b
	if l.nanos != 0 {
		b.Time = l.nanos
	}
	if l.seen.has(fieldLevel) {
		b.Severity, b.SeverityText = severityOf(l.level), l.level
	}
	if b.EventPrefix == "" {
		b.EventPrefix = r.log.event
	}
	r.traceOf(l.connection)
	if len(r.connection) > 0 && !l.seen.has(fieldConnectionID) {
		r.traceOf(r.connection)
		b.Attr(r.p.fields.ids[fieldConnectionID].key, r.connection)
	}
	return true
}

// shortFields reads all fields. It returns false as soon as there is one that
// the short way is not for.
func (r *Reader) shortFields(l *shortLine, watched bool) bool {
	text, names := r.b.Text, r.p.fields
	i, last := 1, noName
	for {
		if s := &r.stretches.after[last&(maxNames-1)]; len(s.text) > 0 && !watched && hasPrefix(text, i, view(s.text)) {
			if l.seen.overlaps(&s.seen) {
				return false
			}
			r.b.Encoded(s.made)
			l.seen.addAll(&s.seen)
			if s.connection != (span{}) {
				l.connection = s.text[s.connection.from:s.connection.to]
			}
			i, last = i+len(s.text), s.last
		}
		name := r.line.after[last&(maxNames-1)]
		n := &names.list[name&(maxNames-1)]
		if name == noName || !n.at(text, i) {
			if name = r.otherName(i, last); name == noName {
				return false
			}
			n = &names.list[name]
		}
		start, made := i, r.b.Mark()
		i += len(n.quoted)
		if l.seen.has(n.id) || i >= len(text) {
			return false
		}
		l.seen.add(n.id)
		if text[i] == '"' {
			end, escaped := scanString(text, i+1)
			if end < 0 || !r.shortText(l, n.id, text[i+1:end], escaped) {
				return false
			}
			i = end + 1
		} else if i = r.shortValue(n.id, i); i < 0 {
			return false
		}
		if i >= len(text) {
			return false
		}
		if text[i] != ',' {
			return text[i] == '}' && i+1 == len(text)
		}
		i++
		if watched {
			r.stretches.note(name, last, n.id, text[start:i], r.b.Since(made))
		}
		last = name
	}
}

// otherName is the known name that stands at i, quoted and followed by its
// colon, or noName. last is the name before it.
func (r *Reader) otherName(i int, last nameID) nameID {
	text := r.b.Text
	if i >= len(text) || text[i] != '"' {
		return noName
	}
	end, escaped := scanString(text, i+1)
	if end < 0 || escaped || end+1 >= len(text) || text[end+1] != ':' {
		return noName
	}
	name := r.p.fields.find(text[i+1 : end])
	r.line.after[last&(maxNames-1)] = name
	return name
}

// shortText takes a string.
func (r *Reader) shortText(l *shortLine, id fieldID, v []byte, escaped bool) bool {
	k := &r.p.fields.ids[id]
	if k.action == actMessage {
		l.msg, l.escaped = v, escaped
		return true
	}
	if !k.harmless && r.b.Suspect(v) {
		return false
	}
	switch k.action {
	case actText:
		if escaped {
			v = r.unescaped(v)
		}
		r.b.Attr(k.key, v)
		if id == fieldConnectionID {
			l.connection = v
		}
		return true
	case actLevel:
		l.level = v
		return !escaped
	case actTime:
		var ok bool
		l.nanos, ok = r.clock.parse(v)
		return ok && v[len(v)-1] == 'Z'
	}
	return false
}

// shortValue takes a value at i that is no string, and returns where it ends,
// or -1.
func (r *Reader) shortValue(id fieldID, i int) int {
	text, k := r.b.Text, &r.p.fields.ids[id]
	switch k.action {
	case actBool:
		if hasPrefix(text, i, "true") {
			r.b.Encoded(k.bools[1])
			return i + len("true")
		}
		if hasPrefix(text, i, "false") {
			r.b.Encoded(k.bools[0])
			return i + len("false")
		}
	case actList:
		if text[i] == '[' {
			return r.shortList(k, id, i)
		}
	}
	return -1
}

func (r *Reader) shortList(k *fieldKeys, id fieldID, i int) int {
	text := r.b.Text
	if l := r.lists.at(text, i); l != nil && l.id == id {
		r.b.Encoded(l.made)
		return i + len(l.raw)
	}
	r.line.text = text
	end := r.line.skipNested(i)
	if end < 0 || r.b.Suspect(text[i:end]) || !r.list(&r.line, &field{id: id, start: int32(i), end: int32(end)}, k) {
		return -1
	}
	return end
}

// shortMessage takes the body and the code from the message, which is often one
// of a few. It returns false if there is none, or one that may hold a secret.
func (r *Reader) shortMessage(l *shortLine) bool {
	b := r.b
	kept, hash := r.messages.slot(l.msg)
	if kept != nil && string(kept.raw) == string(l.msg) && string(kept.level) == string(l.level) {
		b.Body, b.EventPrefix, b.EventName = kept.body, kept.prefix, kept.name
		b.Encoded(kept.made)
		if kept.event >= 0 {
			r.count(kept.event)
		}
		return true
	}
	if len(l.msg) == 0 || b.Suspect(l.msg) {
		return false
	}
	b.Body = l.msg
	if l.escaped {
		b.Body = r.unescaped(l.msg)
	}
	start := b.Mark()
	event := r.code(l.level, b.Body)
	if kept != nil {
		kept.keep(hash, l, b, event, b.Since(start))
	}
	return true
}

// unescaped is the text that a JSON string stands for.
func (r *Reader) unescaped(v []byte) []byte {
	start := len(r.b.Arena)
	r.b.Arena = appendUnescaped(r.b.Arena, v)
	return r.b.Arena[start:]
}
