package sora

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/tailer/entry"
)

// sent reads the object that a webhook was sent with into inner, and returns it, or
// nil if there is none.
func (r *Reader) sent(f, inner *found) *found {
	if f.req == nil || f.req.kind != '{' || r.req.object(r.line.raw(f.req)) != "" {
		return nil
	}
	r.classify(&r.req, inner)
	return inner
}

// request lifts identities, the type and the reasons out of that object, where the
// line itself does not have them. inner is nil if there is none.
func (r *Reader) request(f, inner *found) {
	seen := f.seen
	res, data, ice := r.line.within("res"), r.line.within("data"), r.line.within(iceState)
	if inner != nil {
		r.attributes(&r.req, inner, false, seen)
		if f.connection == nil {
			r.trace(&r.req, inner.connection)
		}
		if f.typ == nil && inner.typ != nil && inner.typ.kind == '"' {
			r.typeName(r.text(&r.req, inner.typ))
		}
		r.failed = r.failed || r.isFailure(&r.req, inner.typ)
		if f.msg == nil {
			r.reasons(&r.req)
		}
		seen.addAll(&inner.seen)
		data = r.req.within("data")
		if ice == nil {
			ice = r.req.within(iceState)
		}
	}
	if f.msg == nil { // the reader of req is free now
		seen = r.outcome(data, outcomes, seen)
		if data != nil {
			r.reasons(&r.req)
			if ice == nil {
				ice = r.req.within(iceState)
			}
		}
		seen = r.outcome(ice, durations, seen)
		r.outcome(res, outcomes, seen)
	}
}

// iceState is the object that tells how long a connection took to come about.
const iceState = "ice_connection_state"

// outcomes are the fields that are lifted out of what lies deeper still: how
// long a connection lasted, and what the other side of a webhook answered.
// durations are those of a connection's ICE state.
var (
	outcomes  = []fieldID{fieldMinutes, fieldAllowed, fieldReason}
	durations = []fieldID{fieldChecking, fieldDisconnected}
)

// outcome lifts some fields out of an object, but for those that were seen before.
func (r *Reader) outcome(object []byte, some []fieldID, seen fieldSet) fieldSet {
	if object == nil || r.req.object(object) != "" {
		return seen
	}
	var f found
	r.classify(&r.req, &f)
	for i := range r.req.fields {
		switch m := &r.req.fields[i]; {
		case m.id == unknownField: // it may be a reason
		case !slices.Contains(some, m.id), seen.has(m.id):
			m.id = droppedField
		default:
			seen.add(m.id)
		}
	}
	r.attributes(&r.req, &f, false, fieldSet{})
	return seen
}

// A line has six reasons at most by what is known of Sora. More than twice as
// many are not lifted, and of each no more than a few lines: all are in the body.
const (
	maxReasons = 12
	maxReason  = 2 << 10
)

// reasons lifts the fields that say why something ended: every *_reason, and the
// message of a connection that failed. Of fields that occur twice the last one
// counts, so they are read from the end.
func (r *Reader) reasons(s *scanner) {
	var at [maxReasons]int
	n := 0
	for i := len(s.fields) - 1; i >= 0 && len(r.lifted) < maxReasons; i-- {
		m := &s.fields[i]
		if m.id != unknownField || m.kind == 'n' {
			continue
		}
		if name := r.name(s, m); r.isReason(name, m.kind) && !contains(r.lifted, name) {
			r.lifted = append(r.lifted, name)
			at[n] = i
			n++
		}
	}
	for ; n > 0; n-- {
		m := &s.fields[at[n-1]]
		r.b.Attr(r.b.Key("sora.", r.name(s, m)), record.Cut(r.text(s, m), maxReason))
	}
}

// isReason tells whether a field says why something ended. A message does where a
// connection failed, and where it is text in a connection's own log; elsewhere it is
// what was sent.
func (r *Reader) isReason(name []byte, k kind) bool {
	if string(name) == "message" {
		return r.failed || k == '"' && (r.b.Origin.Log == logConnection || r.b.Origin.Log == logWaitTimeout)
	}
	return bytes.HasSuffix(name, []byte("_reason")) && len(name) <= maxName
}

// isFailure tells whether a record of this type is about a connection that failed.
func (r *Reader) isFailure(s *scanner, typ *field) bool {
	return typ != nil && string(r.text(s, typ)) == "connection.failed"
}

// within is the object called name among the fields, or nil.
func (s *scanner) within(name string) []byte { return s.nested(name, '{') }

// nested is the object or list called name among the fields, or nil.
func (s *scanner) nested(name string, open kind) (value []byte) {
	for i := range s.fields {
		m := &s.fields[i]
		if m.id == unknownField && m.kind == open && string(s.text[m.keyStart:m.keyEnd]) == name {
			value = s.raw(m)
		}
	}
	return value
}

// eventOfType names the event after the record's type, if it has no name yet.
func (r *Reader) eventOfType(f *found) {
	if f.typ != nil && f.typ.kind == '"' {
		r.typeName(r.text(&r.line, f.typ))
	}
	if r.b.EventPrefix == "" {
		r.b.EventPrefix = r.log.event
	}
}

// maxName is the length beyond which a type is no name.
const maxName = 64

// typeName sets the event name from a type such as connection.created or
// re-offer, or from an API operation such as Sora_20201013.ListChannels.
func (r *Reader) typeName(typ []byte) {
	b := r.b
	if b.EventPrefix != "" || r.log.event != "" || len(typ) == 0 || len(typ) > maxName {
		return
	}
	if r.log.prefix == "sora.api." {
		typ = afterLastDot(typ)
	}
	start := len(b.Arena)
	for i, c := range typ {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '.', c == '_':
		case c == '-':
			c = '_'
		case c >= 'A' && c <= 'Z':
			if i > 0 && typ[i-1] >= 'a' && typ[i-1] <= 'z' {
				b.Arena = append(b.Arena, '_')
			}
			c += 'a' - 'A'
		default:
			return
		}
		b.Arena = append(b.Arena, c)
	}
	b.EventPrefix, b.EventName = r.log.prefix, b.Arena[start:]
}

func afterLastDot(s []byte) []byte { return s[bytes.LastIndexByte(s, '.')+1:] }

// connectionOfFile takes the connection from the name of a file such as
// 1777593609_5M1SWH8ZP3QY7C0KVX9B2RTD4G.jsonl where the line does not say it.
func (r *Reader) connectionOfFile(said bool) {
	if len(r.connection) > 0 && !said {
		r.traceOf(r.connection)
		r.b.Attr(r.p.fields.ids[fieldConnectionID].key, r.connection)
	}
}

// connectionIn is the connection in the name of such a file, "" for others.
func connectionIn(o *entry.Origin) string {
	if o.Log != logWaitTimeout {
		return ""
	}
	name, _, _ := strings.Cut(path.Base(o.Path), ".")
	i := strings.LastIndexByte(name, '_')
	if i < 0 || !isIdentity(name[i+1:]) {
		return ""
	}
	return name[i+1:]
}

// isIdentity tells whether s is made of capitals, digits, small letters and
// hyphens, as identities of all versions are.
func isIdentity(s string) bool {
	for _, c := range []byte(s) {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return len(s) >= 8
}
