// Package reader reads logs for people: from files, directories, archives and
// the spool, in one stream in order of time, or as they are written. Entries are
// cut and converted as in shipping, so that what is seen at a terminal is what a
// collector gets, masked in the same way.
package reader

import (
	"math"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// A Record is one log record, decoded as far as people want to see it.
//
// The bytes it is made of belong to its reader: it is valid until the next
// record is asked for, unless it is cloned.
type Record struct {
	Time     time.Time // zero if the entry tells none
	Observed time.Time
	Severity int    // OTLP severity number, 0 if not known
	Level    string // as the source wrote it, else the severity's name
	Event    string // the event name
	Body     []byte
	Source   string // "sora" or "pexip"
	Path     string // where it was read

	Resource, Scope, Wire []byte // in wire form; Wire is a log_records field of ScopeLogs

	attrs []attr
	host  []byte
	own   []byte // of a copy: what the others point to
}

type attr struct{ key, value []byte } // value is an encoded AnyValue

// Field numbers of LogRecord and KeyValue, of logs.proto and common.proto.
const (
	fieldTime         = 1
	fieldSeverity     = 2
	fieldSeverityText = 3
	fieldBody         = 5
	fieldAttribute    = 6
	fieldObserved     = 11
	fieldEvent        = 12
)

// Decode decodes one log_records field of ScopeLogs. The record keeps to the
// bytes of wire.
func Decode(source string, wire []byte) *Record {
	r := &Record{Source: source}
	r.decode(wire)
	return r
}

// Time is the time of a log_records field without decoding the rest of it: its own,
// or else the one at which it was observed.
func Time(wire []byte) time.Time {
	var own, observed time.Time
	_, _, n := protowire.ConsumeTag(wire)
	record, _ := protowire.ConsumeBytes(wire[max(n, 0):])
	eachField(record, func(num protowire.Number, _ []byte, n uint64) {
		switch num {
		case fieldTime:
			own = fromNanos(n)
		case fieldObserved:
			observed = fromNanos(n)
		}
	})
	if own.IsZero() {
		return observed
	}
	return own
}

// decode reads one log_records field. It keeps to the bytes of wire.
func (r *Record) decode(wire []byte) {
	attrs := r.attrs[:0]
	*r = Record{Wire: wire, Source: r.Source, Path: r.Path, Resource: r.Resource, Scope: r.Scope, host: r.host, own: r.own}
	_, _, n := protowire.ConsumeTag(wire)
	record, _ := protowire.ConsumeBytes(wire[max(n, 0):])
	eachField(record, func(num protowire.Number, v []byte, n uint64) {
		switch num {
		case fieldTime:
			r.Time = fromNanos(n)
		case fieldObserved:
			r.Observed = fromNanos(n)
		case fieldSeverity:
			r.Severity = int(n)
		case fieldSeverityText:
			r.Level = string(v)
		case fieldEvent:
			r.Event = string(v)
		case fieldBody:
			r.Body = stringOf(v)
		case fieldAttribute:
			var a attr
			eachField(v, func(num protowire.Number, v []byte, _ uint64) {
				if num == 1 {
					a.key = v
				} else {
					a.value = v
				}
			})
			attrs = append(attrs, a)
		}
	})
	r.attrs = attrs
	if r.Level == "" {
		r.Level = LevelName(r.Severity)
	}
	r.Level = strings.ToLower(r.Level)
}

func fromNanos(n uint64) time.Time {
	if n == 0 || n > math.MaxInt64 {
		return time.Time{}
	}
	return time.Unix(0, int64(n)).UTC()
}

// eachField calls f with each field of a message. What we have written ourselves
// is sound; anything else ends the walk.
func eachField(b []byte, f func(num protowire.Number, v []byte, n uint64)) {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return
		}
		b = b[n:]
		var v []byte
		var x uint64
		switch typ {
		case protowire.VarintType:
			x, n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			x, n = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			v, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(num, typ, b)
		}
		if n < 0 {
			return
		}
		f(num, v, x)
		b = b[n:]
	}
}

// stringOf is the text in an AnyValue, nil if it holds none.
func stringOf(value []byte) (text []byte) {
	eachField(value, func(num protowire.Number, v []byte, _ uint64) {
		if num == 1 {
			text = v
		}
	})
	return text
}

// textOf is any AnyValue as text.
func textOf(value []byte) (text string) {
	eachField(value, func(num protowire.Number, v []byte, n uint64) {
		switch num {
		case 1:
			text = string(v)
		case 2:
			text = strconv.FormatBool(n != 0)
		case 3:
			text = strconv.FormatInt(int64(n), 10)
		case 4:
			text = strconv.FormatFloat(math.Float64frombits(n), 'g', -1, 64)
		case 5:
			var items []string
			eachField(v, func(_ protowire.Number, v []byte, _ uint64) { items = append(items, textOf(v)) })
			text = strings.Join(items, ",")
		}
	})
	return text
}

// Get is an attribute as text, "" if there is none.
func (r *Record) Get(name string) string {
	for i := range r.attrs {
		if string(r.attrs[i].key) == name {
			return textOf(r.attrs[i].value)
		}
	}
	return ""
}

// Float is an attribute that is a number.
func (r *Record) Float(name string) (float64, bool) {
	s := r.Get(name)
	if s == "" {
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil
}

// Each calls f with each attribute that holds text, until f returns false.
func (r *Record) Each(f func(name, value string) bool) {
	for i := range r.attrs {
		if !f(string(r.attrs[i].key), textOf(r.attrs[i].value)) {
			return
		}
	}
}

// Host is the system that wrote the record, as its resource has it.
func (r *Record) Host() string { return string(r.host) }

// Clone returns a record that stays valid.
func (r *Record) Clone() *Record {
	c := &Record{}
	r.CopyTo(c)
	return c
}

// CopyTo makes dst a copy that stays valid, in the memory that it has.
func (r *Record) CopyTo(dst *Record) {
	own := dst.own[:0]
	for _, b := range [][]byte{r.Wire, r.Resource, r.Scope, r.host} {
		own = append(own, b...)
	}
	dst.own = own
	take := func(n int) []byte {
		b := own[:n:n]
		own = own[n:]
		return b
	}
	wire := take(len(r.Wire))
	dst.Source, dst.Path = r.Source, r.Path
	dst.Resource, dst.Scope, dst.host = take(len(r.Resource)), take(len(r.Scope)), take(len(r.host))
	dst.decode(wire)
}

// hostOf is the host.name of an encoded resource.
func hostOf(resource []byte) (host []byte) {
	eachField(resource, func(num protowire.Number, v []byte, _ uint64) {
		if num != 1 {
			return
		}
		var key, value []byte
		eachField(v, func(num protowire.Number, v []byte, _ uint64) {
			if num == 1 {
				key = v
			} else {
				value = v
			}
		})
		if string(key) == "host.name" {
			host = stringOf(value)
		}
	})
	return host
}

// The OTLP severity numbers of the levels, lowest first.
var levels = []struct {
	name string
	from int
}{
	{"trace", 1}, {"debug", 5}, {"info", 9}, {"notice", 10}, {"warning", 13}, {"error", 17}, {"critical", 18}, {"alert", 19}, {"emergency", 21},
}

// Severity is the lowest severity number of a level, by its name.
func Severity(level string) (int, bool) {
	level = strings.ToLower(level)
	if level == "warn" {
		level = "warning"
	}
	for _, l := range levels {
		if l.name == level {
			return l.from, true
		}
	}
	return 0, false
}

// LevelName is the name of a severity number, "" for 0.
func LevelName(severity int) (name string) {
	for _, l := range levels {
		if severity >= l.from {
			name = l.name
		}
	}
	return name
}

// Levels are the names that Severity knows.
func Levels() (names []string) {
	for _, l := range levels {
		names = append(names, l.name)
	}
	return names
}
