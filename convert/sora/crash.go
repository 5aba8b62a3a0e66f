package sora

import (
	"bytes"
	"cmp"

	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/tailer/entry"
)

var (
	keyCrashKind       = otlp.NewKey("sora.crash.kind")
	keyCrashInitial    = otlp.NewKey("sora.crash.initial_call")
	keyCrashRegistered = otlp.NewKey("sora.crash.registered_name")
	keyCrashSupervisor = otlp.NewKey("sora.crash.supervisor")
	keyCrashChild      = otlp.NewKey("sora.crash.child_id")
	keyCrashContext    = otlp.NewKey("sora.crash.error_context")
	keyExceptionType   = otlp.NewKey("exception.type")
	keyExceptionText   = otlp.NewKey("exception.message")
	keyExceptionStack  = otlp.NewKey("exception.stacktrace")
)

// readCrash takes what Erlang's logger wrote of one event.
func (r *Reader) readCrash() bool {
	b := r.b
	h, ok := entry.ParseHead(b.Text, r.p.zone)
	if !ok && b.Entry.Cut {
		return true // the rest of a report
	}
	if !ok {
		r.fail(record.Erlang, "no header of an Erlang report")
		return true
	}
	message := b.Text[h.Size:]
	r.head(h)
	if h.Title == nil {
		r.crashKind(kindOf(message, r.snake(h.Level)))
	}
	r.report(message)
	return true
}

// head sets what a head says.
func (r *Reader) head(h entry.Head) {
	b := r.b
	if nanos, ok := nanosOf(h.Time); ok {
		b.Time = nanos
	}
	if h.Title == nil {
		b.Severity, b.SeverityText = severityOf(h.Level), h.Level
		return
	}
	kind := r.snake(h.Title)
	b.Severity = cmp.Or(severityOf(kind), severityError)
	if string(kind) == "progress" {
		b.Severity = severityInfo
	}
	r.crashKind(kind)
}

// crashKind sets the kind of a report, and the event name that follows from it.
func (r *Reader) crashKind(kind []byte) {
	b := r.b
	b.Attr(keyCrashKind, kind)
	start := len(b.Arena)
	b.Arena = append(append(b.Arena, kind...), "_report"...)
	b.EventPrefix, b.EventName = "sora.", b.Arena[start:]
}

// kindOf is the kind of a report whose head has no title: what the title would
// have been follows from how the text begins.
func kindOf(message, level []byte) []byte {
	text := bytes.TrimLeft(message, " \t\r\n")
	begins := func(with string) bool { return bytes.HasPrefix(text, []byte(with)) }
	supervisor := begins("supervisor:") || begins("Supervisor:")
	switch {
	case begins("crasher:"):
		return []byte("crash")
	case supervisor && string(level) != "info" && string(level) != "debug":
		return []byte("supervisor")
	case (supervisor || begins("application:") || begins("Application:")) && bytes.Contains(message[:min(len(message), maxKindText)], []byte("tarted")):
		return []byte("progress")
	}
	return level
}

// maxKindText is how far a progress report is looked into for what it tells of.
const maxKindText = 4 << 10
