package cdr

import (
	"time"

	"github.com/rtcship/rtcship/convert/otlp"
)

// A Metric is what is measured of calls and of their media.
type Metric uint8

// The metrics. Times are in seconds, sizes in bits.
const (
	CallDuration     Metric = iota
	CallBegun               // of a call that came about; the value is 1
	CallJoin                // an attempt to join, that came about or failed; 1
	CallEnded               // 1
	MediaLoss               // the share of packets of a stream that were lost, 0 to 1
	MediaJitter             // s
	MediaBitRate            // bit/s
	MediaRoundTrip          // s
	MediaFreezes            // how often the picture stood still
	ICEChecking             // how long a way for the media was looked for, s
	LicensesTaken           // by a participant that joined
	LicensesReleased        // by one that left
	NumMetrics
)

// A Medium is what a stream carries.
type Medium uint8

// What streams carry. Transport is what is said of all streams together.
const (
	OtherMedium Medium = iota
	Audio
	Video
	Presentation
	Transport
)

// String is its name in metrics.
func (m Medium) String() string {
	return [...]string{"other", "audio", "video", "presentation", "transport"}[m]
}

// MediumOf is what a stream carries that is called name.
func MediumOf(name []byte) Medium {
	switch string(name) {
	case "audio":
		return Audio
	case "video":
		return Video
	case "presentation":
		return Presentation
	}
	return OtherMedium
}

// A Direction is seen from the server.
type Direction uint8

// The directions.
const (
	Both     Direction = iota
	Received           // from the participant
	Sent               // to the participant
)

// String is the direction's name in metrics.
func (d Direction) String() string { return [...]string{"both", "rx", "tx"}[d] }

// A Sample is one number that a line says, with all that it is counted by.
type Sample struct {
	Metric    Metric
	Kind      Kind // of the call
	Class     Class
	Failed    bool // the attempt to join
	Medium    Medium
	Direction Direction
	Interim   bool // of a stream that goes on; else it is what is known of it at its end

	place  [2]int32
	Code   string // the catalogues' word for the reason; see Code
	Value  float64
	Time   int64        // of the line, nanoseconds since 1970
	Offset int64        // of the line within its generation
	Ref    otlp.SpanRef // of the call; zero if the line does not say
}

// Numbers are the samples of a batch. They are used for one batch after another,
// and then allocate nothing.
type Numbers struct {
	Samples []Sample
	places  []byte
	begun   int // samples before those of the present line
}

// Reset forgets all samples.
func (n *Numbers) Reset() { n.Samples, n.places, n.begun = n.Samples[:0], n.places[:0], 0 }

// maxKept is how many samples' memory is kept from batch to batch.
const maxKept = 1 << 12

// Trim lets go of memory that one large batch has taken.
func (n *Numbers) Trim() {
	if cap(n.Samples) > maxKept {
		n.Samples = nil
	}
	if cap(n.places) > maxKept {
		n.places = nil
	}
}

// sampleBytes is about what a Sample takes.
const sampleBytes = 96

// Size is about how much memory n takes.
func (n *Numbers) Size() int64 { return int64(cap(n.Samples)*sampleBytes + cap(n.places)) }

// Place is the location that a sample is from, nil if its line does not say.
func (n *Numbers) Place(s *Sample) []byte { return n.places[s.place[0]:s.place[1]] }

// Add adds a sample of the present line.
func (n *Numbers) Add(s Sample) { n.Samples = append(n.Samples, s) }

// An Opening is what one line says of a call that begins: that it has come about,
// or that it could not.
type Opening struct {
	Kind   Kind // None for a line that opens nothing
	Failed bool
	Class  Class
	Code   string // as in Record
}

var (
	keyChecking = otlp.NewKey("sora.total_checking_duration_ms")
	keyLocation = otlp.NewKey("pexip.location")
	keyLicenses = otlp.NewKey("pexip.licenses")
)

// maxPlace bounds the name of a location.
const maxPlace = 128

// Open adds what an opening says, whose line has attributes in wire form.
func (n *Numbers) Open(o *Opening, attributes []byte) {
	s := Sample{Kind: o.Kind, Class: o.Class, Failed: o.Failed, Code: o.Code, Value: 1}
	if o.Kind == PexipParticipant {
		n.locate(&s, attributes)
	}
	if o.Kind.joins() {
		n.add(CallJoin, s, 1)
	}
	if o.Failed {
		return
	}
	n.add(CallBegun, s, 1)
	if o.Kind == PexipParticipant {
		n.license(LicensesTaken, s, attributes)
	}
}

// Close adds what a line says that closes a call.
func (n *Numbers) Close(r *Record, attributes []byte) {
	s := Sample{Kind: r.Kind, Class: r.Class, Code: r.Code}
	if r.Kind == SoraConnection {
		if v, ok := otlp.FindInt(attributes, keyChecking); ok && v >= 0 {
			n.add(ICEChecking, s, float64(v)/1e3)
		}
	}
	if !r.Joined {
		s.Failed = true
		n.add(CallJoin, s, 1)
		return
	}
	if r.Kind == PexipParticipant {
		n.locate(&s, attributes)
		n.license(LicensesReleased, s, attributes)
	}
	n.add(CallEnded, s, 1)
	if r.timed() && r.Backward == 0 { // else nobody knows how long it was
		n.add(CallDuration, s, time.Duration(r.Duration()).Seconds())
	}
}

func (n *Numbers) add(m Metric, s Sample, value float64) {
	s.Metric, s.Value = m, value
	n.Samples = append(n.Samples, s)
}

// license adds how many licenses a participant has, if the line says.
func (n *Numbers) license(m Metric, s Sample, attributes []byte) {
	if v, ok := otlp.FindInt(attributes, keyLicenses); ok && v > 0 {
		n.add(m, s, float64(v))
	}
}

// locate says where a participant is, if the line does.
func (n *Numbers) locate(s *Sample, attributes []byte) {
	if place, ok := otlp.FindString(attributes, keyLocation); ok && len(place) <= maxPlace {
		from := len(n.places)
		n.places = append(n.places, place...)
		s.place = [2]int32{int32(from), int32(len(n.places))}
	}
}

// Pending reports whether the present line has samples.
func (n *Numbers) Pending() bool { return n.begun < len(n.Samples) }

// EndLine says of all samples of the present line when it was written, where it
// stands and which call it is about.
func (n *Numbers) EndLine(at, offset int64, ref *otlp.SpanRef) {
	for ; n.begun < len(n.Samples); n.begun++ {
		s := &n.Samples[n.begun]
		s.Time, s.Offset, s.Ref = at, offset, *ref
	}
}

// joins reports whether it is something that somebody joins.
func (k Kind) joins() bool { return k == SoraConnection || k == PexipParticipant }

// timed reports whether both times are known.
func (r *Record) timed() bool {
	return r.Fault == Sound || r.Fault == NoIdentity && r.Begin > 0 && r.End > 0
}

// codes are words for reasons that stand in no catalogue of messages.
var codes = map[string]string{}

func init() {
	for _, c := range []string{
		"normal", "disconnect", "type_disconnect", "disconnected-api", "lifetime-expired", "no-error", "closed", "shutdown", "1000", "1001", "1006",
		"remote disconnect", "call disconnected", "disconnected by host", "disconnected by an administrator", "timeout", "timer expired", "media timeout",
		"conference host ended the conference with a dtmf command", "conference terminated by an administrator", "conference locked", "invalid pin",
		"call transferred", "busy", "no answer", "call rejected", "call failed", "insufficient licenses", "no direct route between edge and transcoding",
		"out of resource", "out of proxying resource", "participant failed to join", "neither conference nor gateway found", "resource unavailable",
		"signaling node disconnected", "media node disconnected", "proxied participant disconnected", "browser closed", "test call finished",
		"lost connection", "connection lost", "network unreachable", "internal error",
	} {
		codes[c] = c
	}
}

// maxCode is how long a reason may be that is looked up.
const maxCode = 64

// Code is the word for a reason among those that are known, "" for no reason, and
// "other" for one that anybody may have made up. Case and periods at the end do not
// count.
func Code(reason []byte) string {
	if len(reason) == 0 {
		return ""
	}
	if len(reason) > maxCode {
		return OtherCode
	}
	var buf [maxCode]byte
	text := buf[:0]
	for _, c := range reason {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		text = append(text, c)
	}
	for len(text) > 0 && text[len(text)-1] == '.' {
		text = text[:len(text)-1]
	}
	if c, ok := codes[string(text)]; ok {
		return c
	}
	return OtherCode
}

// OtherCode stands for a reason that is in no list.
const OtherCode = "other"
