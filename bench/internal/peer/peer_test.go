package peer

import (
	"strings"
	"testing"
	"testing/iotest"
	"time"

	collogs "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	"google.golang.org/protobuf/proto"
)

func TestPrepare(t *testing.T) {
	for _, records := range []int64{1, 2, 1000} {
		b := prepare(records, 700)
		var got collogs.ExportLogsServiceRequest
		if err := proto.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if n := len(got.ResourceLogs[0].ScopeLogs[0].LogRecords); int64(n) != records {
			t.Errorf("%d records, want %d", n, records)
		}
		if per := float64(len(b)) / float64(records); records > 1 && (per < 693 || per > 710) {
			t.Errorf("%.1f bytes a record, want 700", per)
		}
	}
}

func TestEachLine(t *testing.T) {
	for text, want := range map[string]int{"": 0, "a": 1, "a\n": 1, "a\nb\n\nc": 4} {
		got := 0
		err := eachLine(iotest.OneByteReader(strings.NewReader(text)), func() error { got++; return nil })
		if err != nil || got != want {
			t.Errorf("%q: %d lines, %v, want %d", text, got, err, want)
		}
	}
}

func TestTimestamp(t *testing.T) {
	want := time.Date(2016, 3, 1, 2, 3, 4, 567000, time.UTC)
	if got := timestamp(`{"a":1,"timestamp":"2016-03-01T02:03:04.000567Z"}`); !got.Equal(want) {
		t.Errorf("got %v", got)
	}
	if got := timestamp(`no time here`); !got.IsZero() {
		t.Errorf("got %v", got)
	}
}
