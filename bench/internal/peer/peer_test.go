package peer

import (
	"bytes"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	collogs "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	"google.golang.org/protobuf/proto"
)

func TestRequest(t *testing.T) {
	for _, records := range []int{1, 2, 1000} {
		r := newRequest(700)
		for i := range records {
			r.add(bytes.Repeat([]byte{'l'}, 100+i%500)) // some are longer than a record shall be
		}
		b := r.finish()
		var got collogs.ExportLogsServiceRequest
		if err := proto.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		sent := got.ResourceLogs[0].ScopeLogs[0].LogRecords
		if len(sent) != records || len(sent[records-1].Body.GetStringValue()) != 100+(records-1)%500 {
			t.Errorf("%d records, the last one %q", len(sent), sent[records-1].Body)
		}
		if per := float64(len(b)) / float64(records); records > 1 && (per < 690 || per > 710) {
			t.Errorf("%.1f bytes a record, want 700", per)
		}
	}
}

func TestEachLine(t *testing.T) {
	for text, want := range map[string]int{"": 0, "a": 1, "a\n": 1, "a\nb\n\nc": 4} {
		got := 0
		err := eachLine(iotest.OneByteReader(strings.NewReader(text)), func([]byte) error { got++; return nil })
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
