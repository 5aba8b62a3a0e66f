package sora_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/convert/internal/recordtest"
	"github.com/rtcship/rtcship/convert/sora"
	"github.com/rtcship/rtcship/tailer/entry"
)

// A documentedCode is a line of testdata/document_codes.txt.
type documentedCode struct{ level, category, code string }

func documentedCodes(t *testing.T) []documentedCode {
	t.Helper()
	data, err := os.ReadFile("testdata/document_codes.txt")
	if err != nil {
		t.Fatal(err)
	}
	var list []documentedCode
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if len(f) != 3 || f[0] == "#" {
			continue
		}
		list = append(list, documentedCode{f[0], strings.Trim(f[1], "-"), f[2]})
	}
	return list
}

var severities = map[string]string{"warning": "13", "error": "17", "emergency": "21"}

// Each code of the document, at its level, in legacy text and in JSON, has the
// right severity, category and event name, and is counted.
func TestEveryCode(t *testing.T) {
	codes := documentedCodes(t)
	if len(codes) != 57 {
		t.Fatalf("%d codes in the list, want the document's 56 and one more", len(codes))
	}
	c := newConverter(t)
	for _, d := range codes {
		for name, line := range map[string]string{
			"sora.log":   fmt.Sprintf("2026-01-02T03:04:05.000000Z [%s] [c/ABCD1234/sendrecv] [multi] <0.1.2> %s | reason=x", d.level, d.code),
			"sora.jsonl": fmt.Sprintf(`{"timestamp":"2026-01-02T03:04:05.000000Z","level":"%s","msg":"%s | reason=x"}`, d.level, d.code),
		} {
			var out convert.Output
			c.Convert(entry.Batch{Origin: originOf(name), Entries: []entry.Entry{{Text: []byte(line)}}}, &out)
			r := recordtest.Decode(t, out.Groups[0].Records)[0]
			a := recordtest.Attributes(t, r)
			if got := fmt.Sprint(int(r.SeverityNumber)); got != severities[d.level] || r.SeverityText != d.level {
				t.Errorf("%s: severity %s %s", line, got, r.SeverityText)
			}
			if want := "sora." + strings.ReplaceAll(strings.ToLower(d.code), "-", "_"); r.EventName != want {
				t.Errorf("%s: event %s, want %s", line, r.EventName, want)
			}
			if a["sora.code"] != `"`+d.code+`"` || strings.Trim(a["sora.category"], `"`) != d.category {
				t.Errorf("%s: code %s, category %s, want %s", line, a["sora.code"], a["sora.category"], d.category)
			}
			counted := ""
			for i, n := range out.Counts.SoraEvents {
				if n > 0 {
					e := sora.Events()[i]
					counted += fmt.Sprintf("%d %s %s", n, e.Level, e.Code)
				}
			}
			if want := fmt.Sprintf("1 %s %s", d.level, d.code); counted != want {
				t.Errorf("%s: counted %s, want %s", line, counted, want)
			}
		}
	}
}

// A known code at another level is another event: it passes through without a
// category and is not counted.
func TestCodeAtAnotherLevel(t *testing.T) {
	var out convert.Output
	line := `{"level":"info","msg":"PONG-TIMEOUT-ERROR"}`
	newConverter(t).Convert(entry.Batch{Origin: originOf("sora.jsonl"), Entries: []entry.Entry{{Text: []byte(line)}}}, &out)
	r := recordtest.Decode(t, out.Groups[0].Records)[0]
	if a := recordtest.Attributes(t, r); a["sora.code"] == "" || a["sora.category"] != "" || r.EventName != "sora.pong_timeout_error" {
		t.Errorf("event %s, attributes %v", r.EventName, a)
	}
	for i, n := range out.Counts.SoraEvents {
		if n > 0 {
			t.Errorf("event %d was counted", i)
		}
	}
}

// The catalogue has all of the document's codes, and explains each entry in
// both languages.
func TestCatalogue(t *testing.T) {
	have := make(map[documentedCode]bool)
	listed := 0
	for _, e := range sora.Events() {
		if d := (documentedCode{e.Level, e.Category, e.Code}); have[d] {
			t.Errorf("%v is there twice", d)
		} else {
			have[d] = true
		}
		if e.Listed {
			listed++
		}
		for _, text := range []sora.Text{e.Meaning, e.Check} {
			if len(text.EN) < 20 || strings.IndexFunc(text.EN, isJapanese) >= 0 {
				t.Errorf("%s: English text %q", e.Code, text.EN)
			}
			if strings.IndexFunc(text.JA, isJapanese) < 0 {
				t.Errorf("%s: Japanese text %q", e.Code, text.JA)
			}
		}
	}
	if listed != 56 {
		t.Errorf("%d entries are marked as listed by the document, want 56", listed)
	}
	for _, d := range documentedCodes(t) {
		if !have[d] {
			t.Errorf("%v is missing", d)
		}
	}
}

func isJapanese(r rune) bool {
	return unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Han)
}

func TestLookup(t *testing.T) {
	for code, want := range map[string]int{
		"PONG-TIMEOUT-ERROR": 1, "pong_timeout_error": 1, "sora.pong_timeout_error": 1, " DTLS-ALERT ": 2,
		"UNKNOWN-RTCP": 1, "NO-SUCH-CODE": 0, "": 0,
	} {
		if got := sora.Lookup(code); len(got) != want {
			t.Errorf("Lookup(%q) = %d entries, want %d", code, len(got), want)
		}
	}
}

// What a caller does to a list that Events gave it is no matter to others.
func TestEventsAreCopies(t *testing.T) {
	sora.Events()[0].Code = "CHANGED"
	if sora.Events()[0].Code == "CHANGED" {
		t.Error("Events hands out the catalogue itself")
	}
}

// One event, written in both forms, has the same time, severity, name, body
// and attributes, as far as both forms say them.
func TestLegacyEqualsJSON(t *testing.T) {
	for _, x := range []struct{ legacy, json string }{
		{
			`2026-06-07T02:25:48.479789Z [error] sora@192.0.2.9 [team/a ]b/4G7607CP/sendrecv] [sim,multi] <0.130.17> PONG-TIMEOUT-ERROR | reason=<<"WebSocket">>`,
			`{"timestamp":"2026-06-07T02:25:48.479789Z","level":"error","node":"sora@192.0.2.9","channel_id":"team/a ]b","connection_id_is":"4G7607CP","role":"sendrecv","multistream":true,"simulcast":true,"spotlight":false,"pid":"<0.130.17>","msg":"PONG-TIMEOUT-ERROR | reason=<<\"WebSocket\">>"}`,
		},
		{
			`2026-06-07T02:25:48.479789Z [warning] [x/4G7607CP/sendonly] [spot] <0.1.2> DTLS-ALERT | reason={alert,#{text => <<"a, b">>}}, extra=[1,2]`,
			`{"timestamp":"2026-06-07T02:25:48.479789Z","level":"warning","channel_id":"x","connection_id_is":"4G7607CP","role":"sendonly","multistream":false,"simulcast":false,"spotlight":true,"pid":"<0.1.2>","msg":"DTLS-ALERT | reason={alert,#{text => <<\"a, b\">>}}, extra=[1,2]"}`,
		},
		{
			`2026-06-07T02:25:48.479789Z [info] [-/-/-] <0.1.2> free text`,
			`{"timestamp":"2026-06-07T02:25:48.479789Z","level":"info","pid":"<0.1.2>","msg":"free text"}`,
		},
	} {
		convertOne := func(name, text string) string {
			var out convert.Output
			newConverter(t).Convert(entry.Batch{Origin: originOf(name), Entries: []entry.Entry{{Text: []byte(text)}}}, &out)
			lines := strings.Split(recordtest.Render(t, out.Groups[0].Records, same...), "\n")
			for i := range lines {
				lines[i] = strings.Replace(lines[i], "sora.connection_id_is", "sora.connection_id_short", 1)
			}
			return sorted(lines)
		}
		if legacy, json := convertOne("sora.log", x.legacy), convertOne("sora.jsonl", x.json); legacy != json {
			t.Errorf("legacy:\n%s\nJSON:\n%s", legacy, json)
		}
	}
}
