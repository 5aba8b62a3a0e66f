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

	"github.com/rtcship/rtcship/convert/cdr"
	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/convert/shape"
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
	token
	replaced bool // by a later pair with the same key
}

// A Reader makes records of entries, and is used again and again. What it
// remembers makes it faster, and changes nothing that comes of an entry.
type Reader struct {
	parse parse
}

// A parse is one entry on its way to a record.
type parse struct {
	b       *record.Builder
	line    line
	pairs   [maxPairs]pair
	n       int
	field   [256]uint8 // index+1 of the pair of each field
	quirk   flags      // of all pairs
	detail  []byte     // Detail with its line breaks, if that was asked for before
	suspect bool       // there may be a secret somewhere

	event    int  // index of what is known of the message, or -1
	template bool // whether there are attributes of data in the message

	said    sayings // of the call
	kept    bool    // said is of the text before masking
	sipCall []byte  // Call-ID of a SIP message in Detail
	namer   *cdr.Namer

	memory   *memory
	redactor *redact.Redactor           // that memory is for
	heading  *shape.Shape[heading]      // of this line, if one before had it
	time     int64                      // that it has in this line
	values   [shape.MaxParts]shape.Span // that fill the holes of a form
}

// Start prepares for the entries that b is begun with.
func (r *Reader) Start(b *record.Builder) {
	p := &r.parse
	if redactor := b.Redactor(); p.memory == nil || p.redactor != redactor {
		p.memory, p.redactor = newMemory(), redactor // another one may mask what is remembered
	}
	p.b = b
	if p.namer == nil && b.Calls().Traces {
		p.namer = new(cdr.Namer)
	}
}

// Release lets go of the last entry, so that its memory can be used again.
func (r *Reader) Release() {
	r.parse.line, r.parse.detail, r.parse.sipCall, r.parse.said = line{}, nil, nil, sayings{}
}

// Read makes a record of the entry that the Builder was begun with, unmasked.
// It returns the name or address of the system that the entry is about, nil if
// the entry does not say; it is valid as long as the entry is.
func (r *Reader) Read() (host []byte) {
	p := &r.parse
	p.kept = false
	if host, ok := p.short(); ok {
		return host
	}
	p.take()
	if p.suspect {
		p.mask()
	}
	p.header()
	if p.line.pairs {
		p.known()
		p.write()
		p.call(p.line.host)
	} else {
		p.b.Body = bytes.TrimLeft(p.line.rest, " ")
	}
	p.severity()
	if p.line.pairs {
		p.learn()
	}
	return p.line.host
}

// mask masks the secrets of the text, and takes that apart anew if there are any.
func (p *parse) mask() {
	p.keep()
	if !p.b.Mask() {
		p.kept = false
		return
	}
	p.heading = nil // it is another text now
	p.take()
}

// take takes the entry's text apart.
func (p *parse) take() {
	p.n, p.quirk, p.detail, p.sipCall = 0, 0, nil, nil
	clear(p.field[:])
	if p.heading != nil {
		p.peelHeading(trimEnd(p.b.Text))
		p.suspect = false
		p.scan()
		return
	}
	p.line = line{}
	p.line.peel(p.b.Text, p.b.Entry.Observed)
	p.line.dubious = !p.line.pairs || p.line.repeated > 0 || p.line.suspect(p.b)
	p.suspect = p.line.dubious
	if p.line.pairs {
		p.scan()
	}
}

// header writes what the syslog header says, and the time.
func (p *parse) header() {
	if p.heading != nil {
		p.writeHeading(p.b.Text)
		return
	}
	h := &p.line.head
	switch {
	case p.line.pairs || p.b.Entry.Cut: // the rest of a long message has no header
	case p.line.odd:
		p.b.ParseError(record.Pexip, "unknown_header")
	case h.Format == syslog.None && h.Priority < 0 && p.line.time.IsZero():
		p.b.ParseError(record.Syslog, "no_header")
	}
	begin := p.b.Mark()
	stamp := writeHeader(p.b, &p.line) - begin
	p.learnHeading(p.b.Since(begin), stamp)
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
	s := newScanner(p.line.rest)
	for p.n < maxPairs {
		next := &p.pairs[p.n]
		next.replaced = false
		if !s.Next(&next.token) {
			return
		}
		p.n++
		p.quirk |= next.flags
		if next.keyLen == 0 {
			p.suspect, p.quirk = true, p.quirk|unkeyed
			continue
		}
		next.field, next.usual = catalogue.lookupKey(p.key(next))
		p.suspect = p.suspect || !p.harmless(&next.token)
		if before := p.before(next); before != nil {
			before.replaced = true
			p.quirk |= duplicateKey
		}
		p.field[next.field] = uint8(p.n)
	}
	p.line.more = bytes.Trim(s.Rest(), " ")
	p.suspect = p.suspect || len(p.line.more) > 0
}

// harmless reports whether there is no secret in a pair for sure. Every word
// that announces one lies within one pair, or within the headers.
func (p *parse) harmless(t *token) bool {
	switch {
	case t.flags != 0:
		return false
	case !t.usual: // then its key may announce one
		return !p.b.Suspect(p.line.rest[t.Start:t.End])
	case catalogue.fields[t.field].secret:
		return false
	}
	v := t.Value(p.line.rest)
	if t.field == fieldMessage {
		if _, known := catalogue.exact[string(trimPeriod(v))]; known {
			return true
		}
	}
	return len(v) < 3 || !p.b.Suspect(v)
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
