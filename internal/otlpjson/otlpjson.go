// Package otlpjson writes records as OTLP JSON, in the OTLP file format: one
// LogsData object a line (https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/).
package otlpjson

import (
	"bytes"
	"encoding/json"
	"fmt"

	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Append appends one line: a LogsData with a single resource and scope.
// resource and scope are encoded messages, records are encoded log_records
// fields of ScopeLogs, tags included.
func Append(dst *bytes.Buffer, resource, scope, records []byte) error {
	var r resourcepb.Resource
	if err := proto.Unmarshal(resource, &r); err != nil {
		return fmt.Errorf("decode resource: %w", err)
	}
	var s commonpb.InstrumentationScope
	if err := proto.Unmarshal(scope, &s); err != nil {
		return fmt.Errorf("decode scope: %w", err)
	}
	var logs logspb.ScopeLogs // records are already fields of this message
	if err := proto.Unmarshal(records, &logs); err != nil {
		return fmt.Errorf("decode records: %w", err)
	}
	logs.Scope = &s
	text, err := protojson.MarshalOptions{UseEnumNumbers: true}.Marshal(&logspb.LogsData{
		ResourceLogs: []*logspb.ResourceLogs{{Resource: &r, ScopeLogs: []*logspb.ScopeLogs{&logs}}},
	})
	if err != nil {
		return fmt.Errorf("encode JSON: %w", err)
	}
	// protojson varies its white space on purpose; a line must not.
	if err := json.Compact(dst, text); err != nil {
		return fmt.Errorf("compact JSON: %w", err)
	}
	dst.WriteByte('\n')
	return nil
}
