// Package otlpjson writes records as OTLP JSON, in the OTLP file format: one
// LogsData object a line (https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/).
package otlpjson

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	logspb "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// LogsData encodes a LogsData with one resource and one scope. resource and
// scope are encoded messages, records are encoded log_records fields of
// ScopeLogs, tags included.
func LogsData(resource, scope, records []byte) []byte {
	const first, second = 1<<3 | 2, 2<<3 | 2 // tags of length-delimited fields
	scopeLogs := append(field(first, scope), records...)
	resourceLogs := append(field(first, resource), field(second, scopeLogs)...)
	return field(first, resourceLogs)
}

func field(tag byte, body []byte) []byte {
	b := binary.AppendUvarint([]byte{tag}, uint64(len(body)))
	return append(b, body...)
}

// Marshal returns the OTLP JSON form of an encoded LogsData, which is the
// same on the wire as an export request, without a newline.
func Marshal(wire []byte) ([]byte, error) {
	var logs logspb.LogsData
	if err := proto.Unmarshal(wire, &logs); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	if len(logs.ResourceLogs) == 0 {
		return nil, errors.New("no records")
	}
	for _, record := range Records(&logs) {
		var errTrace, errSpan error
		record.TraceId, errTrace = hexAsBase64(record.TraceId)
		record.SpanId, errSpan = hexAsBase64(record.SpanId)
		if err := errors.Join(errTrace, errSpan); err != nil {
			return nil, err
		}
	}
	b, err := protojson.MarshalOptions{UseEnumNumbers: true}.Marshal(&logs)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	var line bytes.Buffer
	if err := json.Compact(&line, b); err != nil { // protojson varies its white space on purpose
		return nil, fmt.Errorf("encode: %w", err)
	}
	return line.Bytes(), nil
}

// OTLP JSON writes trace and span ids in hex, where protojson writes bytes in
// base64. Bytes that are hex digits in base64 bring the two together: 16 and 8
// bytes make 32 and 16 digits, which are base64 without padding.
func hexAsBase64(id []byte) ([]byte, error) {
	return base64.StdEncoding.DecodeString(hex.EncodeToString(id))
}

// Records returns all records of logs, in their order.
func Records(logs *logspb.LogsData) []*logspb.LogRecord {
	var records []*logspb.LogRecord
	for _, resource := range logs.ResourceLogs {
		for _, scope := range resource.ScopeLogs {
			records = append(records, scope.LogRecords...)
		}
	}
	return records
}
