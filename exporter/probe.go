package exporter

import (
	"encoding/binary"
	"time"
)

// whyProbe is the text of a probe.
const whyProbe = "rtcship asks whether the collector accepts records, since it refused one"

// probePieces returns a request of one harmless record of our own. A collector
// that accepts it works, so that a record it refuses is itself at fault.
func probePieces(now time.Time, scope, body string) []piece {
	record := []byte{1<<3 | 1} // time_unix_nano, fixed64
	record = binary.LittleEndian.AppendUint64(record, uint64(now.UnixNano()))
	record = append(record, 2<<3, 5) // severity_number: debug
	record = appendMessage(record, 5, appendText(nil, 1, body))
	record = append(record, 11<<3|1) // observed_time_unix_nano, fixed64
	record = binary.LittleEndian.AppendUint64(record, uint64(now.UnixNano()))
	record = appendText(record, 12, "rtcship.probe")

	name := appendText(nil, 1, "service.name")
	name = appendMessage(name, 2, appendText(nil, 1, "rtcship"))
	records := appendMessage(nil, 2, record)
	g := &Group{
		Resource: appendMessage(nil, 1, name),
		Scope:    appendText(nil, 1, scope),
		Records:  records,
		Ends:     []int{len(records)},
	}
	return []piece{{group: g, hi: 1}}
}

func appendText(dst []byte, field int, s string) []byte {
	return appendMessage(dst, field, []byte(s))
}

func appendMessage(dst []byte, field int, body []byte) []byte {
	dst = append(dst, byte(field<<3|2))
	dst = binary.AppendUvarint(dst, uint64(len(body)))
	return append(dst, body...)
}
