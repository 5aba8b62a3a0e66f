package exporter

import (
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// whyProbe is the text of a probe.
const whyProbe = "rtcship asks whether the collector accepts records, since it refused one"

// probePieces returns a request of one harmless record of our own. A collector
// that accepts it works, so that a record it refuses is itself at fault.
func probePieces(now time.Time, cfg Config, body string) []piece {
	record := probeRecord(now, body)
	if cfg.Signal == SignalTraces {
		record = probeSpan(now, body)
	}
	name := appendText(nil, 1, "service.name")
	name = appendMessage(name, 2, appendText(nil, 1, "rtcship"))
	records := appendMessage(nil, 2, record)
	g := &Group{
		Resource: appendMessage(nil, 1, name),
		Scope:    appendText(nil, 1, cfg.UserAgent),
		Records:  records,
		Ends:     []int{len(records)},
	}
	return []piece{{group: g, hi: 1}}
}

const probeName = "rtcship.probe"

// probeRecord is a LogRecord.
func probeRecord(now time.Time, body string) []byte {
	record := appendTime(nil, 1, now) // time_unix_nano
	record = append(record, 2<<3, 5)  // severity_number: debug
	record = appendMessage(record, 5, appendText(nil, 1, body))
	record = appendTime(record, 11, now)     // observed_time_unix_nano
	return appendText(record, 12, probeName) // event_name
}

// probeSpan is a Span without a duration, with ids that nothing else has.
func probeSpan(now time.Time, body string) []byte {
	var ids [24]byte
	for i := 0; i < len(ids); i += 8 {
		binary.LittleEndian.PutUint64(ids[i:], rand.Uint64()|1)
	}
	span := appendMessage(nil, 1, ids[:16]) // trace_id
	span = appendMessage(span, 2, ids[16:]) // span_id
	span = appendText(span, 5, probeName)   // name
	span = append(span, 6<<3, 1)            // kind: internal
	span = appendTime(span, 7, now)         // start_time_unix_nano
	span = appendTime(span, 8, now)         // end_time_unix_nano
	why := appendText(nil, 1, "rtcship.reason")
	why = appendMessage(why, 2, appendText(nil, 1, body))
	return appendMessage(span, 9, why) // attributes
}

// appendTime appends a field of type fixed64.
func appendTime(dst []byte, field int, t time.Time) []byte {
	dst = append(dst, byte(field<<3|1))
	return binary.LittleEndian.AppendUint64(dst, uint64(t.UnixNano()))
}

func appendText(dst []byte, field int, s string) []byte {
	return appendMessage(dst, field, []byte(s))
}

func appendMessage(dst []byte, field int, body []byte) []byte {
	dst = append(dst, byte(field<<3|2))
	dst = binary.AppendUvarint(dst, uint64(len(body)))
	return append(dst, body...)
}
