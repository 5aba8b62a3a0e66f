// Package recordtest shows encoded records as text that people can read and
// compare, for tests.
package recordtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	logs "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	"google.golang.org/protobuf/proto"
)

// Decode decodes log_records fields the way a collector does.
func Decode(t testing.TB, records []byte) []*logs.LogRecord {
	t.Helper()
	var s logs.ScopeLogs
	if err := proto.Unmarshal(records, &s); err != nil {
		t.Fatalf("decode records: %v", err)
	}
	return s.LogRecords
}

// Attributes are a record's attributes as Render writes their values. Two of
// one name fail the test.
func Attributes(t testing.TB, r *logs.LogRecord) map[string]string {
	t.Helper()
	m := make(map[string]string)
	for _, a := range r.Attributes {
		if _, twice := m[a.Key]; twice {
			t.Errorf("attribute %q is there twice", a.Key)
		}
		m[a.Key] = value(a.Value)
	}
	return m
}

// Render writes records one field a line, in a fixed order; strings are quoted
// and everything else is not. Attributes called in skip are left out.
func Render(t testing.TB, records []byte, skip ...string) string {
	var b strings.Builder
	for i, r := range Decode(t, records) {
		fmt.Fprintf(&b, "record %d\n", i+1)
		if r.TimeUnixNano != 0 {
			fmt.Fprintf(&b, "  time      %s\n", time.Unix(0, int64(r.TimeUnixNano)).UTC().Format(time.RFC3339Nano))
		}
		if r.SeverityNumber != 0 || r.SeverityText != "" {
			fmt.Fprintf(&b, "  severity  %d %s\n", r.SeverityNumber, r.SeverityText)
		}
		if r.EventName != "" {
			fmt.Fprintf(&b, "  event     %s\n", r.EventName)
		}
		renderBody(&b, r.Body)
		for _, a := range r.Attributes {
			if !slices.Contains(skip, a.Key) {
				fmt.Fprintf(&b, "  %s = %s\n", a.Key, value(a.Value))
			}
		}
	}
	return strings.ReplaceAll(b.String(), " \n", "\n")
}

// renderBody writes a body of one line as it is, and quotes each line of a longer one.
func renderBody(b *strings.Builder, v *common.AnyValue) {
	body, ok := v.GetValue().(*common.AnyValue_StringValue)
	if !ok {
		fmt.Fprintf(b, "  body      NOT A STRING: %v\n", v)
		return
	}
	lines := strings.SplitAfter(body.StringValue, "\n")
	if len(lines) == 1 && strconv.Quote(lines[0]) == `"`+strings.ReplaceAll(strings.ReplaceAll(lines[0], `\`, `\\`), `"`, `\"`)+`"` {
		fmt.Fprintf(b, "  body      %s\n", lines[0])
		return
	}
	b.WriteString("  body\n")
	for _, line := range lines {
		fmt.Fprintf(b, "    %s\n", strconv.Quote(line))
	}
}

func value(v *common.AnyValue) string {
	switch v := v.GetValue().(type) {
	case nil:
		return "null"
	case *common.AnyValue_StringValue:
		return strconv.Quote(v.StringValue)
	case *common.AnyValue_BoolValue:
		return strconv.FormatBool(v.BoolValue)
	case *common.AnyValue_IntValue:
		return strconv.FormatInt(v.IntValue, 10)
	case *common.AnyValue_DoubleValue:
		return "double " + strconv.FormatFloat(v.DoubleValue, 'g', -1, 64)
	case *common.AnyValue_ArrayValue:
		var items []string
		for _, item := range v.ArrayValue.Values {
			items = append(items, value(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return fmt.Sprintf("UNEXPECTED %T", v)
}
