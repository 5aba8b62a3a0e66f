package sora_test

import (
	"strings"
	"testing"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/tailer/entry"
)

// A secret must not get through on any of the ways that an entry may take.
func TestSecretsOnEveryWay(t *testing.T) {
	c := newConverter(t)
	for _, x := range []struct{ name, text string }{
		{"sora.jsonl", `{"msg":"x","password":"LEAK1"}`},
		{"sora.jsonl", `{"msg":"token=LEAK1 and more text behind it that makes this a long value","a":1}`},
		{"sora.jsonl", `{"msg":"x","channel_id":"token=LEAK1"}`},
		{"sora.jsonl", `{"msg":"x","multistream":"token=LEAK1"}`},
		{"sora.jsonl", `{"msg":"x","node":{"token":"LEAK1"}}`},
		{"sora.jsonl", `{"msg":"x","domain":["token=LEAK1"]}`},
		{"sora.jsonl", `{"msg":"x","token":712345678,"n":"LE"}`},
		{"sora.jsonl", `{"msg":"x"` + strings.Repeat(`,"f":1`, 70) + `,"password":"LEAK1"}`},
		{"sora.jsonl", `{"msg":"x"` + strings.Repeat(`,"f":1`, 5000) + `,"password":"LEAK1"}`},
		{"sora.jsonl", `{"\u006dsg":"token=LEAK1"}`},
		{"sora.jsonl", `{"msg":"cut off, token=LEAK1`},
		{"sora.jsonl", `{"type":"t","req":{"metadata":{"secret":"LEAK1"}}}`},
		{"sora.log", `2026-01-01T00:00:00Z [info] x | reason=#{password => <<"LEAK1">>}`},
		{"sora.log", `free text, password=LEAK1`},
		{"other.log", `password=LEAK1`},
		{"crash.log", "=CRASH REPORT==== 3-Feb-2026::04:05:06 ===\n  crasher:\n    exception exit: {token,\"LEAK1\"}"},
		{"crash.log", "password=LEAK1"},
		{"erlang.log.1", "\x1b[1mpassword=LEAK1\x1b[0m"},
		{"run_erl.log", "password=LEAK1"},
		{"sysctl.log", "password = LEAK1"},
		{"erl_crash.dump", "=erl_crash_dump:0.5\nx\nSlogan: password=LEAK1"},
	} {
		for _, cut := range []bool{false, true} {
			var out convert.Output
			c.Convert(entry.Batch{Origin: originOf(x.name), Entries: []entry.Entry{{Text: []byte(x.text), Cut: cut}}}, &out)
			if got := string(out.Groups[0].Records); strings.Contains(got, "LEAK1") || strings.Contains(got, "712345678") {
				t.Errorf("%s %s (cut %v): the secret got through", x.name, x.text, cut)
			}
			if out.Counts.Redacted != 1 {
				t.Errorf("%s %s (cut %v): %d secrets counted", x.name, x.text, cut, out.Counts.Redacted)
			}
		}
	}
}

// A list that was looked at is not looked at again, but another one is.
func TestSecretInLaterList(t *testing.T) {
	entries := []entry.Entry{
		{Text: []byte(`{"msg":"x","domain":["sora"]}`)}, {Text: []byte(`{"msg":"x","domain":["sora"]}`)},
		{Text: []byte(`{"msg":"x","domain":["secret=LEAK1"]}`)},
	}
	var out convert.Output
	newConverter(t).Convert(entry.Batch{Origin: originOf("sora.jsonl"), Entries: entries}, &out)
	if strings.Contains(string(out.Groups[0].Records), "LEAK1") {
		t.Error("the secret got through")
	}
}
