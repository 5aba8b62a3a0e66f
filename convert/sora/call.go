package sora

import (
	"slices"
	"strconv"

	"github.com/rtcship/rtcship/convert/cdr"
	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/convert/record"
)

// Logs that have the end of connections.
const (
	logEvents     = "event_webhook"
	logConnection = "connection"
	logSessions   = "session_webhook"
)

// closings are the lines that close a call, in the order of the table in
// docs/calls.md. Of the two logs that tell of one connection, the configuration
// says which one counts: no line can know whether the other one is there.
var closings = []closing{
	{Closing: cdr.Closing{Log: logEvents, Line: "connection.destroyed", Kind: cdr.SoraConnection, When: fromEvents}},
	{Closing: cdr.Closing{Log: logEvents, Line: "connection.failed", Kind: cdr.SoraConnection, When: fromEvents + ", and the message is not " + waitTimeout}, failed: true},
	{Closing: cdr.Closing{Log: logConnection, Kind: cdr.SoraConnection, When: "`calls.sora_from: connection`"}},
	{Closing: cdr.Closing{Log: logWaitTimeout, Kind: cdr.SoraConnection}, failed: true},
	{Closing: cdr.Closing{Log: logSessions, Line: "session.destroyed", Kind: cdr.SoraSession}},
	{Closing: cdr.Closing{Log: logEvents, Line: "archive.available", Kind: cdr.SoraRecording}},
	{Closing: cdr.Closing{Log: logEvents, Line: "archive.failed", Kind: cdr.SoraRecording}},
	{Closing: cdr.Closing{Log: logEvents, Line: "split-archive.end", Kind: cdr.SoraRecording}},
}

type closing struct {
	cdr.Closing
	failed bool // the connection did not come about, and ended when that was found
}

const fromEvents = "`calls.sora_from: event_webhook`"

// waitTimeout is the message of a connection.failed for which there is a file as well.
const waitTimeout = "CONNECTION-CREATED-WAIT-TIMEOUT-ERROR"

var waitTimeoutText = []byte(waitTimeout)

// Closings are the lines that close a call.
func Closings() []cdr.Closing {
	var all []cdr.Closing
	for _, c := range closings {
		all = append(all, c.Closing)
	}
	return all
}

// trace says which call the line is about, by its connection, which may be nil.
func (r *Reader) trace(s *scanner, m *field) {
	if m != nil && m.kind == '"' && r.b.Calls().Traces {
		r.traceOf(r.text(s, m))
	}
}

// IsClosing reports whether the log has lines that close a call.
func IsClosing(log string) bool {
	return slices.ContainsFunc(closings, func(c closing) bool { return c.Log == log })
}

// traceOf is trace for an id, which may be none or no whole one.
func (r *Reader) traceOf(id []byte) {
	if r.b.Calls().Traces && cdr.IsWhole(id) && r.b.Original(id) {
		r.b.Ref = cdr.Connection(id)
	}
}

// A said is what a line says of the call that it closes.
type said struct {
	typ                            []byte
	connection, session, recording []byte
	life, archive                  interval // of connections and sessions, and of recordings
	own                            instant  // when the line was written, or the event made
	reason                         []byte
	rank                           int // of the reason, less than that of any in reasonNames if there is none
}

type interval struct{ begin, end instant }

// An instant is a time, 0 if it is not known.
type instant struct {
	nanos int64
	exact bool // it was not said in whole seconds
}

// reasonNames are where reasons stand, the most telling last.
var reasonNames = []string{
	"msg", "reason", "signaling_terminate_reason", "data_channel_exit_reason", "websocket_terminated_reason",
	"disconnect_api_reason", "type_disconnect_reason", "destroyed_reason", "message",
}

// close makes the call detail record of a line that closes a call.
func (r *Reader) close(f *found) {
	if !r.closing || r.passes(f) {
		return
	}
	s := said{rank: -1}
	r.listen(f, &s)
	c := r.closes(&s)
	if c == nil {
		r.ofSession(&s)
		r.open(&s)
		return
	}
	if c.Log == logConnection {
		r.b.Open = cdr.Opening{Kind: c.Kind} // no other line says so
	}
	if c.Log == logWaitTimeout && s.rank < 0 {
		s.reason = waitTimeoutText // it is what the file is there for
	}
	k := &r.b.Call
	*k = cdr.Record{Kind: c.Kind, Joined: !c.failed, Reason: s.reason, Class: cdr.Classify(s.reason), Code: r.wordFor(s.reason)}
	at := s.life
	if c.Kind == cdr.SoraRecording {
		at = s.archive
	}
	if c.failed && at.end.nanos == 0 {
		at.end = s.own
	}
	if r.b.Calls().Traces {
		r.identify(k, &s)
	}
	k.Close(at.begin.nanos, at.end.nanos)
}

var keyType = otlp.NewKey("sora.type")

// passes reports that the line neither opens nor closes a call, by its type alone,
// and that nothing else needs to be known of it. Most lines do.
func (r *Reader) passes(f *found) bool {
	if f.typ != nil && f.req != nil || r.b.Origin.Log == logSessions {
		return false
	}
	typ, ok := r.b.Attribute(keyType)
	return ok && !tells(r.b.Origin.Log, typ)
}

// tells reports whether a line of that type may open or close a call.
func tells(log string, typ []byte) bool {
	for i := range closings {
		if c := &closings[i]; c.Log == log && (c.Line == "" || c.Line == string(typ)) {
			return true
		}
	}
	for i := range openings {
		if o := &openings[i]; o.Log == log && o.Line == string(typ) {
			return true
		}
	}
	return false
}

// ofSession says which session a line of the log of sessions is about.
func (r *Reader) ofSession(s *said) {
	if r.b.Calls().Traces && r.b.Origin.Log == logSessions && r.b.Ref == (otlp.SpanRef{}) && r.whole(s.session) {
		r.b.Ref = r.namer.Session(s.session)
	}
}

// openings are the lines that say that a call has come about.
var openings = []cdr.Closing{
	{Log: logEvents, Line: "connection.created", Kind: cdr.SoraConnection},
	{Log: logSessions, Line: "session.created", Kind: cdr.SoraSession},
	{Log: logEvents, Line: "recording.started", Kind: cdr.SoraRecording},
}

// open says which call the line opens, if it does. Connections are those of the
// log that tells how they ended, so that as many begin as end.
func (r *Reader) open(s *said) {
	for i := range openings {
		o := &openings[i]
		if o.Log == r.b.Origin.Log && o.Line == string(s.typ) && (o.Kind != cdr.SoraConnection || r.b.Calls().SoraFrom != logConnection) {
			r.b.Open = cdr.Opening{Kind: o.Kind}
		}
	}
}

// wordFor is the word for a reason: a code of Sora's catalogue, or one of cdr's.
func (r *Reader) wordFor(reason []byte) string {
	if i, ok := r.p.events.first[string(reason)]; ok {
		return r.p.events.list[i].code
	}
	return cdr.Code(reason)
}

// closes is how the line closes a call, or nil.
func (r *Reader) closes(s *said) *closing {
	from := r.b.Calls().SoraFrom
	for i := range closings {
		c := &closings[i]
		if c.Log != r.b.Origin.Log || c.Line != "" && c.Line != string(s.typ) {
			continue
		}
		switch {
		case c.Kind != cdr.SoraConnection || c.Log == logWaitTimeout:
		case (from == logConnection) != (c.Log == logConnection):
			return nil
		case c.failed && string(s.reason) == waitTimeout:
			return nil
		}
		return c
	}
	return nil
}

// identify sets the ids of what was closed.
func (r *Reader) identify(k *cdr.Record, s *said) {
	var connection otlp.SpanRef
	if r.whole(s.connection) {
		connection = cdr.Connection(s.connection)
	}
	if r.whole(s.session) && k.Kind != cdr.SoraSession {
		k.Session = r.namer.Session(s.session)
	}
	switch {
	case k.Kind == cdr.SoraSession && r.whole(s.session):
		k.Ref = r.namer.Session(s.session)
	case k.Kind == cdr.SoraConnection:
		k.Ref = connection
	case k.Kind == cdr.SoraRecording && len(s.recording) > 0 && r.b.Original(s.recording):
		k.Ref = r.namer.Recording(s.recording, s.connection)
		if connection != (otlp.SpanRef{}) {
			k.Ref.Trace, k.Parent = connection.Trace, connection.Span
		}
	}
	if k.Ref == (otlp.SpanRef{}) {
		k.Fault = cdr.NoIdentity
	}
}

func (r *Reader) whole(id []byte) bool { return cdr.IsWhole(id) && r.b.Original(id) }

// listen takes what the line says, and what the request in it and the data in that
// say: of times, those that stand deeper count, since they are the connection's own.
func (r *Reader) listen(f *found, s *said) {
	r.hear(&r.line, s, true)
	if s.connection == nil {
		s.connection = r.connection
	}
	data := r.line.within("data")
	if f.req != nil && f.req.kind == '{' && r.aside.object(r.line.raw(f.req)) == "" {
		r.hear(&r.aside, s, true)
		data = r.aside.within("data")
	}
	if data != nil && r.aside.object(data) == "" {
		r.hear(&r.aside, s, false)
	}
}

// hear takes what the fields of one object say. Only the line and the request in
// it say whom they are about.
func (r *Reader) hear(from *scanner, s *said, whom bool) {
	for i := range from.fields {
		m := &from.fields[i]
		if m.kind == 'n' || m.id == droppedField {
			continue
		}
		switch name := r.name(from, m); string(name) {
		case "created_time", "created_timestamp", "connection_created_timestamp":
			r.hearTime(from, m, &s.life.begin)
		case "destroyed_time", "destroyed_timestamp", "connection_destroyed_timestamp":
			r.hearTime(from, m, &s.life.end)
		case "start_time", "start_timestamp":
			r.hearTime(from, m, &s.archive.begin)
		case "stop_time", "stop_timestamp":
			r.hearTime(from, m, &s.archive.end)
		default:
			if whom && m.kind == '"' {
				r.hearWhom(from, m, name, s)
			}
			if rank := slices.Index(reasonNames, view(name)); rank > s.rank { // the most telling one
				s.reason, s.rank = record.Cut(r.text(from, m), maxReason), rank
			}
		}
	}
}

func (r *Reader) hearWhom(from *scanner, m *field, name []byte, s *said) {
	switch string(name) {
	case "timestamp":
		r.hearTime(from, m, &s.own)
	case "type":
		s.typ = r.text(from, m)
	case "connection_id":
		s.connection = r.text(from, m)
	case "session_id":
		s.session = r.text(from, m)
	case "recording_id":
		s.recording = r.text(from, m)
	}
}

// hearTime takes a time with its fraction, or one in seconds since 1970 unless there is
// a better one.
func (r *Reader) hearTime(from *scanner, m *field, to *instant) {
	switch m.kind {
	case '"':
		if nanos, ok := r.clock.parse(r.text(from, m)); ok {
			*to = instant{nanos, true}
		}
	case '0':
		if sec, err := strconv.ParseInt(view(from.raw(m)), 10, 64); err == nil && sec > 0 && sec < 1<<63/1_000_000_000 && !to.exact {
			to.nanos = sec * 1_000_000_000
		}
	}
}
