package pexip

import (
	"bytes"

	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/convert/record"
)

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
		default:
			p.writeField(q.field, p.unescaped(q))
		}
	}
	if len(p.line.more) > 0 {
		p.b.Attr(keyRest, p.line.more)
		p.quirk |= tooManyPairs
		p.b.Counts.Beyond[record.Pairs]++
	}
	p.writeAside()
	p.writeQuirks()
}

// writeField adds the attribute of a pair whose key is known, if it has one.
func (p *parse) writeField(id uint8, v []byte) {
	f := &catalogue.fields[id]
	if f.kind == multiline {
		switch {
		case id != fieldDetail || p.detail == nil && p.quirk&detailInBody == 0:
			v = p.broken(v)
		case p.detail != nil:
			v = p.detail
		default:
			return // it is in the body
		}
	}
	f.write(p.b, v)
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

// gather adds the texts of pairs as one attribute, unless there is none.
func (p *parse) gather(key otlp.Key, text func(i int, q *pair) []byte) {
	start := len(p.b.Arena)
	for i := range p.pairs[:p.n] {
		if v := text(i, &p.pairs[i]); len(v) > 0 {
			p.b.Arena = append(append(p.b.Arena, v...), ' ')
		}
	}
	if end := len(p.b.Arena); end > start {
		p.b.Attr(key, p.b.Arena[start:end-1])
	}
}

// writeAside adds the words that stand between the pairs, and the pairs that were
// replaced by others, as they stand, unless the value is the same.
func (p *parse) writeAside() {
	if p.quirk&(unkeyed|duplicateKey) == 0 {
		return
	}
	p.gather(keyUnkeyed, func(_ int, q *pair) []byte {
		if q.keyLen > 0 {
			return nil
		}
		return p.raw(q)
	})
	p.gather(keyDuplicates, func(i int, q *pair) []byte {
		if !q.replaced || p.repeated(i) {
			return nil
		}
		return p.line.rest[q.Start:q.End]
	})
}

// quirkNames are what flags are called in an attribute.
var quirkNames = [...]string{1: "missing_open_quote", "unterminated", "duplicate_key", "too_many_pairs"}

// writeQuirks adds the names of what is unusual, if anything is, in one string.
func (p *parse) writeQuirks() {
	start := len(p.b.Arena)
	for i, name := range quirkNames {
		if name != "" && p.quirk&(1<<i) != 0 {
			p.b.Arena = append(append(p.b.Arena, name...), ' ')
		}
	}
	if end := len(p.b.Arena); end > start {
		p.b.Attr(keyQuirks, p.b.Arena[start:end-1])
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
