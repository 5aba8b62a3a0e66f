// Package sora reads the logs of WebRTC SFU Sora: JSON lines, the legacy text
// form, and what Erlang itself leaves in the log directory.
//
// The form of a line is told by its content and not by the file's name: Sora
// switches form and extension apart, and a file may change form in the middle.
package sora

import (
	"time"

	"github.com/rtcship/rtcship/convert/cdr"
	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/convert/redact"
)

// Config says what the logs do not say themselves.
type Config struct {
	Timezone *time.Location // of crash reports and dumps, which are in local time; nil = UTC
}

// A Parser holds what reading Sora's logs needs. It is read-only, and shared
// by any number of Readers.
type Parser struct {
	zone   *time.Location
	fields *fieldTable
	events *eventTable
}

// NewParser returns a Parser.
func NewParser(cfg Config) *Parser {
	if cfg.Timezone == nil {
		cfg.Timezone = time.UTC
	}
	return &Parser{zone: cfg.Timezone, fields: newFieldTable(fieldSpecs), events: newEventTable(Events())}
}

// A Reader reads the entries of one batch after another and reuses its memory.
// It is not safe for concurrent use.
type Reader struct {
	p    *Parser
	b    *record.Builder
	log  logSpec
	line scanner // the line itself
	req  scanner // the object called req in it

	keys   [][]byte // of the message's pairs so far
	lifted [][]byte // names of the reasons that were lifted so far
	failed bool     // the line is about a connection that failed
	beside []field  // fields of the line that the message stands in, on the long way

	connection []byte     // that the file's name is about
	measured   bool       // the log has statistics, and somebody wants to know
	closing    bool       // some lines of the log close a call, and somebody wants to know
	aside      scanner    // of what stands in a line that closes a call
	namer      *cdr.Namer // nil if nobody wants to know of calls

	clock    clock
	memory   memory
	redactor *redact.Redactor // that memory is for
}

var (
	keyLog      = otlp.NewKey("sora.log")
	keyCode     = otlp.NewKey("sora.code")
	keyCategory = otlp.NewKey("sora.category")
	keyReason   = otlp.NewKey("sora.reason")
)

// Start prepares for the entries of b's batch.
func (r *Reader) Start(p *Parser, b *record.Builder) {
	if redactor := b.Redactor(); r.p != p || r.redactor != redactor { // which may mask other secrets
		r.memory, r.redactor = newMemory(), redactor
	}
	r.p, r.b, r.log = p, b, specOf(b.Origin.Log)
	r.line.names, r.req.names, r.aside.names = p.fields, p.fields, p.fields
	r.connection = append(r.connection[:0], connectionIn(b.Origin)...)
	r.closing = b.Calls().Any() && IsClosing(b.Origin.Log)
	r.measured = b.Numbers != nil && (b.Origin.Log == logStats || b.Origin.Log == logConnection)
	if r.closing && r.namer == nil {
		r.namer = new(cdr.Namer)
	}
	b.Common(keyLog, b.Origin.Log)
}

// Read reads the entry that b has begun, not yet masked. It returns false if
// the entry holds nothing to send.
func (r *Reader) Read() bool {
	b := r.b
	b.Severity = r.log.severity
	if r.log.read == nil && !b.Entry.Cut {
		if i := skipSpace(b.Text, 0); i < len(b.Text) && b.Text[i] == '{' {
			if r.closing || !r.readShort() {
				if reason := r.readJSON(); reason != "" {
					r.fail(record.JSON, reason)
					return true
				}
				if r.measured {
					r.measure()
				}
			}
			return true
		}
	}
	b.Mask()
	if b.Entry.Cut && !r.log.headed {
		return true // a part of a text says nothing reliable
	}
	if r.log.read != nil {
		return r.log.read(r)
	}
	if !r.readLegacy() && r.log.lines {
		r.fail(record.Legacy, "neither a JSON object nor a line of Sora's legacy format")
	}
	return true
}

// fail leaves the entry's text as it stands.
func (r *Reader) fail(f record.Format, reason string) {
	b := r.b
	b.Restart()
	b.Body, b.Severity, b.SeverityText = b.Text, r.log.unread, nil
	b.EventPrefix, b.EventName = "", nil
	b.ParseError(f, reason)
}
