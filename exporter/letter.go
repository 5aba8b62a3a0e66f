package exporter

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	logspb "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/rtcship/rtcship/internal/otlpjson"
)

// A dead letter is one line of JSON: OTLP's JSON form of LogsData, which tools
// for OTLP files read, with a field "rtcship" beside resourceLogs that holds
// the collector's answer. Tools pass over fields they do not know.

// A DeadLetter is a record that the collector refused for good.
type DeadLetter struct {
	Time    time.Time // when it was given up
	Code    string    // of the answer
	Message string    // the collector's words
	Records int       // 1, or those of a request that was refused as a whole
	UID     string    // log.record.uid of the first record, if it has one
	Summary string    // the beginning of the first body

	groups []Group
}

// refusal is the field "rtcship".
type refusal struct {
	Time    time.Time `json:"time"`
	Code    string    `json:"code"`
	Message string    `json:"message,omitempty"`
	Request []byte    `json:"request,omitempty"` // the encoded request, if it has no JSON form
}

func encodeLetter(p *payload, a answer, now time.Time) ([]byte, error) {
	wire := make([]byte, 0, p.size)
	for _, s := range p.segments {
		wire = append(wire, p.bytes(s)...)
	}
	why := refusal{Time: now.UTC(), Code: a.code, Message: a.message}
	line, err := otlpjson.Marshal(wire)
	if err != nil {
		// What official decoders cannot read may be just why the collector
		// refused it. It is kept all the same.
		line, why.Request = []byte("{"), wire
	} else {
		line = append(line[:len(line)-1], ',')
	}
	tail, err := json.Marshal(why)
	if err != nil {
		return nil, fmt.Errorf("encode dead letter: %w", err)
	}
	line = append(line, `"rtcship":`...)
	line = append(line, tail...)
	return append(line, "}\n"...), nil
}

// base64AsHex is the reverse of what otlpjson does with trace and span ids.
func base64AsHex(b []byte) ([]byte, error) {
	return hex.DecodeString(base64.StdEncoding.EncodeToString(b))
}

// parseLetter reads a line of the file.
func parseLetter(line []byte) (DeadLetter, error) {
	var extra struct {
		Refusal refusal `json:"rtcship"`
	}
	if err := json.Unmarshal(line, &extra); err != nil {
		return DeadLetter{}, fmt.Errorf("parse dead letter: %w", err)
	}
	letter := DeadLetter{Time: extra.Refusal.Time, Code: extra.Refusal.Code, Message: extra.Refusal.Message}
	var err error
	if request := extra.Refusal.Request; len(request) > 0 {
		letter.groups, err = groupsOf(request)
		letter.Summary = "(not readable as OTLP)"
	} else {
		err = letter.parseJSON(line)
	}
	if err != nil {
		return DeadLetter{}, fmt.Errorf("parse dead letter: %w", err)
	}
	for _, g := range letter.groups {
		letter.Records += len(g.Ends)
	}
	return letter, nil
}

func (l *DeadLetter) parseJSON(line []byte) error {
	var logs logspb.LogsData
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(line, &logs); err != nil {
		return err
	}
	records := otlpjson.Records(&logs)
	for _, record := range records {
		var errTrace, errSpan error
		record.TraceId, errTrace = base64AsHex(record.TraceId)
		record.SpanId, errSpan = base64AsHex(record.SpanId)
		if err := errors.Join(errTrace, errSpan); err != nil {
			return err
		}
	}
	if len(records) > 0 {
		l.Summary = summary(records[0].GetBody().GetStringValue())
		l.UID = uidOf(records[0])
	}
	wire, err := proto.Marshal(&logs)
	if err != nil {
		return err
	}
	l.groups, err = groupsOf(wire)
	return err
}

func uidOf(record *logspb.LogRecord) string {
	for _, attribute := range record.Attributes {
		if attribute.Key == "log.record.uid" {
			return attribute.Value.GetStringValue()
		}
	}
	return ""
}

func summary(body string) string {
	const most = 120
	if len(body) <= most {
		return body
	}
	cut := most
	for cut > 0 && body[cut]&0xC0 == 0x80 {
		cut--
	}
	return body[:cut] + "…"
}
