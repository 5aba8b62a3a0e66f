package pexip

import (
	"bytes"
	"slices"

	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/convert/syslog"
)

var (
	keyFacility  = otlp.NewKey("syslog.facility")
	keyCode      = otlp.NewKey("syslog.severity_code")
	keyTimestamp = otlp.NewKey("syslog.timestamp") // as it was written
	keyHostname  = otlp.NewKey("syslog.hostname")  // where it is not the resource's host.name
	keyAppName   = otlp.NewKey("syslog.appname")
	keyProcID    = otlp.NewKey("syslog.procid")
	keyMsgID     = otlp.NewKey("syslog.msgid")
	keyRelay     = otlp.NewKey("syslog.relay")           // headers that relays have put in front
	keyRepeated  = otlp.NewKey("syslog.repeated")        // how often a relay says that the message was repeated
	keyData      = otlp.NewKey("syslog.structured_data") // as it stands, where attributes cannot say it
)

const dataPrefix = "syslog.sd."

// writeHeader adds what the syslog header says. It returns where the attribute
// of its time begins.
func writeHeader(b *record.Builder, l *line) (stamp int) {
	h := &l.head
	if h.Priority >= 0 {
		b.Int(keyFacility, int64(h.Facility()))
		b.Int(keyCode, int64(h.Severity()))
	}
	if h.Host != nil && !bytes.Equal(h.Host, l.host) {
		b.Attr(keyHostname, h.Host)
	}
	stamp = b.Mark()
	writeWord(b, keyTimestamp, h.TimeText)
	writeWord(b, keyAppName, h.App)
	writeWord(b, keyProcID, h.ProcID)
	writeWord(b, keyMsgID, h.MsgID)
	writeWord(b, keyRelay, l.relay)
	if l.repeated > 0 {
		b.Int(keyRepeated, int64(l.repeated))
	}
	if h.Data != nil {
		writeData(b, h.Data)
	}
	return stamp
}

func writeWord(b *record.Builder, key otlp.Key, value []byte) {
	if value != nil {
		b.Attr(key, value)
	}
}

// maxParams is how many parameters of structured data become attributes.
const maxParams = 32

// writeData adds each parameter of structured data as syslog.sd.<id>.<name>.
// Elements without parameters and names that occur twice cannot be said that
// way, so then the data is kept as it stands as well.
func writeData(b *record.Builder, data []byte) {
	params, plain := 0, true
	var seen [maxParams][]byte // names with their ids
	for e, rest, ok := syslog.NextElement(data); ok; e, rest, ok = syslog.NextElement(rest) {
		before := params
		for name, value, ok := e.Next(); ok; name, value, ok = e.Next() {
			key := dataKey(b, e.ID, name)
			if params == maxParams || slices.ContainsFunc(seen[:params], func(k []byte) bool { return bytes.Equal(k, key) }) {
				plain = false
				continue
			}
			seen[params] = key
			params++
			start := len(b.Arena)
			b.Arena = syslog.AppendValue(b.Arena, value)
			b.Attr(b.Key(dataPrefix, key), b.Arena[start:])
		}
		plain = plain && params > before
	}
	if !plain {
		b.Attr(keyData, data)
	}
}

// dataKey is the name of a parameter's attribute, without its prefix. A dot in
// it would make an object of what may be a string elsewhere.
func dataKey(b *record.Builder, id, name []byte) []byte {
	start := len(b.Arena)
	b.Arena = append(append(append(b.Arena, id...), 0), name...)
	key := b.Arena[start:len(b.Arena):len(b.Arena)]
	for i, c := range key {
		switch c {
		case '.':
			key[i] = '_'
		case 0:
			key[i] = '.'
		}
	}
	return key
}

// A severity is OpenTelemetry's number for a level or a syslog severity, and
// syslog's own word for the latter.
type severity struct {
	number int
	text   []byte
}

// severities are syslog's, by code (RFC 5424, table 2).
var severities = [8]severity{
	{21, []byte("emerg")}, {19, []byte("alert")}, {18, []byte("crit")}, {17, []byte("err")},
	{13, []byte("warning")}, {10, []byte("notice")}, {9, []byte("info")}, {5, []byte("debug")},
}

// levels are Pexip's, in small letters, and others that may turn up.
var levels = map[string]int{
	"trace": 1, "debug": 5, "info": 9, "notice": 10, "warning": 13, "warn": 13, "error": 17, "err": 17,
	"critical": 18, "fatal": 21, "alert": 19, "emergency": 21,
}

// severity sets the severity: from Level, or else from the priority; a line of
// Pexip's without either is information.
func (p *parse) severity() {
	if p.line.pairs {
		p.b.Severity = 9
	}
	if code := p.line.head.Severity(); code >= 0 {
		p.b.Severity = severities[code].number
		p.b.SeverityText = severities[code].text
	}
	text := p.line.level
	if p.line.pairs {
		text = p.value(fieldLevel)
	}
	if len(text) == 0 {
		return
	}
	p.b.SeverityText = text
	if n := levelNumber(text); n > 0 {
		p.b.Severity = n
	}
}

// levelNumber is the severity number of a level, 0 if it is none that is known.
func levelNumber(text []byte) int {
	var buf [16]byte
	if len(text) > len(buf) {
		return 0
	}
	return levels[string(fold(buf[:0], text))]
}
