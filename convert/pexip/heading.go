package pexip

import (
	"bytes"
	"encoding/binary"

	"github.com/rtcship/rtcship/convert/record"
)

// A heading is all that stands before the first value of a line: the syslog
// header, a system's name, the originating time, and the first key. Of what one
// system sends within a second it is the same in every line, apart from the
// digits of two fractions of a second. So a heading that was read once is
// compared from then on, and what was made of it is copied.
type heading struct {
	text     []byte // up to the quote before the first value
	rest     int    // where the blank before the pairs begins
	host     span
	priority int
	fraction span  // digits of the header's time; empty if it has none
	millis   int   // where the three digits of the originating time begin
	nanos    int64 // the originating time without them

	made       []byte // the attributes
	madeDigits int    // where fraction is in them
}

// A span is a part of a text.
type span struct{ from, to int }

func (s span) of(text []byte) []byte { return text[s.from:s.to] }

// headings are those that came last, one for each system and each beginning.
type headings struct {
	table[heading]
	hosts [256]uint8 // 1 + where the system's name begins in texts that begin alike
}

// maxHeading is the length of the longest heading that is remembered.
const maxHeading = 200

// of returns the heading that text has if one was read before that is the same,
// or nil.
func (s *headings) of(text []byte) *heading {
	if len(text) < 8 {
		return nil
	}
	at := int(s.hosts[beginning(text)]) - 1
	if at < 0 || at >= len(text) {
		return nil
	}
	i := s.find(hashHost(text, at))
	if i < 0 || !s.list[i].matches(text) {
		return nil
	}
	return &s.list[i]
}

// beginning is an index into hosts, by eight bytes: the priority and no part of
// the time that changes often.
func beginning(text []byte) uint64 { return load64(text) * hashFactor >> 56 }

const hashFactor = 0x9e3779b97f4a7c15

// hashHost is a hash of the system's name at that position and of the beginning.
func hashHost(text []byte, at int) uint64 {
	end := bytes.IndexByte(text[at:], ' ') + at
	hash := load64(text) * hashFactor
	for end = min(end, maxHeading); at < end && at+8 <= len(text); at += 8 {
		hash = (hash ^ load64(text[at:])) * hashFactor
		hash ^= hash >> 32
	}
	return hash * hashFactor
}

// matches reports whether text begins with the heading, other digits in the
// fractions apart.
func (h *heading) matches(text []byte) bool {
	return len(h.text) > 0 && len(text) >= len(h.text) &&
		string(text[:h.fraction.from]) == string(h.text[:h.fraction.from]) &&
		string(text[h.fraction.to:h.millis]) == string(h.text[h.fraction.to:h.millis]) &&
		string(text[h.millis+3:len(h.text)]) == string(h.text[h.millis+3:]) &&
		digits(h.fraction.of(text)) && digits(text[h.millis:h.millis+3])
}

func digits(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}

// write adds the attributes and sets the time of a text that the heading
// matches.
func (h *heading) write(b *record.Builder, text []byte) {
	mark := b.Mark()
	b.Encoded(h.made)
	copy(b.Since(mark)[h.madeDigits:], h.fraction.of(text))
	m := text[h.millis : h.millis+3]
	b.Time = h.nanos + int64(int(m[0]-'0')*100+int(m[1]-'0')*10+int(m[2]-'0'))*1_000_000
}

// claim returns the place of the heading with that hash.
func (s *headings) claim(hash uint64) *heading {
	i := s.find(hash)
	if i < 0 {
		i = s.room(hash)
		s.hashes[i] = hash
	}
	return &s.list[i]
}

// peel takes a heading that text begins with off it, as line.peel does.
func (h *heading) peel(l *line, text []byte) {
	*l = line{host: h.host.of(text), rest: text[h.rest:], pairs: true}
	l.head.Priority = h.priority
}

// learn remembers the heading of the line that was just read, if it is a plain
// one: a line with headers of relays or structured data is dubious. made are its
// attributes, and stamp is where that of the header's time begins in them.
func (s *headings) learn(l *line, text, made []byte, stamp int) {
	const origin = len("2006-01-02 15:04:05,000")
	if l.dubious || !l.pairs || !within(text, l.host) || len(l.stamp) != origin || len(l.head.TimeText) > 64 || !validTime(l.time) {
		return
	}
	at := func(part []byte) int { return cap(text) - cap(part) }
	host, rest := at(l.host), at(l.rest)
	first := rest + separators(l.rest)
	end := first + keyLen(text[first:]) + len(`="`)
	if end > maxHeading || len(made) > 2*maxHeading {
		return
	}
	s.hosts[beginning(text)] = uint8(host + 1)
	h := s.claim(hashHost(text, host))
	h.rest, h.host, h.priority = rest, span{host, host + len(l.host)}, l.head.Priority
	h.millis = at(l.stamp) + origin - 3
	h.nanos = l.time.UnixNano() - int64(l.time.Nanosecond())
	h.text = append(h.text[:0], text[:end]...)
	h.made = append(h.made[:0], made...)
	h.fraction, h.madeDigits = span{}, 0
	if i := bytes.IndexAny(l.head.TimeText, ".,"); i >= 0 {
		from := at(l.head.TimeText) + i + 1
		h.fraction = span{from, from + leadingDigits(text[from:])}
		h.madeDigits = stamp + stringHead(keyTimestamp) + i + 1
	}
}

// within reports whether part, which is not nil, lies in text: a name that was
// spelled anew does not.
func within(text, part []byte) bool {
	if at := cap(text) - cap(part); len(part) > 0 && at >= 0 && at < len(text) {
		return &text[at] == &part[0]
	}
	return false
}

func leadingDigits(b []byte) (n int) {
	for n < len(b) && b[n]-'0' <= 9 {
		n++
	}
	return n
}

// stringHead is how many bytes of a short string's attribute stand before it.
func stringHead(key []byte) int { return len(key) + 6 }

func load64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
