package pexip

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/rtcship/rtcship/convert/shape"
	"github.com/rtcship/rtcship/convert/syslog"
)

// A heading is all that stands before the first value of a line: the syslog
// header, a system's name, the originating time, and the first key. Of what one
// system sends within a day it is the same in every line, two clocks apart: these
// are the holes of its shape, and the last one is that of the originating time.
// A Hole's Field is the length of its clock, its Kind what stands before the fraction.
type heading struct {
	rest     int // where the blank before the pairs begins
	host     shape.Span
	priority int
	day      int64 // when the day of the originating time begins
}

// maxHeading is the length of the longest heading that is remembered.
const maxHeading = 200

// findHeading sets p.heading to what text has if one was read before that is the
// same, and the originating time that it has here.
func (p *parse) findHeading(text []byte) {
	p.heading = nil
	if len(text) < 8 {
		return
	}
	at := int(p.memory.hosts[beginning(text)]) - 1
	if at < 0 || at >= len(text) {
		return
	}
	headings := p.memory.headings
	for h := headings.Find(hashHost(text, at)); h != nil; h = headings.Next(h) {
		if p.headed(h, text) {
			h.Take()
			return
		}
	}
}

// beginning is an index into hosts, by eight bytes: the priority and no part of
// the time that changes often.
func beginning(text []byte) uint64 { return load64(text) * hashFactor >> 56 }

// hashHost is a hash of the system's name at that position and of the beginning.
func hashHost(text []byte, at int) uint64 {
	end := bytes.IndexByte(text[at:], ' ') + at
	hash := load64(text) * hashFactor
	for end = min(end, maxHeading); at < end && at+8 <= len(text); at += 8 {
		hash = mix(hash, load64(text[at:]))
	}
	return hash * hashFactor
}

// headed sets p.heading to h if text begins with it.
func (p *parse) headed(h *shape.Shape[heading], text []byte) bool {
	pos, now := 0, int64(0)
	for i := range h.Holes {
		hole := &h.Holes[i]
		start := hole.Reach(text, pos)
		if pos = start + int(hole.Field); start < 0 || pos > len(text) {
			return false
		}
		nanos, sep, n := syslog.ParseClock(text[start:pos])
		if n != int(hole.Field) || sep != hole.Kind {
			return false
		}
		now = nanos
	}
	if h.End(text, pos) < 0 {
		return false
	}
	p.heading, p.time = h, h.Data.day+now
	return true
}

// writeHeading adds the attributes and sets the time of a text with a known heading.
func (p *parse) writeHeading(text []byte) {
	pos, holes := 0, p.heading.Holes
	for i := range holes {
		pos += len(holes[i].Before)
		end := pos + int(holes[i].Field)
		p.b.Encoded(holes[i].Made)
		if i < len(holes)-1 {
			p.b.Encoded(text[pos:end]) // within the attribute of the header's time
		}
		pos = end
	}
	p.b.Encoded(p.heading.Made)
	p.b.Time = p.time
}

// peelHeading takes the known heading that text begins with off it, as line.peel does.
func (p *parse) peelHeading(text []byte) {
	d := &p.heading.Data
	p.line = line{host: d.host.Of(text), rest: text[d.rest:], pairs: true}
	p.line.head.Priority = d.priority
}

// learnHeading remembers the heading of the line that was just read, if it is a plain
// one: a line with headers of relays or structured data is dubious. made are its
// attributes, and stamp is where that of the header's time begins in them.
func (p *parse) learnHeading(made []byte, stamp int) {
	const date, origin = "2006-01-02 ", len("2006-01-02 15:04:05,000")
	l, text := &p.line, p.b.Text
	if l.dubious || !l.pairs || !within(text, l.host) || len(l.stamp) != origin || !wholeDay(l.time) {
		return
	}
	at := func(part []byte) int { return cap(text) - cap(part) }
	host, rest := at(l.host), at(l.rest)
	first := rest + separators(l.rest)
	end := first + keyLen(text[first:]) + len(`="`)
	if end > maxHeading || len(made) > 2*maxHeading {
		return
	}
	t := &p.memory.text
	t.Text, t.Made, t.Parts = text[:end], made, t.Parts[:0]
	if h := l.head.TimeText; h != nil {
		i := bytes.IndexByte(h, ':') - 2
		if i < 0 || len(h) > 64 {
			return
		}
		c, _ := clockAt(text, at(h)+i)
		c.Made.From = stamp + stringHead(keyTimestamp) + i
		c.Made.To = c.Made.From + int(c.Field)
		t.Parts = append(t.Parts, c)
	}
	c, now := clockAt(text, at(l.stamp)+len(date))
	c.Made.From, c.Made.To = len(made), len(made)
	t.Parts = append(t.Parts, c)
	p.memory.hosts[beginning(text)] = uint8(host + 1)
	if h := p.memory.headings.Learn(hashHost(text, host), t); h != nil {
		h.Data = heading{rest: rest, host: shape.Span{From: host, To: host + len(l.host)}, priority: l.head.Priority, day: l.time.UnixNano() - now}
	}
}

// wholeDay reports whether all times of the day of t fit a record.
func wholeDay(t time.Time) bool {
	return validTime(t.Add(-24*time.Hour)) && validTime(t.Add(24*time.Hour))
}

// clockAt is the clock at a position in a heading, of which nothing comes yet, and
// what it says.
func clockAt(text []byte, at int) (p shape.Part, nanos int64) {
	nanos, sep, n := syslog.ParseClock(text[at:])
	return shape.Part{Open: true, Text: shape.Span{From: at, To: at + n}, Use: shape.Use{Kind: sep, Field: uint8(n)}}, nanos
}

// within reports whether part, which is not nil, lies in text: a name that was
// spelled anew does not.
func within(text, part []byte) bool {
	if at := cap(text) - cap(part); len(part) > 0 && at >= 0 && at < len(text) {
		return &text[at] == &part[0]
	}
	return false
}

// stringHead is how many bytes of a short string's attribute stand before it.
func stringHead(key []byte) int { return len(key) + 6 }

func load64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
