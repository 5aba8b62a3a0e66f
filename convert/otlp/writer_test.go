package otlp

import (
	"bytes"
	"strings"
	"testing"

	logs "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	"google.golang.org/protobuf/proto"
)

func decode(t *testing.T, b []byte) []*logs.LogRecord {
	t.Helper()
	var s logs.ScopeLogs
	if err := proto.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	return s.LogRecords
}

// list adds a list of strings as an attribute.
func list(w *Writer, name string, items ...string) {
	w.BeginList(NewKey(name))
	for _, v := range items {
		w.Item([]byte(v))
	}
	w.EndList()
}

// Lengths around each border of a varint must come out right, for the record,
// for attributes and for list items.
func TestLengths(t *testing.T) {
	for _, n := range []int{0, 1, 50, 90, 100, 105, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128,
		129, 200, 16_200, 16_370, 16_375, 16_380, 16_383, 16_384, 16_390, 100_000, 2_097_100, 2_097_152, 3_000_000} {
		v := strings.Repeat("x", n)
		var w Writer
		w.Begin()
		w.String(NewKey("k"), v)
		list(&w, "l", "a", v, "b")
		w.Int(NewKey("i"), int64(n))
		first := w.End()
		w.Begin()
		w.Body([]byte(v))
		w.EventNameParts("", []byte(v))
		last := w.End()
		if last != len(w.Buf) || first >= last {
			t.Fatalf("%d: ends %d, %d of %d", n, first, last, len(w.Buf))
		}
		records := decode(t, w.Buf)
		a := records[0].Attributes
		if len(a) != 3 || a[0].Value.GetStringValue() != v || a[2].Value.GetIntValue() != int64(n) {
			t.Fatalf("%d: attributes are not what was written", n)
		}
		items := a[1].Value.GetArrayValue().Values
		if len(items) != 3 || items[1].GetStringValue() != v || items[2].GetStringValue() != "b" {
			t.Fatalf("%d: list is not what was written", n)
		}
		if records[1].Body.GetStringValue() != v || records[1].EventName != v {
			t.Fatalf("%d: body or event name is not what was written", n)
		}
		if canon, _ := proto.Marshal(&logs.ScopeLogs{LogRecords: records}); n > 0 && len(canon) != len(w.Buf) {
			t.Fatalf("%d: %d bytes where %d are enough", n, len(w.Buf), len(canon))
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	keys := make([]Key, 15)
	for i := range keys {
		keys[i] = NewKey("sora.some_attribute")
	}
	v, body := []byte("NXHKH46FP93571ZM4PZBSFD4Z4"), bytes.Repeat([]byte("x"), 100)
	var w Writer
	b.ReportAllocs()
	for b.Loop() {
		w.Buf = w.Buf[:0]
		w.Begin()
		w.Time(1)
		w.Observed(2)
		w.Severity(17)
		w.SeverityText(v[:5])
		w.EventNameParts("sora.", v)
		for _, k := range keys {
			w.Text(k, v)
		}
		w.Body(body)
		w.End()
	}
}
