package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/tailer/entry"
)

// The latest twenty errors are kept with their meaning, whatever floods in, and
// nothing of what is masked.
func TestEvents(t *testing.T) {
	c, err := convert.New(convert.Config{Redact: redact.Config{Enabled: true}})
	if err != nil {
		t.Fatal(err)
	}
	o := &entry.Origin{Source: "sora", Log: "sora", Path: "/log/sora.jsonl"}
	var out convert.Output
	var e events
	note := func(lines ...string) {
		b := entry.Batch{Origin: o}
		for _, l := range lines {
			b.Entries = append(b.Entries, entry.Entry{Text: []byte(l)})
		}
		c.Convert(b, &out)
		e.note(o, &out)
	}
	at := time.Date(2026, 6, 12, 9, 0, 0, 0, time.UTC)
	line := func(n int, level, msg string) string {
		return fmt.Sprintf(`{"timestamp":%q,"level":%q,"msg":%q,"channel_id":"c","connection_id":"J9RQEB074S2EB9SFBCN9AH7ASM"}`, at.Add(time.Duration(n)*time.Second).Format(time.RFC3339), level, msg)
	}
	note(line(0, "info", "nothing"), line(1, "warning", "WEBSOCKET-TERMINATE"))
	if got := e.latest(); len(got) != 0 {
		t.Fatalf("%+v", got)
	}
	note(line(2, "error", "PONG-TIMEOUT-ERROR"), line(3, "info", "x"), line(4, "error", "oops token=hunter2secret "+strings.Repeat("long ", 200)))
	got := e.latest()
	if len(got) != 2 || got[1].Text != "PONG-TIMEOUT-ERROR" || got[1].Meaning == "" || got[1].Check == "" || got[1].Where != "c" || got[1].Who != "J9RQEB07" {
		t.Fatalf("%+v", got)
	}
	if strings.Contains(got[0].Text, "hunter2") || len(got[0].Text) > maxEventText+len("…") {
		t.Errorf("%q", got[0].Text)
	}
	var flood []string
	for n := range 500 {
		flood = append(flood, line(10+n, "error", "PONG-TIMEOUT-ERROR"))
	}
	note(flood...)
	if got := e.latest(); len(got) != keepEvents || !got[0].Time.Equal(at.Add(509*time.Second)) || !got[19].Time.Equal(at.Add(490*time.Second)) {
		t.Errorf("%d events, the first of %s", len(got), got[0].Time)
	}
	note(line(20, "error", "late")) // of a file that is behind: older than what is kept
	if got := e.latest(); len(got) != keepEvents || got[19].Text == "late" {
		t.Errorf("%+v", got[19])
	}
}

// Nearly nobody asks for the events: what they cost must not grow with the records that
// are no errors, nor with what an error says.
func TestEventsCostLittle(t *testing.T) {
	c, err := convert.New(convert.Config{})
	if err != nil {
		t.Fatal(err)
	}
	o := &entry.Origin{Source: "sora", Log: "sora", Path: "/log/sora.jsonl"}
	b := entry.Batch{Origin: o}
	for n := range 1500 {
		level := "info"
		if n%100 == 50 {
			level = "error"
		}
		b.Entries = append(b.Entries, entry.Entry{Text: fmt.Appendf(nil, `{"timestamp":"2026-06-12T09:00:00.%06dZ","level":%q,"msg":"PONG-TIMEOUT-ERROR"}`, n, level)})
	}
	var out convert.Output
	c.Convert(b, &out)
	if out.Counts.Severe != 15 || len(out.Severe) != 15 {
		t.Fatalf("%d errors, %d places", out.Counts.Severe, len(out.Severe))
	}
	var e events
	e.note(o, &out)
	if n := testing.AllocsPerRun(100, func() { e.note(o, &out) }); n > 0 {
		t.Errorf("%v allocations for 15 errors, when there was memory of earlier ones", n)
	}
	if got := e.latest(); len(got) != keepEvents || !strings.HasPrefix(got[0].Text, "PONG-TIMEOUT-ERROR") || got[0].Time.Before(got[19].Time) {
		t.Errorf("%+v", got)
	}
}

// What is too long to be kept as it is, or in parts, is an event like any other.
func TestEventsOfLongRecords(t *testing.T) {
	for _, maxBody := range []int{0, 1000} {
		c, err := convert.New(convert.Config{MaxBody: maxBody})
		if err != nil {
			t.Fatal(err)
		}
		o := &entry.Origin{Source: "sora", Log: "sora", Path: "/log/sora.jsonl"}
		var out convert.Output
		c.Convert(entry.Batch{Origin: o, Entries: []entry.Entry{{Text: []byte(`{"timestamp":"2026-06-12T09:00:00Z","level":"error","msg":"first words ` + strings.Repeat("and more ", 3000) + `"}`)}}}, &out)
		var e events
		e.note(o, &out)
		got := e.latest()
		if len(got) != 1 || !strings.HasPrefix(got[0].Text, "first words") || len(got[0].Text) > maxEventText+len("…") {
			t.Errorf("bodies of %d bytes: %+v", maxBody, got)
		}
	}
}
