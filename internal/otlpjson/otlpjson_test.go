package otlpjson

import (
	"testing"

	logspb "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	"google.golang.org/protobuf/proto"
)

func TestMarshal(t *testing.T) {
	record, err := proto.Marshal(&logspb.LogRecord{
		TimeUnixNano: 1, SeverityNumber: 17, TraceId: []byte("0123456789abcdef"), SpanId: []byte("01234567"),
	})
	if err != nil {
		t.Fatal(err)
	}
	line, err := Marshal(LogsData(nil, nil, field(2<<3|2, record)))
	want := `{"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{},"logRecords":[{"timeUnixNano":"1","severityNumber":17,` +
		`"traceId":"30313233343536373839616263646566","spanId":"3031323334353637"}]}]}]}`
	if err != nil || string(line) != want {
		t.Errorf("got %s, %v\nwant %s", line, err, want)
	}
}

func TestMarshalRefusesRubbish(t *testing.T) {
	for _, wire := range []string{"", "\xff\xff", "rubbish"} {
		if line, err := Marshal([]byte(wire)); err == nil {
			t.Errorf("%q became %s", wire, line)
		}
	}
}
