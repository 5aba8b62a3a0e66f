package pexip

import (
	"bytes"
	"math"
	"strings"

	"github.com/rtcship/rtcship/convert/cdr"
	"github.com/rtcship/rtcship/convert/otlp"
)

// closings are the messages that close a call, in the order of the table in
// docs/calls.md.
var closings = []cdr.Closing{
	{Log: "administrator.conference", Line: "Participant has disconnected.", Kind: cdr.PexipParticipant, When: "`Protocol` is neither `API` nor `BACKPLANE`"},
	{Log: "administrator.conference", Line: "Conference has been stopped.", Kind: cdr.PexipConference},
}

// Closings are the lines that close a call.
func Closings() []cdr.Closing { return closings }

// A turn is what a message says of a call: which kind it closes, or opens.
type turn struct {
	closes, opens cdr.Kind
	failed        bool // the call that it opens did not come about
}

// turns says of each event of the catalogue which turn it is.
var turns = func() []turn {
	all := make([]turn, len(catalogue.events))
	of := func(message string) *turn { return &all[catalogue.exact[strings.TrimSuffix(message, ".")]] }
	for _, c := range closings {
		of(c.Line).closes = c.Kind
	}
	of("Participant has joined.").opens = cdr.PexipParticipant
	of("Conference has been created.").opens = cdr.PexipConference
	*of("Participant failed to join conference.") = turn{opens: cdr.PexipParticipant, failed: true}
	return all
}()

// turnOf is the turn that a message is, by its index in the catalogue.
func turnOf(event int) (t turn) {
	if event >= 0 {
		t = turns[event]
	}
	return t
}

// tells reports whether anybody wants to know what a message says of its call.
func (p *parse) tells(event int) bool {
	c := p.b.Calls()
	return c.Traces || c.Numbers && turnOf(event) != (turn{})
}

// A term is a field that says something of a call.
type term uint8

const (
	noTerm term = iota
	termCallID
	termParticipantID
	termConference
	termDuration
	termProtocol
	termDetail
	termReason
	numTerms
)

// terms says which field is which term.
var terms = func() (t [256]term) {
	for i, attr := range [...]string{termCallID: "call_id", termParticipantID: "participant_id", termConference: "conference",
		termDuration: "duration", termProtocol: "protocol", termDetail: "detail", termReason: "reason"} {
		if attr != "" {
			t[catalogue.attribute[attr]] = term(i)
		}
	}
	return t
}()

// sayings are the values of a line's terms, nil for those that it has not. They
// are those of the text before masking, until a line is masked.
type sayings [numTerms][]byte

// collect takes what the pairs of a line say, on the general way. A value whose
// end is missing may be cut, and says nothing.
func (p *parse) collect(s *sayings) {
	clear(s[:])
	for i := range p.pairs[:p.n] {
		if q := &p.pairs[i]; terms[q.field] != noTerm && q.keyLen > 0 && !q.replaced && q.flags&unterminated == 0 {
			s[terms[q.field]] = p.unescaped(q)
		}
	}
}

// keep keeps what a line said before it was masked. Ids are hashes of that, so
// that they are the same whatever is masked, and can be read by nobody.
func (p *parse) keep() {
	if p.b.Calls().Traces {
		p.collect(&p.said)
		p.kept = true
	}
}

// call says which call the line is about, and closes it if it does. host is the
// system that the line names.
func (p *parse) call(host []byte) {
	if !p.tells(p.event) {
		return
	}
	var now sayings // with secrets masked
	p.collect(&now)
	if !p.kept {
		p.said = now
	}
	p.about(&p.said, p.event, host, or(now[termReason], now[termDetail]))
}

// callOf is call on the short way.
func (p *parse) callOf(d *form, text, host []byte) {
	if !p.tells(d.event) {
		return
	}
	s := &p.said
	for i := range s {
		s[i] = p.filled(&d.terms[i], text)
	}
	p.about(s, d.event, host, or(s[termReason], s[termDetail]))
}

// or is a, or b if there is none.
func or(a, b []byte) []byte {
	if len(a) > 0 {
		return a
	}
	return b
}

// about sets the trace and makes the call detail record.
func (p *parse) about(s *sayings, event int, host, reason []byte) {
	traces := p.b.Calls().Traces
	if id := or(s[termCallID], p.sipCall); len(id) > 0 && traces {
		p.b.Ref.Trace = p.namer.Call(id)
		if id := s[termParticipantID]; len(id) > 0 {
			p.b.Ref.Span = p.namer.Participant(id)
		}
	}
	t := turnOf(event)
	if t == (turn{}) || noCall(s[termProtocol]) {
		return
	}
	if t.opens != cdr.None {
		p.b.Open = cdr.Opening{Kind: t.opens, Failed: t.failed}
		if t.failed {
			p.b.Open.Class, p.b.Open.Code = cdr.Classify(reason), cdr.Code(reason)
		}
	}
	if t.closes == cdr.None {
		return
	}
	r := &p.b.Call
	*r = cdr.Record{Kind: t.closes, Joined: true, Reason: reason, Class: cdr.Classify(reason), Code: cdr.Code(reason)}
	if traces {
		p.identify(r, s, host)
	}
	end := p.b.Time
	r.Close(begin(end, s[termDuration]), end)
}

// noCall reports whether a participant of that protocol is nobody's call: an API
// connection has no media, and whoever has media besides it has another line; a
// backplane joins two nodes.
func noCall(protocol []byte) bool {
	return bytes.EqualFold(protocol, []byte("API")) || bytes.EqualFold(protocol, []byte("BACKPLANE"))
}

// identify sets the ids of what was closed.
func (p *parse) identify(r *cdr.Record, s *sayings, host []byte) {
	call, participant, end := s[termCallID], s[termParticipantID], p.b.Time
	switch {
	case r.Kind == cdr.PexipConference && len(s[termConference]) > 0:
		r.Ref = p.namer.Conference(host, s[termConference], end, s[termDuration])
	case r.Kind == cdr.PexipConference:
		r.Fault = cdr.NoIdentity
	case len(call) == 0 && len(participant) == 0:
		r.Fault = cdr.NoIdentity
	case len(call) == 0:
		r.Ref = p.namer.Lone(participant)
	case len(participant) == 0:
		r.Ref = otlp.SpanRef{Trace: p.namer.Call(call), Span: p.namer.Nameless(call, end, s[termDuration])}
	default:
		r.Ref = otlp.SpanRef{Trace: p.namer.Call(call), Span: p.namer.Participant(participant)}
	}
}

// begin is when a call began that ended at end, or 0.
func begin(end int64, duration []byte) int64 {
	seconds, ok := parseDouble(duration)
	if !ok || math.Abs(seconds) > math.MaxInt32 {
		return 0
	}
	return end - int64(math.Round(seconds*1e9))
}
