package sora_test

import (
	"fmt"
	"strings"
	"testing"

	logs "go.opentelemetry.io/proto/slim/otlp/logs/v1"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/convert/internal/recordtest"
	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/tailer/entry"
)

// recordsOf are the records of one entry.
func recordsOf(t *testing.T, name, text string) []*logs.LogRecord {
	t.Helper()
	var out convert.Output
	newConverter(t).Convert(entry.Batch{Origin: originOf(name), Entries: []entry.Entry{{Text: []byte(text)}}}, &out)
	return recordtest.Decode(t, out.Groups[0].Records)
}

// No line makes more attributes, or larger ones, than Loki and Elastic take.
// What does not fit is in the body.
func TestAttributesStaySmall(t *testing.T) {
	long := strings.Repeat("日本語", 5000)
	var many strings.Builder
	for i := range 200 {
		fmt.Fprintf(&many, `,"f%d":%d`, i, i)
	}
	var reasons strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&reasons, `,"r%d_reason":"%s"`, i%2500, long[:9*(i%200)])
	}
	for _, x := range []struct{ name, text string }{
		{"sora.jsonl", `{"level":"error","msg":"A-CODE | reason=<<\"` + long + `\">>","channel_id":"c"}`},
		{"sora.jsonl", `{"level":"error","msg":"A-CODE | reason=x","data":"` + long + `"}`},
		{"sora.jsonl", `{"level":"error","msg":"A-CODE"` + many.String() + `}`},
		{"sora.jsonl", `{"level":"error","channel_id":"` + long + `"}`},
		{"sora.jsonl", `{"level":"error","channel_id":"\u0041` + long + `","spotlight":"` + long + `"}`},
		{"sora.jsonl", `{"level":"error","msg":"A-CODE | reason=` + long + `","x":1,"x":2}`},
		{"connection.jsonl", `{"destroyed_reason":"` + long + `","type_disconnect_reason":{"a":"` + long + `"},"message":"` + long + `"` + reasons.String() + `}`},
		{"sora.log", `2026-01-01T00:00:00Z [error] A-CODE | reason={` + long + `}, other=` + long},
		{"crash.log", "=CRASH REPORT==== 3-Feb-2026::04:05:06 ===\n    exception exit: " + long + "\n      in function " + long},
		{"erl_crash.dump", "=erl_crash_dump:" + long + "\nSlogan: " + long},
	} {
		r := recordsOf(t, x.name, x.text)[0]
		size := 0
		for name, v := range recordtest.Attributes(t, r) {
			size += len(name) + len(v)
		}
		if size > 36<<10 || len(r.Attributes) > 120 {
			t.Errorf("%s %.60s…: %d attributes of %d bytes", x.name, x.text, len(r.Attributes), size)
		}
		body := r.Body.GetStringValue()
		if !strings.Contains(body, long[:600]) && !strings.Contains(body, `"f199":199`) {
			t.Errorf("%s %.60s…: what is too large is not in the body", x.name, x.text)
		}
		if strings.Contains(x.text, "A-CODE") && r.EventName != "sora.a_code" {
			t.Errorf("%s %.60s…: event %q", x.name, x.text, r.EventName)
		}
	}
}

// Of an object with very many fields the first ones are read, and all of it is
// checked and kept.
func TestManyFields(t *testing.T) {
	text := `{"level":"error","msg":"A-CODE","channel_id":"c"` + strings.Repeat(`,"f":1`, 50_000)
	r := recordsOf(t, "sora.jsonl", text+`,"role":"sendonly"}`)[0]
	if a := recordtest.Attributes(t, r); a["sora.channel_id"] != `"c"` || a["sora.code"] != `"A-CODE"` || a["rtcship.parse_error"] != "" || len(a) > 20 {
		t.Errorf("attributes %v", a)
	}
	r = recordsOf(t, "sora.jsonl", text+`,"role":sendonly}`)[0]
	if a := recordtest.Attributes(t, r); a["rtcship.parse_error"] == "" {
		t.Errorf("attributes %v", a)
	}
}

// A message over max_body goes on in further records, all of them with the
// code and the other attributes.
func TestLongMessage(t *testing.T) {
	msg := "A-CODE | text=" + strings.Repeat("0123456789", 60_000)
	all := recordsOf(t, "sora.jsonl", `{"level":"error","channel_id":"c","msg":"`+msg+`"}`)
	if len(all) != 3 {
		t.Fatalf("%d records, want 3", len(all))
	}
	body := ""
	for _, r := range all {
		if a := recordtest.Attributes(t, r); a["sora.code"] != `"A-CODE"` || a["sora.channel_id"] != `"c"` || a["rtcship.parts"] != "3" {
			t.Errorf("attributes %v", a)
		}
		body += r.Body.GetStringValue()
	}
	if body != msg {
		t.Error("the parts are not the message")
	}
}

// Bytes that are no UTF-8 come out as \xNN: in names, values, bodies and slots.
func TestInvalidUTF8(t *testing.T) {
	r := recordsOf(t, "sora.jsonl", "{\"msg\":\"a\xffb\",\"k\xfe\":\"v\xc3\",\"channel_id\":\"\xe3\x81\"}")[0]
	a := recordtest.Attributes(t, r)
	if r.Body.GetStringValue() != `a\xffb` || a[`sora.k\xfe`] != `"v\\xc3"` || a["sora.channel_id"] != `"\\xe3\\x81"` || a["rtcship.invalid_utf8"] != "5" {
		t.Errorf("body %q, attributes %v", r.Body.GetStringValue(), a)
	}
	r = recordsOf(t, "sora.log", "2026-01-01T00:00:00Z [info] [\xf0/ABCD1234/sendrecv] x\x80")[0]
	a = recordtest.Attributes(t, r)
	if r.Body.GetStringValue() != `x\x80` || a["sora.channel_id"] != `"\\xf0"` || a["rtcship.invalid_utf8"] != "2" {
		t.Errorf("body %q, attributes %v", r.Body.GetStringValue(), a)
	}
}

// What is too much to become attributes is counted by the limit, each time it comes:
// also where the same message was read before.
func TestBeyondLimits(t *testing.T) {
	pairs := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, " %c%.*s=", 'a'+i%26, i/26, "abcdefgh") // short enough to be remembered
		}
		return "A-B | " + b.String()[1:]
	}
	for _, x := range []struct {
		name, text string
		want       [record.NumLimits]int
	}{
		{"sora.jsonl", `{"level":"error","msg":"` + pairs(64) + `"}`, [record.NumLimits]int{}},
		{"sora.jsonl", `{"level":"error","msg":"` + pairs(64) + `x, y z"}`, [record.NumLimits]int{}},
		{"sora.jsonl", `{"level":"error","msg":"` + pairs(65) + `"}`, [record.NumLimits]int{record.Pairs: 1}},
		{"sora.jsonl", `{"level":"error","msg":"` + pairs(200) + `"}`, [record.NumLimits]int{record.Pairs: 1}},
		{"sora.log", `2026-01-01T00:00:00Z [error] ` + pairs(65), [record.NumLimits]int{record.Pairs: 1}},
		{"sora.jsonl", `{"level":"error","msg":"x"` + strings.Repeat(`,"f":1`, 98) + `}`, [record.NumLimits]int{}},
		{"sora.jsonl", `{"level":"error","msg":"x"` + strings.Repeat(`,"f":1`, 99) + `}`, [record.NumLimits]int{record.Fields: 1}},
		{"sora.jsonl", `{"level":"error","msg":"x","f":"` + strings.Repeat("x", 16<<10) + `"}`, [record.NumLimits]int{record.Fields: 1}},
		{"sora.jsonl", `{"level":"error","msg":"` + strings.Repeat("x", 16<<10) + `"}`, [record.NumLimits]int{}},
		{"sora.jsonl", `{"level":"error","f":"` + strings.Repeat("x", 16<<10) + `"}`, [record.NumLimits]int{}}, // the body by itself
	} {
		const times = 5
		var out convert.Output
		entries := make([]entry.Entry, times)
		for i := range entries {
			entries[i].Text = []byte(x.text)
		}
		newConverter(t).Convert(entry.Batch{Origin: originOf(x.name), Entries: entries}, &out)
		for i := range x.want {
			x.want[i] *= times
		}
		if out.Counts.Beyond != x.want {
			t.Errorf("%s %.80s…: %v, want %v", x.name, x.text, out.Counts.Beyond, x.want)
		}
	}
}
