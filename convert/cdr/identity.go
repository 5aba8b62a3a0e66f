package cdr

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"strconv"

	"github.com/rtcship/rtcship/convert/otlp"
)

// Whole is the length of Sora's ids where they are whole.
const Whole = 26

// IsWhole reports whether id is a whole id of Sora, which its length tells. Legacy
// lines have the first eight characters, which more than one connection may share.
func IsWhole(id []byte) bool { return len(id) == Whole }

// Connection is the trace and the span of the Sora connection with a whole id.
//
// Nearly every line of Sora names a connection, hardly ever the one before it, so
// this hash is none of the slow ones: four overlapping words of the id, multiplied
// in pairs and folded, twice over with other constants. What is folded together
// cannot be taken apart again.
func Connection(id []byte) (r otlp.SpanRef) {
	_ = id[Whole-1]
	a, b := binary.LittleEndian.Uint64(id), binary.LittleEndian.Uint64(id[8:])
	c, d := binary.LittleEndian.Uint64(id[16:]), binary.LittleEndian.Uint64(id[Whole-8:])
	low := fold(a^seeds[0], b^seeds[1]) ^ fold(c^seeds[2], d^seeds[3])
	high := fold(a^seeds[4], d^seeds[5]) + fold(b^seeds[6], c^seeds[7])
	low, high = fold(low^seeds[0], high^seeds[7]), fold(high^seeds[3], low^seeds[4])
	binary.BigEndian.PutUint64(r.Trace[:8], high)
	binary.BigEndian.PutUint64(r.Trace[8:], low)
	binary.BigEndian.PutUint64(r.Span[:], fold(low^seeds[2], high^seeds[5]))
	return r
}

// seeds are the fractions of the square roots of the first eight primes.
var seeds = [8]uint64{
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
	0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
}

func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

// A Namer makes the ids that are SHA-256 of texts, and remembers the latest ones. The
// zero Namer is ready for use. It is not safe for concurrent use.
type Namer struct {
	slots [128]slot
	buf   []byte
}

type slot struct {
	size uint8 // of text; 0 for an empty slot
	what what
	text [maxRemembered]byte
	sum  [24]byte
}

// maxRemembered is how long a text may be that is remembered.
const maxRemembered = 64

// A what keeps equal texts apart that stand for different things.
type what uint8

const (
	whatCall what = iota
	whatParticipant
	whatConference
	whatSession
	whatRecording
)

// whats are hashed before a line break and the text.
var whats = [...]string{"pexip.call", "pexip.participant", "pexip.conference", "sora.session", "sora.recording"}

// Call is the trace of the Pexip call that Call-id names.
func (n *Namer) Call(id []byte) (t otlp.TraceID) {
	copy(t[:], n.sum(whatCall, id)[:16])
	return t
}

// Participant is the span of the participant that Participant-id names.
func (n *Namer) Participant(id []byte) (s otlp.SpanID) {
	copy(s[:], n.sum(whatParticipant, id)[16:])
	return s
}

// Lone is the span of a participant whose call has no id, in a trace of its own.
func (n *Namer) Lone(id []byte) otlp.SpanRef { return ref(n.sum(whatParticipant, id)) }

// Nameless is the span of a participant without a Participant-id: a call of that
// Call-id, with its end in nanoseconds since 1970 and its Duration as written.
func (n *Namer) Nameless(call []byte, end int64, duration []byte) otlp.SpanID {
	return n.composed(whatParticipant, call, nil, end, duration).Span
}

// Conference is the span of what one system had of a conference. The name alone
// would not do: a conference comes again every day.
func (n *Namer) Conference(system, name []byte, end int64, duration []byte) otlp.SpanRef {
	return n.composed(whatConference, system, name, end, duration)
}

// Session is the span of a Sora session.
func (n *Namer) Session(id []byte) otlp.SpanRef { return ref(n.sum(whatSession, id)) }

// Recording is the span of a recording in a trace of its own. connection is whose
// it is, nil for that of a channel.
func (n *Namer) Recording(id, connection []byte) otlp.SpanRef {
	n.buf = append(append(append(n.buf[:0], id...), '\n'), connection...)
	return ref(n.sum(whatRecording, n.buf))
}

func (n *Namer) composed(w what, a, b []byte, end int64, duration []byte) otlp.SpanRef {
	t := append(n.buf[:0], a...)
	t = append(append(t, '\n'), b...)
	t = strconv.AppendInt(append(t, '\n'), end, 10)
	n.buf = append(append(t, '\n'), duration...)
	return ref(n.sum(w, n.buf))
}

// ref takes the trace from the beginning of a sum and the span from the rest.
func ref(sum *[24]byte) (r otlp.SpanRef) {
	copy(r.Trace[:], sum[:16])
	copy(r.Span[:], sum[16:])
	return r
}

// sum is the first 24 bytes of the SHA-256 of w, a line break and text, until the next call.
func (n *Namer) sum(w what, text []byte) *[24]byte {
	s := &n.slots[0]
	if size := len(text); size >= 8 && size <= maxRemembered {
		h := binary.LittleEndian.Uint64(text)*31 + binary.LittleEndian.Uint64(text[size-8:])
		s = &n.slots[1+(h*0x9e3779b97f4a7c15>>32)%uint64(len(n.slots)-1)]
		if int(s.size) == size && s.what == w && string(s.text[:size]) == string(text) {
			return &s.sum
		}
		s.size, s.what = uint8(size), w
		copy(s.text[:], text)
	}
	var buf [sha256.BlockSize * 4]byte
	message := append(append(append(buf[:0], whats[w]...), '\n'), text...)
	sum := sha256.Sum256(message)
	copy(s.sum[:], sum[:])
	return &s.sum
}
