package pexip

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

	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/tailer/entry"
)

var observed = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// A converter makes records of texts, as the Converter does.
type converter struct {
	builder  record.Builder
	settings record.Settings
	counts   record.Counts
	origin   entry.Origin
	entry    entry.Entry
	reader   Reader
	span     string // of the last text, in wire form
}

func newConverter() *converter {
	c := &converter{origin: entry.Origin{Source: "pexip", Path: "pexip"}}
	c.start()
	return c
}

// start begins a batch.
func (c *converter) start() {
	c.builder.StartBatch(&c.settings, &c.origin, &c.counts)
	c.reader.Start(&c.builder)
}

func (c *converter) convert(text []byte) (host []byte) {
	c.entry = entry.Entry{Text: text, Observed: observed, Transport: "unix"}
	c.builder.Begin(&c.entry)
	return c.reader.Read()
}

// parseLine is the record of a text, and its host.
func parseLine(t testing.TB, text string) (*logs.LogRecord, string) {
	t.Helper()
	c := newConverter()
	host := string(c.convert([]byte(text)))
	out, _ := c.builder.Finish(nil, nil)
	return decode(t, out), host
}

// decode is the only record in wire.
func decode(t testing.TB, wire []byte) *logs.LogRecord {
	t.Helper()
	var s logs.ScopeLogs
	if err := proto.Unmarshal(wire, &s); err != nil || len(s.LogRecords) != 1 {
		t.Fatalf("%q: %d records: %v", wire, len(s.LogRecords), err)
	}
	return s.LogRecords[0]
}

// ours reports whether an attribute comes from the text.
func ours(key string) bool {
	return strings.HasPrefix(key, "pexip.") || strings.HasPrefix(key, "syslog.") || key == "rtcship.parse_error"
}

// attributes are those of r that come from the text, printed with their types.
func attributes(r *logs.LogRecord) map[string]string {
	m := make(map[string]string)
	for _, a := range r.Attributes {
		if !ours(a.Key) {
			continue
		}
		if _, twice := m[a.Key]; twice {
			m[a.Key] += " TWICE"
			continue
		}
		switch v := a.Value.Value.(type) {
		case *common.AnyValue_StringValue:
			m[a.Key] = strconv.Quote(v.StringValue)
		case *common.AnyValue_IntValue:
			m[a.Key] = fmt.Sprintf("int %d", v.IntValue)
		case *common.AnyValue_DoubleValue:
			m[a.Key] = fmt.Sprintf("double %v", v.DoubleValue)
		case *common.AnyValue_BoolValue:
			m[a.Key] = fmt.Sprintf("bool %v", v.BoolValue)
		default:
			m[a.Key] = fmt.Sprintf("%T", v)
		}
	}
	return m
}

// print shows a record as text, one line for each thing it says.
func printRecord(r *logs.LogRecord, host string) string {
	var b strings.Builder
	if r.TimeUnixNano > 0 {
		fmt.Fprintf(&b, "time %s\n", time.Unix(0, int64(r.TimeUnixNano)).UTC().Format(time.RFC3339Nano))
	}
	if host != "" {
		fmt.Fprintf(&b, "host.name %s\n", host)
	}
	fmt.Fprintf(&b, "severity %s\n", strings.TrimSpace(fmt.Sprintf("%d %s", r.SeverityNumber, r.SeverityText)))
	if r.EventName != "" {
		fmt.Fprintf(&b, "event %s\n", r.EventName)
	}
	fmt.Fprintf(&b, "body %q\n", r.Body.GetStringValue())
	attrs := attributes(r)
	var names []string
	for name := range attrs {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "%s = %s\n", name, attrs[name])
	}
	return b.String()
}

// fieldOf is the field that key stands for.
func fieldOf(key []byte) uint8 {
	field, _ := catalogue.lookupKey(key)
	return field
}
