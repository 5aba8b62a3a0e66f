package sora_test

import (
	"testing"
	"time"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/convert/internal/recordtest"
	"github.com/rtcship/rtcship/tailer/entry"
)

// bodyOf is the body of the one record that text of a log becomes.
func bodyOf(t *testing.T, name, text string) string {
	t.Helper()
	var out convert.Output
	newConverter(t).Convert(entry.Batch{Origin: originOf(name), Entries: []entry.Entry{{Text: []byte(text)}}}, &out)
	if len(out.Groups) == 0 {
		return ""
	}
	return recordtest.Decode(t, out.Groups[0].Records)[0].Body.GetStringValue()
}

func TestConsoleWithoutControlSequences(t *testing.T) {
	for text, want := range map[string]string{
		"plain\r":                              "plain",
		"\x1b[1;31mred\x1b[0m and \x1b[2Kgone": "red and gone",
		"\x1b]0;title\x07after":                "after",
		"\x1b]0;title\x1b\\after":              "after",
		"\x1b]0;no end":                        "0;no end",
		"\x1b(Bcharset \x1b7saved\x1b8":        "charset saved",
		"\x1b[\x01odd":                         "\x01odd",
		"\x1b(日\x1b本":                          "日本",
		"end\x1b":                              "end",
		"end\x1b[":                             "end",
		"tab\tand \"quotes\" stay":             "tab\tand \"quotes\" stay",
		"(sora@sfu-1)1> \x1b[33mterm\x1b[m\r":  "(sora@sfu-1)1> term",
		"\r\x1b[0m":                            "",
		"日本\x1b[31m語":                          "日本語",
		"over\rwritten":                        "overwritten",
	} {
		if got := bodyOf(t, "erlang.log.1", text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// A line that is nothing but control sequences is counted, and not sent.
func TestConsoleEmpty(t *testing.T) {
	var out convert.Output
	newConverter(t).Convert(entry.Batch{Origin: originOf("erlang.log.1"), Entries: []entry.Entry{{Text: []byte("\r")}, {Text: []byte("x")}}}, &out)
	if out.Counts.Empty != 1 || out.Counts.Records != 1 {
		t.Errorf("counts %+v", out.Counts)
	}
}

// run_erl's clock, which the tailer keeps, is the time of lines that have none.
func TestConsoleClock(t *testing.T) {
	clock := time.Date(2026, 7, 8, 9, 10, 11, 0, time.UTC)
	entries := []entry.Entry{
		{Text: []byte("no time"), Time: clock},
		{Text: []byte("2026-02-03T04:20:07.333877+00:00 error: own time"), Time: clock},
	}
	var out convert.Output
	newConverter(t).Convert(entry.Batch{Origin: originOf("erlang.log.1"), Entries: entries}, &out)
	records := recordtest.Decode(t, out.Groups[0].Records)
	if got := records[0].TimeUnixNano; got != uint64(clock.UnixNano()) {
		t.Errorf("time %d, want the clock's", got)
	}
	if got := time.Unix(0, int64(records[1].TimeUnixNano)).UTC(); got.Month() != time.February {
		t.Errorf("time %v, want the line's own", got)
	}
}

// Times without a zone are in the zone of the config, and a report that says
// UTC is in UTC.
func TestTimezone(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*3600)
	c, err := convert.New(convert.Config{Timezone: tokyo})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ name, text, want string }{
		{"crash.log", "2026-02-03 04:05:06 =CRASH REPORT====\n", "2026-02-02T19:05:06Z"},
		{"crash.log", "=CRASH REPORT==== 3-Feb-2026::04:05:06.5 ===\n", "2026-02-02T19:05:06.5Z"},
		{"crash.log", "=CRASH REPORT==== 3-Feb-2026::04:05:06 UTC ===\n", "2026-02-03T04:05:06Z"},
		{"erl_crash.dump", "=erl_crash_dump:0.5\nTue Feb  3 04:05:06 2026\n", "2026-02-02T19:05:06Z"},
		{"sora.log", "2026-02-03T04:05:06Z [info] x", "2026-02-03T04:05:06Z"},
	} {
		var out convert.Output
		c.Convert(entry.Batch{Origin: originOf(x.name), Entries: []entry.Entry{{Text: []byte(x.text)}}}, &out)
		r := recordtest.Decode(t, out.Groups[0].Records)[0]
		if got := time.Unix(0, int64(r.TimeUnixNano)).UTC().Format(time.RFC3339Nano); got != x.want {
			t.Errorf("%q has time %s, want %s", x.text, got, x.want)
		}
	}
}

// The size of a dump is that of the file, of which the entry is only the head.
func TestDumpSize(t *testing.T) {
	e := entry.Entry{Text: []byte("=erl_crash_dump:0.5\n"), Size: 3 << 30}
	var out convert.Output
	newConverter(t).Convert(entry.Batch{Origin: originOf("erl_crash.dump"), Entries: []entry.Entry{e}}, &out)
	if got := recordtest.Attributes(t, recordtest.Decode(t, out.Groups[0].Records)[0])["sora.dump.size"]; got != "3221225472" {
		t.Errorf("sora.dump.size = %s", got)
	}
}
