// Package pexip makes records of the log lines of Pexip Infinity: a header, an
// originating time, and pairs of a key and a value.
//
// Nothing of a line is lost. What the catalogue knows becomes an attribute of
// one type for ever, an event name, a severity, a body; what it does not know
// becomes a string under its own name; and a line that is not made of pairs,
// such as an audit or a web server's line, becomes a body.
package pexip

import (
	"bytes"
	"math"
	"time"

	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/convert/syslog"
)

// Attributes that no pair makes.
var (
	keyUnkeyed    = otlp.NewKey(prefix + "unkeyed")          // words between the pairs
	keyDuplicates = otlp.NewKey(prefix + "duplicates")       // pairs whose key came again with another value
	keyRest       = otlp.NewKey(prefix + "rest")             // what follows the first maxPairs pairs
	keyQuirks     = otlp.NewKey(prefix + "quirks")           // what was unusual about the pairs
	keyStamp      = otlp.NewKey(prefix + "originating_time") // a time that OTLP cannot hold
)

// maxPairs is how many pairs of a line become attributes. Messages have 20 at
// most; OpenTelemetry's own limit for a record is 128 attributes.
const maxPairs = 96

// A pair is a token that is going to be an attribute.
type pair struct {
	Token
	field    uint8 // fieldUnknown if the key is not in the catalogue
	replaced bool  // by a later pair with the same key
}

// A parse is one entry on its way to a record.
type parse struct {
	b     *record.Builder
	line  line
	pairs [maxPairs]pair
	n     int
	field [256]uint8 // index+1 of the pair of each field
	quirk quirks
}

// Parse makes a record of the entry that b was begun with. It returns the name
// or address of the system that the entry is about, nil if the entry does not
// say; it is valid as long as the entry is.
func Parse(b *record.Builder) (host []byte) {
	var p parse
	p.b = b
	p.line.peel(b.Text, b.Entry.Observed)
	p.header()
	if p.line.pairs {
		p.scan()
		p.known()
		p.write()
	} else {
		b.Body = bytes.TrimLeft(p.line.rest, " ")
	}
	p.severity()
	return p.line.host
}

// header writes what the syslog header says, and the time.
func (p *parse) header() {
	h := &p.line.head
	if h.Format == syslog.None && h.Priority < 0 && !p.line.pairs && p.line.time.IsZero() && !p.b.Entry.Cut {
		p.b.ParseError(record.Syslog, "no_header") // the rest of a long message has none
	}
	writeHeader(p.b, &p.line)
	switch {
	case validTime(p.line.time):
		p.b.Time = p.line.time.UnixNano()
	case p.line.stamp != nil:
		p.b.Attr(keyStamp, p.line.stamp)
		fallthrough
	default:
		if t, ok := auditTime(p.line.rest); ok && !p.line.pairs {
			p.b.Time = t.UnixNano()
		}
		if p.b.Time == 0 && validTime(h.Time) {
			p.b.Time = h.Time.UnixNano()
		}
	}
}

// validTime reports whether t fits a record.
func validTime(t time.Time) bool {
	return t.Unix() > 0 && t.Unix() < math.MaxInt64/1_000_000_000
}

// scan collects the pairs. Of pairs with the same key the last one counts.
func (p *parse) scan() {
	s := NewScanner(p.line.rest)
	for p.n < maxPairs {
		next := &p.pairs[p.n]
		if !s.Next(&next.Token) {
			return
		}
		p.n++
		p.quirk.add(next.Flags)
		key := p.key(next)
		if key == nil {
			continue
		}
		next.field = catalogue.lookupKey(key)
		if before := p.before(next); before != nil {
			before.replaced = true
			p.quirk |= duplicateKey
		}
		p.field[next.field] = uint8(p.n)
	}
	if rest := bytes.Trim(s.Rest(), " "); len(rest) > 0 {
		p.b.Attr(keyRest, rest)
		p.quirk |= tooManyPairs
	}
}

func (p *parse) key(q *pair) []byte { return q.Key(p.line.rest) }

func (p *parse) raw(q *pair) []byte { return q.Value(p.line.rest) }

// before is the pair before next that has the same key and is not replaced.
func (p *parse) before(next *pair) *pair {
	if next.field != 0 {
		if i := p.field[next.field]; i > 0 {
			return &p.pairs[i-1]
		}
		return nil
	}
	for i := range p.pairs[:p.n-1] {
		if q := &p.pairs[i]; q.field == 0 && q.keyLen > 0 && !q.replaced && sameName(p.key(q), p.key(next)) {
			return q
		}
	}
	return nil
}

// sameName reports whether two unknown keys make the same attribute.
func sameName(a, b []byte) bool {
	var x, y [2 * maxKey]byte
	return bytes.Equal(appendSnake(x[:0], a), appendSnake(y[:0], b))
}

// value is the value of the pair of a field, without escapes, or nil.
func (p *parse) value(field uint8) []byte {
	if i := p.field[field]; i > 0 && int(i) <= p.n {
		return p.unescaped(&p.pairs[i-1])
	}
	return nil
}

// lift adds an attribute that was found within a text, unless a pair makes it.
func (p *parse) lift(field uint8, value []byte) {
	if field != 0 && p.field[field] == 0 && len(value) > 0 {
		p.field[field] = lifted
		catalogue.fields[field].write(p.b, value)
	}
}

// lifted marks a field that no pair has.
const lifted = 255

// unescaped is a pair's value with " for \".
func (p *parse) unescaped(q *pair) []byte {
	if q.Flags&Escaped == 0 {
		return p.raw(q)
	}
	start := len(p.b.Arena)
	p.b.Arena = appendUnescaped(p.b.Arena, p.raw(q))
	return p.b.Arena[start:len(p.b.Arena):len(p.b.Arena)]
}

func appendUnescaped(dst, v []byte) []byte {
	for {
		i := bytes.Index(v, []byte(`\"`))
		if i < 0 {
			return append(dst, v...)
		}
		dst = append(append(dst, v[:i]...), '"')
		v = v[i+2:]
	}
}

// broken is text with line breaks for ^M, CR LF and CR.
func (p *parse) broken(text []byte) []byte {
	if bytes.IndexByte(text, '\r') < 0 && !bytes.Contains(text, []byte("^M")) {
		return text
	}
	start := len(p.b.Arena)
	p.b.Arena = appendBroken(p.b.Arena, text)
	return p.b.Arena[start:len(p.b.Arena):len(p.b.Arena)]
}

func appendBroken(dst, v []byte) []byte {
	for i := 0; i < len(v); i++ {
		switch {
		case v[i] == '^' && i+1 < len(v) && v[i+1] == 'M':
			i++
		case v[i] == '\r':
		default:
			dst = append(dst, v[i])
			continue
		}
		dst = append(dst, '\n')
		if i+1 < len(v) && v[i+1] == '\n' {
			i++
		}
	}
	return dst
}

// write adds the attributes of all pairs that are not in the body.
func (p *parse) write() {
	for i := range p.pairs[:p.n] {
		q := &p.pairs[i]
		if q.keyLen == 0 || q.replaced {
			continue
		}
		f := &catalogue.fields[q.field]
		switch f.kind {
		case level, message:
		case unknown:
			p.b.Attr(p.unknownKey(p.key(q)), p.unescaped(q))
		case multiline:
			if q.field != fieldDetail || !p.quirk.has(detailInBody) {
				f.write(p.b, p.broken(p.unescaped(q)))
			}
		default:
			f.write(p.b, p.unescaped(q))
		}
	}
	p.writeUnkeyed()
	p.writeDuplicates()
	p.quirk.write(p.b)
}

// reserved are names that unknown keys must not take, because rtcship makes
// attributes of these names itself.
var reserved = map[string]bool{
	"unkeyed": true, "duplicates": true, "rest": true, "quirks": true, "originating_time": true, "media": true,
}

// unknownKey is the attribute's key of a pair whose key is not in the catalogue.
func (p *parse) unknownKey(key []byte) otlp.Key {
	var buf [2*maxKey + 1]byte
	name := appendSnake(buf[:0], key)
	stem, misfit := bytes.CutSuffix(name, []byte("_text"))
	if reserved[string(name)] || catalogue.attribute[string(name)] != 0 || misfit && catalogue.attribute[string(stem)] != 0 {
		name = append(name, '_')
	}
	return p.b.Key(prefix, name)
}

// writeUnkeyed adds the words that stand between the pairs.
func (p *parse) writeUnkeyed() {
	start := len(p.b.Arena)
	for i := range p.pairs[:p.n] {
		if q := &p.pairs[i]; q.keyLen == 0 {
			if len(p.b.Arena) > start {
				p.b.Arena = append(p.b.Arena, ' ')
			}
			p.b.Arena = append(p.b.Arena, p.raw(q)...)
		}
	}
	if len(p.b.Arena) > start {
		p.b.Attr(keyUnkeyed, p.b.Arena[start:])
	}
}

// writeDuplicates adds the pairs that were replaced by others, as they stand,
// unless the value is the same.
func (p *parse) writeDuplicates() {
	if !p.quirk.has(duplicateKey) {
		return
	}
	start := len(p.b.Arena)
	for i := range p.pairs[:p.n] {
		q := &p.pairs[i]
		if !q.replaced || p.repeated(i) {
			continue
		}
		if len(p.b.Arena) > start {
			p.b.Arena = append(p.b.Arena, ' ')
		}
		p.b.Arena = append(p.b.Arena, p.line.rest[q.Start:q.End]...)
	}
	if len(p.b.Arena) > start {
		p.b.Attr(keyDuplicates, p.b.Arena[start:])
	}
}

// repeated reports whether the pair that replaced the one at i has its value.
func (p *parse) repeated(i int) bool {
	q := &p.pairs[i]
	for j := i + 1; j < p.n; j++ {
		r := &p.pairs[j]
		if r.keyLen == 0 || r.field != q.field || q.field == 0 && !sameName(p.key(q), p.key(r)) {
			continue
		}
		return bytes.Equal(p.raw(q), p.raw(r))
	}
	return false
}
