package harness

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
)

// A Record is an OTLP log record with the resource and the scope it came under.
// Attribute values are string, int64, float64, bool, []byte, []any,
// map[string]any or nil.
type Record struct {
	Resource     map[string]any
	Scope        string
	ScopeVersion string
	Time         time.Time // zero if there is none
	Observed     time.Time
	Severity     int
	SeverityText string
	Event        string
	Body         any
	Attributes   map[string]any
	Dropped      int    // attributes that some part has dropped
	Trace, Span  string // ids in hexadecimal; "" for none
}

// Service returns the resource's service.name.
func (r Record) Service() string { s, _ := r.Resource["service.name"].(string); return s }

// UID returns the attribute log.record.uid.
func (r Record) UID() string { s, _ := r.Attributes["log.record.uid"].(string); return s }

// Text returns the body if it is a string, as it must always be.
func (r Record) Text() string { s, _ := r.Body.(string); return s }

// Of returns the records of one service.
func Of(service string, records []Record) (of []Record) {
	for _, r := range records {
		if r.Service() == service {
			of = append(of, r)
		}
	}
	return of
}

// A Reader reads a growing file in the OTLP file format: one JSON object a line.
type Reader struct {
	Path string

	offset  int64
	records []Record
	tally   *Tally
}

// Read returns all records of the complete lines in the file. A file that is not there holds none.
func (r *Reader) Read() ([]Record, error) {
	if r.tally == nil {
		r.tally = NewTally()
	}
	f, err := os.Open(r.Path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.NewSectionReader(f, r.offset, 1<<40))
	if err != nil {
		return nil, err
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	for line := range bytes.Lines(text) {
		records, err := ParseLogs(line)
		if err != nil {
			return nil, fmt.Errorf("%s at byte %d: %w", r.Path, r.offset, err)
		}
		r.records = append(r.records, records...)
		for _, rec := range records {
			r.tally.Add(rec.Text(), rec.UID())
		}
		r.offset += int64(len(line))
	}
	return r.records, nil
}

// The shapes of OTLP JSON: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
type (
	jsonLogs struct {
		ResourceLogs []struct {
			Resource  struct{ Attributes []jsonKeyValue }
			ScopeLogs []struct {
				Scope      struct{ Name, Version string }
				LogRecords []jsonRecord
			}
		}
	}
	jsonRecord struct {
		TimeUnixNano, ObservedTimeUnixNano string
		SeverityNumber                     int
		SeverityText, EventName            string
		Body                               jsonValue
		Attributes                         []jsonKeyValue
		DroppedAttributesCount             int
		TraceID                            string `json:"traceId"`
		SpanID                             string `json:"spanId"`
	}
	jsonKeyValue struct {
		Key   string
		Value jsonValue
	}
	jsonValue struct {
		StringValue *string
		BoolValue   *bool
		IntValue    *string
		DoubleValue *float64
		BytesValue  []byte
		ArrayValue  *struct{ Values []jsonValue }
		KvlistValue *struct{ Values []jsonKeyValue }
	}
)

// ParseLogs decodes one LogsData object in OTLP JSON.
func ParseLogs(text []byte) (records []Record, err error) {
	var logs jsonLogs
	if err := json.Unmarshal(text, &logs); err != nil {
		return nil, fmt.Errorf("decode OTLP JSON: %w", err)
	}
	for _, rl := range logs.ResourceLogs {
		resource := attributes(rl.Resource.Attributes)
		for _, sl := range rl.ScopeLogs {
			for _, lr := range sl.LogRecords {
				records = append(records, Record{
					Resource: resource, Scope: sl.Scope.Name, ScopeVersion: sl.Scope.Version,
					Time: unixNano(lr.TimeUnixNano), Observed: unixNano(lr.ObservedTimeUnixNano),
					Severity: lr.SeverityNumber, SeverityText: lr.SeverityText, Event: lr.EventName,
					Body: lr.Body.value(), Attributes: attributes(lr.Attributes),
					Dropped: lr.DroppedAttributesCount, Trace: lr.TraceID, Span: lr.SpanID,
				})
			}
		}
	}
	return records, nil
}

func unixNano(s string) time.Time {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

func attributes(list []jsonKeyValue) map[string]any {
	m := make(map[string]any, len(list))
	for _, kv := range list {
		if _, twice := m[kv.Key]; twice {
			kv.Key += " (again)" // OTLP forbids it; a golden file must show it
		}
		m[kv.Key] = kv.Value.value()
	}
	return m
}

func (v jsonValue) value() any {
	switch {
	case v.StringValue != nil:
		return *v.StringValue
	case v.BoolValue != nil:
		return *v.BoolValue
	case v.IntValue != nil:
		n, err := strconv.ParseInt(*v.IntValue, 10, 64)
		if err != nil {
			return err
		}
		return n
	case v.DoubleValue != nil:
		return *v.DoubleValue
	case v.BytesValue != nil:
		return v.BytesValue
	case v.ArrayValue != nil:
		list := make([]any, len(v.ArrayValue.Values))
		for i, e := range v.ArrayValue.Values {
			list[i] = e.value()
		}
		return list
	case v.KvlistValue != nil:
		return attributes(v.KvlistValue.Values)
	}
	return nil
}
