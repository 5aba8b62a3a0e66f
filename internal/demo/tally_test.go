package demo

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	collogspb "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/slim/otlp/logs/v1"
)

func record(uid, log string) *logspb.LogRecord {
	r := &logspb.LogRecord{Attributes: []*commonpb.KeyValue{text("log.record.uid", uid)}}
	if log != "" {
		r.Attributes = append(r.Attributes, text("sora.log", log))
	}
	return r
}

func text(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}

func request(scope string, records ...*logspb.LogRecord) *collogspb.ExportLogsServiceRequest {
	return &collogspb.ExportLogsServiceRequest{ResourceLogs: []*logspb.ResourceLogs{{
		ScopeLogs: []*logspb.ScopeLogs{{Scope: &commonpb.InstrumentationScope{Name: scope}, LogRecords: records}},
	}}}
}

func TestTallySeesLossAndRepeats(t *testing.T) {
	tally := newTally(nil)
	tally.add(request("rtcship/sora", record("A", "sora"), record("B", "sora")))
	tally.add(request("rtcship/sora", record("B", "sora")))
	tally.add(request("rtcship/pexip", record("C", "")))
	tally.add(request("somebody/else", record("D", "sora")))
	got := tally.summarize(map[string]int{"sora/sora": 3, "pexip": 1, "sora/crash": 1})
	want := Summary{
		Written: 5, Delivered: 3, Lost: 2, Twice: 1, Requests: 4,
		Rows: []Row{{"pexip", 1, 1}, {"sora/crash", 1, 0}, {"sora/sora", 3, 2}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
}

func TestPrinterShowsNoMoreThanItsLimit(t *testing.T) {
	var out bytes.Buffer
	p := &printer{w: &out, limit: 3}
	for range 10 {
		p.print("sora", &logspb.LogRecord{SeverityNumber: 17, EventName: "sora.invalid_json", Body: &commonpb.AnyValue{
			Value: &commonpb.AnyValue_StringValue{StringValue: "INVALID-JSON"},
		}})
	}
	p.close()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	// The second may end in between; then three more are shown.
	if len(lines) < 4 || len(lines) > 8 || !strings.Contains(lines[0], "ERROR     sora   sora.invalid_json INVALID-JSON") {
		t.Errorf("printed %d lines:\n%s", len(lines), out.String())
	}
	if !strings.Contains(out.String(), "more") {
		t.Errorf("what was left out is not counted:\n%s", out.String())
	}
}
