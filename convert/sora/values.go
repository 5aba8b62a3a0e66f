package sora

import (
	"strconv"
	"unsafe"

	"github.com/rtcship/rtcship/convert/record"
)

// unknown adds a field that rtcship knows nothing of: always a string, so that
// its name has one type whatever comes.
func (r *Reader) unknown(s *scanner, i int, f *found) {
	m := &s.fields[i]
	name := r.name(s, m)
	for j := i + 1; j < len(s.fields); j++ {
		if s.fields[j].id == unknownField && string(r.name(s, &s.fields[j])) == string(name) {
			f.twice = true
			return
		}
	}
	key := r.b.Key("sora.", name)
	if m.kind == 'n' {
		r.b.Null(key)
		return
	}
	r.b.Attr(key, r.text(s, m))
}

// known adds a field of the table. A value that is not of the field's type
// goes to a second name, as text. all says that the body is not the line.
func (r *Reader) known(s *scanner, m *field, k *fieldKeys, all bool) {
	b, key := r.b, k.text
	switch {
	case m.kind == 'n':
		if all {
			b.Null(k.key)
		}
		return
	case k.typ == typeText:
		key = k.key
	case k.typ == typeBool && m.kind == 't':
		b.Encoded(k.bools[1])
		return
	case k.typ == typeBool && m.kind == 'f':
		b.Encoded(k.bools[0])
		return
	case k.typ == typeInt && m.kind == '0':
		if n, err := strconv.ParseInt(view(s.raw(m)), 10, 64); err == nil {
			b.Int(k.key, n)
			return
		}
	case k.typ == typeDouble && m.kind == '0':
		if v, err := strconv.ParseFloat(view(s.raw(m)), 64); err == nil {
			b.Double(k.key, v)
			return
		}
	case k.typ == typeList && m.kind == '[':
		if r.list(s, m, k) {
			return
		}
	}
	v := r.text(s, m)
	if !all { // the body has it too
		v = record.Cut(v, maxValue)
	}
	b.Attr(key, v)
}

// list adds a list of strings and returns false if the value is another list.
func (r *Reader) list(s *scanner, m *field, k *fieldKeys) bool {
	v, mark := s.raw(m), r.b.Mark()
	r.b.BeginList(k.key)
	i := skipSpace(v, 1)
	for v[i] == '"' {
		end, escaped := scanString(v, i+1)
		r.b.Item(r.unescaped(v[i+1:end], escaped))
		if i = skipSpace(v, end+1); v[i] == ',' {
			i = skipSpace(v, i+1)
		}
	}
	if v[i] != ']' {
		r.b.Undo(mark)
		return false
	}
	r.b.EndList()
	return true
}

// view is b as a string for the length of a call that does not keep it.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
