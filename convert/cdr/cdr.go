// Package cdr holds call detail records: what one log line that closes a call
// says of it. Who took part, when it began and ended, why it ended, and which
// span it becomes, is found out once, when the line is read; spans are written
// from that, and so is everything else that wants to know of calls.
//
// A record is made of its line alone. So the same line makes the same record,
// and the same ids, on every node and whenever it is read.
package cdr

import "github.com/rtcship/rtcship/convert/otlp"

// A Kind says what was closed.
type Kind uint8

// What has a beginning and an end in the logs.
const (
	None             Kind = iota
	SoraConnection        // of one client to Sora
	SoraSession           // of a channel, from its first connection to its last
	SoraRecording         // of a connection or a channel
	PexipParticipant      // one participant's connection to a conference
	PexipConference       // what one node had of a conference
	numKinds
)

// spanNames are few, since stores index them.
var spanNames = [numKinds]string{
	SoraConnection: "sora.connection", SoraSession: "sora.session", SoraRecording: "sora.recording",
	PexipParticipant: "pexip.participant", PexipConference: "pexip.conference",
}

// String is the name of the kind's spans.
func (k Kind) String() string { return spanNames[k] }

// A Fault is why a closing line makes no span.
type Fault uint8

// The faults, in the order in which they are looked for.
const (
	Sound      Fault = iota
	NoIdentity       // no whole id that tells the call from others
	NoEnd            // no time at which it ended
	NoBegin          // no time at which it began
	NumFaults
)

// String is the fault's name in metrics.
func (f Fault) String() string {
	return [NumFaults]string{"none", "no_id", "no_end", "no_begin"}[f]
}

// A Record is a call detail record. Its slices are valid as long as the entry
// that it was made of.
type Record struct {
	Kind  Kind
	Fault Fault // why it is no whole record, and makes no span

	Ref     otlp.SpanRef // of the call's span
	Parent  otlp.SpanID  // of what it is a part of, in the same trace
	Session otlp.SpanRef // of the session that it belongs to; zero if the line does not say

	Begin, End int64 // nanoseconds since 1970, of the clock of the node that wrote the line; never Begin > End
	Backward   int64 // by how many nanoseconds the line has the end before the beginning

	Joined bool   // the call came about: false for connections that failed before
	Reason []byte // why it ended, as the line says it, with secrets masked; empty if it does not say
	Class  Class  // what kind of reason that is
	Code   string // which of the known reasons it is; see Code
}

// Failed reports whether the call did not come about, or ended because something
// went wrong.
func (r *Record) Failed() bool { return r.Kind != None && (!r.Joined || r.Class.Failure()) }

// Duration is how long it was, in nanoseconds.
func (r *Record) Duration() int64 { return r.End - r.Begin }

// Close sets the times and with them the fault, 0 standing for a time that is not
// known. An end before the beginning, which a clock makes that was set back
// meanwhile, makes a call of no length at its end.
func (r *Record) Close(begin, end int64) {
	switch {
	case r.Fault != Sound:
	case end <= 0:
		r.Fault = NoEnd
	case begin <= 0:
		r.Fault = NoBegin
	}
	r.Begin, r.End, r.Backward = begin, end, 0
	if begin > end {
		r.Backward, r.Begin = begin-end, end
	}
}

// Span is the span of a record without a fault. message is Reason as valid UTF-8.
func (r *Record) Span(message []byte) otlp.Span {
	return otlp.Span{
		SpanRef: r.Ref, Parent: r.Parent, Link: r.Session, Name: r.Kind.String(),
		Start: r.Begin, End: r.End, Failed: r.Failed(), Message: message,
	}
}

// A Closing is one row of the table of lines that close a call.
type Closing struct {
	Log  string // Sora's log, or the module of Pexip's line
	Line string // which of its lines: a type or a message; "" for every one
	Kind Kind
	When string // the condition under which it makes a span; "" for none
}
