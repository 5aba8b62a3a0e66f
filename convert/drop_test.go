package convert

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rtcship/rtcship/convert/drop"
	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/tailer/entry"
)

// soraLine is a line of Sora's at a level, "" for none.
func soraLine(level, msg string) string {
	if level != "" {
		level = `"level":"` + level + `",`
	}
	return `{"timestamp":"2026-11-21T08:00:00.000000Z",` + level + `"msg":"` + msg + `"}`
}

func pexipLine(pairs string) string {
	return `<134>2026-11-21T08:00:00.000000+00:00 conf-1 2026-11-21 08:00:00,000 ` + pairs
}

// convertLines converts lines of one log, and returns the bodies that are left,
// and by which rules the others were dropped.
func convertLines(t *testing.T, c *Converter, source, log string, lines ...string) (bodies []string, counts record.Counts) {
	t.Helper()
	o := origin()
	o.Source, o.Log, o.Path = source, log, "/log/"+log+".jsonl"
	b := entry.Batch{Origin: o}
	for i, l := range lines {
		b.Entries = append(b.Entries, entry.Entry{Text: []byte(l), Offset: int64(i), Observed: observed})
	}
	var out Output
	c.Convert(b, &out)
	for _, g := range out.Groups {
		for _, r := range records(t, g) {
			bodies = append(bodies, r.Body.GetStringValue())
		}
	}
	if out.Counts.Records != len(bodies) || out.Counts.Entries != len(lines) {
		t.Errorf("%d entries and %d records are counted as %+v", len(lines), len(bodies), out.Counts)
	}
	return bodies, out.Counts
}

func TestSoraBelowASeverity(t *testing.T) {
	for least, want := range map[int]string{
		0:  "debug info notice warning error critical alert emergency unknown none",
		5:  "debug info notice warning error critical alert emergency unknown none",
		6:  "info notice warning error critical alert emergency unknown none",
		10: "notice warning error critical alert emergency unknown none",
		13: "warning error critical alert emergency unknown none",
		17: "error critical alert emergency unknown none",
		24: "unknown none",
	} {
		c := newConverter(t, Config{Drop: Drop{SoraBelow: least, PexipBelow: 24}})
		var lines []string
		for _, level := range []string{"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"} {
			lines = append(lines, soraLine(level, level))
		}
		lines = append(lines, soraLine("loud", "unknown"), soraLine("", "none"))
		bodies, counts := convertLines(t, c, "sora", "sora", lines...)
		if got := strings.Join(bodies, " "); got != want {
			t.Errorf("below %d: %q is sent, want %q", least, got, want)
		}
		if n := counts.DroppedEntries(); n != len(lines)-len(bodies) {
			t.Errorf("below %d: %d are counted as dropped", least, n)
		}
		for _, d := range counts.Dropped {
			if d.Rule != "sora.min_severity" {
				t.Errorf("dropped by %q", d.Rule)
			}
		}
	}
}

// What the line itself does not say is a guess, and nothing is dropped for it.
func TestNothingWithoutASeverityIsDroppedByIt(t *testing.T) {
	c := newConverter(t, Config{Drop: Drop{SoraBelow: 24, PexipBelow: 24}})
	for _, l := range []struct{ source, log, line string }{
		{"sora", "sora", "no line of Sora's"},
		{"sora", "sora", "{broken"},
		{"sora", "connection", `{"timestamp":"2026-11-21T08:00:00.000000Z","id":"x"}`},
		{"sora", "rtc_stats", `{"timestamp":"2026-11-21T08:00:00.000000Z","rtc_type":"codec"}`},
		{"sora", "event_webhook_error", `{"timestamp":"2026-11-21T08:00:00.000000Z","x":1}`},
		{"sora", "ulimit", "open files 1024"},
		{"sora", "erlang", "=ERROR REPORT==== something"},
		{"pexip", "", "free text"},
		{"pexip", "", `2026-11-21 08:00:00,000 Name="support.sip" Message="no level"`},
		{"pexip", "", pexipLine(`Level="DEBUG" Name="support.sip" Message="x" Fragment-Id="f" Fragment-Number="2" Fragment-Total="3"`)},
	} {
		if bodies, counts := convertLines(t, c, l.source, l.log, l.line); len(bodies) != 1 {
			t.Errorf("%s %s %q: dropped as %v", l.source, l.log, l.line, counts.Dropped)
		}
	}
	o := origin()
	var out Output
	c.Convert(entry.Batch{Origin: o, Entries: []entry.Entry{{Text: []byte(soraLine("debug", "x")), Cut: true, Observed: observed}}}, &out)
	if out.Counts.Records != 1 {
		t.Errorf("a part of an entry was dropped: %+v", out.Counts)
	}
}

func TestPexipBelowASeverity(t *testing.T) {
	c := newConverter(t, Config{Drop: Drop{SoraBelow: 24, PexipBelow: 13}})
	var lines []string
	for range 3 { // those after the first go a shorter way
		for _, level := range []string{"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"} {
			lines = append(lines, pexipLine(`Level="`+level+`" Name="support.x" Message="`+level+`"`))
		}
	}
	bodies, counts := convertLines(t, c, "pexip", "", lines...)
	if got := strings.Join(bodies, " "); got != strings.TrimSpace(strings.Repeat("WARNING ERROR CRITICAL ", 3)) {
		t.Errorf("sent: %s", got)
	}
	if diff := cmp.Diff([]record.Dropped{{Rule: "pexip.min_severity", Entries: 6}}, counts.Dropped); diff != "" {
		t.Error(diff)
	}
	// The header's severity counts as the line's own.
	if bodies, _ := convertLines(t, c, "pexip", "", "<15>Nov 21 08:00:00 conf-1 app: debugging", "<11>Nov 21 08:00:00 conf-1 app: failing"); len(bodies) != 1 {
		t.Errorf("sent by the header's severity: %q", bodies)
	}
}

func TestDropRules(t *testing.T) {
	pong, ok := "PONG-TIMEOUT-ERROR | reason=timeout", "hello"
	for _, test := range []struct {
		rule drop.Rule
		log  string
		line string
		want bool // whether it is dropped
	}{
		{drop.Rule{Log: "sora"}, "sora", soraLine("error", ok), true},
		{drop.Rule{Log: "sora"}, "signaling", soraLine("error", ok), false},
		{drop.Rule{Log: "*_webhook"}, "event_webhook", soraLine("info", ok), true},
		{drop.Rule{Log: "*_webhook"}, "event_webhook_error", soraLine("info", ok), false},
		{drop.Rule{Log: "*"}, "ulimit", "x", true},
		{drop.Rule{Code: "PONG-TIMEOUT-ERROR"}, "internal", soraLine("error", pong), true},
		{drop.Rule{Code: "PONG-TIMEOUT"}, "internal", soraLine("error", pong), false},
		{drop.Rule{Code: "PONG-TIMEOUT-ERROR"}, "internal", soraLine("error", ok), false},
		{drop.Rule{Code: "*"}, "internal", soraLine("error", ok), false},
		{drop.Rule{Code: "*"}, "internal", soraLine("error", "SOME-NEW-CODE"), true},
		{drop.Rule{Code: "P*-*T-E*R"}, "internal", soraLine("error", pong), true},
		{drop.Rule{Code: "PONG*PONG*ERROR"}, "internal", soraLine("error", pong), false},
		{drop.Rule{Log: "internal", Code: "PONG-*"}, "internal", soraLine("error", pong), true},
		{drop.Rule{Log: "sora", Code: "PONG-*"}, "internal", soraLine("error", pong), false},
		{drop.Rule{Event: "sora.pong_timeout_error"}, "internal", soraLine("error", pong), true},
		{drop.Rule{Event: "sora.pong_*"}, "internal", soraLine("error", ok), false},
		{drop.Rule{Event: "*"}, "internal", soraLine("error", ok), false},
		{drop.Rule{Event: "sora.pong_*", Code: "X-Y"}, "internal", soraLine("error", pong), false},
		{drop.Rule{Module: "support.sip"}, "sora", soraLine("error", `Name=\"support.sip\"`), false},

		{drop.Rule{Module: "support.sip"}, "", pexipLine(`Level="INFO" Name="support.sip" Message="Received SIP request"`), true},
		{drop.Rule{Module: "support.*"}, "", pexipLine(`Level="INFO" Name="support.sip" Message="Received SIP request"`), true},
		{drop.Rule{Module: "support"}, "", pexipLine(`Level="INFO" Name="support.sip" Message="Received SIP request"`), false},
		{drop.Rule{Module: "*"}, "", "free text", false},
		{drop.Rule{Log: "*"}, "", pexipLine(`Level="INFO" Name="support.sip" Message="x"`), false},
		{drop.Rule{Code: "*"}, "", pexipLine(`Level="INFO" Name="support.sip" Message="x"`), false},
	} {
		c := newConverter(t, Config{Drop: Drop{Rules: []drop.Rule{{}, test.rule}}})
		source := "sora"
		if test.log == "" {
			source = "pexip"
		}
		for range 3 { // what readers remember of the lines before changes nothing
			bodies, counts := convertLines(t, c, source, test.log, test.line)
			if dropped := len(bodies) == 0; dropped != test.want {
				t.Errorf("%s drops %s: %v, want %v", test.rule, test.line, dropped, test.want)
			}
			if test.want && (len(counts.Dropped) != 1 || counts.Dropped[0].Rule != test.rule.String()) {
				t.Errorf("%s is counted as %v", test.rule, counts.Dropped)
			}
		}
	}
}

// Events are counted before, so that alerts fire whether or not lines are paid for.
func TestEventsOfDroppedEntriesAreCounted(t *testing.T) {
	c := newConverter(t, Config{Drop: Drop{SoraBelow: 24, PexipBelow: 24, Rules: []drop.Rule{{Module: "*"}}}})
	_, sora := convertLines(t, c, "sora", "internal", soraLine("error", "PONG-TIMEOUT-ERROR | reason=timeout"))
	_, pexip := convertLines(t, c, "pexip", "", pexipLine(`Level="INFO" Name="administrator.conference" Message="Participant has joined."`))
	sum := func(counts []int) (n int) {
		for _, v := range counts {
			n += v
		}
		return n
	}
	if sum(sora.SoraEvents) != 1 || sum(pexip.PexipEvents) != 1 || sora.Records+pexip.Records != 0 {
		t.Errorf("counts %+v and %+v", sora, pexip)
	}
}

// The first of several reasons counts, and each entry once.
func TestEachDropIsCountedOnce(t *testing.T) {
	c := newConverter(t, Config{Drop: Drop{SoraBelow: 9, Rules: []drop.Rule{{Log: "internal", Code: "A-*"}, {Log: "internal"}}}})
	_, counts := convertLines(t, c, "sora", "internal", "", soraLine("debug", "A-B"), soraLine("info", "A-B"), soraLine("info", "A-C"), soraLine("info", "x"))
	want := []record.Dropped{{Rule: "sora.min_severity", Entries: 1}, {Rule: "log=internal code=A-*", Entries: 2}, {Rule: "log=internal", Entries: 1}}
	if diff := cmp.Diff(want, counts.Dropped); diff != "" {
		t.Error(diff)
	}
	if counts.Empty != 1 || counts.Records != 0 {
		t.Errorf("counts %+v", counts)
	}
}

// What is left is the same bytes as without rules.
func TestDroppingChangesNothingElse(t *testing.T) {
	lines := []string{soraLine("debug", "a"), soraLine("info", "b"), soraLine("info", "A-B | reason=x"), soraLine("", "c")}
	convert := func(d Drop, which ...int) string {
		c := newConverter(t, Config{Drop: d})
		b := entry.Batch{Origin: origin()}
		for _, i := range which {
			b.Entries = append(b.Entries, entry.Entry{Text: []byte(lines[i]), Offset: int64(i), Observed: observed})
		}
		var out Output
		c.Convert(b, &out)
		return string(out.Groups[0].Records)
	}
	if convert(Drop{SoraBelow: 9, Rules: []drop.Rule{{Code: "A-B"}}}, 0, 1, 2, 3) != convert(Drop{}, 1, 3) {
		t.Error("the records left differ")
	}
}

func TestDroppingAllocatesNothing(t *testing.T) {
	c := newConverter(t, Config{Drop: Drop{SoraBelow: 9, PexipBelow: 9, Rules: []drop.Rule{{Log: "int*", Code: "PONG-*"}, {Event: "*.pong"}, {Module: "support.*"}}}})
	o, p := origin(), origin()
	p.Source, p.Log = "pexip", ""
	var sora, pexip entry.Batch
	sora.Origin, pexip.Origin = o, p
	for i := range 50 {
		level := []string{"debug", "info"}[i%2]
		sora.Entries = append(sora.Entries, entry.Entry{Text: []byte(soraLine(level, "PONG-TIMEOUT-ERROR | reason=timeout")), Observed: observed})
		pexip.Entries = append(pexip.Entries, entry.Entry{Text: []byte(pexipLine(`Level="` + strings.ToUpper(level) + `" Name="support.sip" Message="x"`)), Observed: observed})
	}
	var out Output
	var w worker // without the pool, which loses one now and then
	n := testing.AllocsPerRun(20, func() {
		out.reset()
		j := job{Converter: c, ctx: t.Context(), batch: sora, out: &out}
		_ = j.convertSora(&w)
		out.reset()
		j = job{Converter: c, ctx: t.Context(), batch: pexip, out: &out}
		_ = j.convertPexip(&w)
	})
	if n > 2 { // one for each dropped entry would be 50
		t.Errorf("%v allocations for 100 entries", n)
	}
	if out.Counts.DroppedEntries() != 50 {
		t.Errorf("counts %+v", out.Counts)
	}
}
