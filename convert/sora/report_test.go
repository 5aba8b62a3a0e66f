package sora

import (
	"strings"
	"testing"
	"time"

	logs "go.opentelemetry.io/proto/slim/otlp/logs/v1"

	"github.com/rtcship/rtcship/convert/internal/recordtest"
	"github.com/rtcship/rtcship/internal/linear"
	"github.com/rtcship/rtcship/tailer/entry"
)

// A report costs in proportion to its length, whatever stands in it.
func TestReportsCostWhatTheyAreLong(t *testing.T) {
	const head = "=ERROR REPORT==== 4-May-2026::18:28:52 ===\n"
	for name, report := range map[string]func(n int) string{
		"nested terms":  func(n int) string { return "** Reason == " + strings.Repeat("{a,[", n/8) + strings.Repeat("]}", n/4) },
		"stars":         func(n int) string { return strings.Repeat("** x\n", n/5) },
		"reasons":       func(n int) string { return strings.Repeat("** Reason == \n", n/14) },
		"a long reason": func(n int) string { return "** Reason == {a,\n" + strings.Repeat("  {b,1},\n", n/9) },
		"exceptions":    func(n int) string { return strings.Repeat("    exception a: b\n      in function c\n", n/40) },
		"phrases":       func(n int) string { return strings.Repeat("with reason with exit ", n/22) },
		"pids":          func(n int) string { return strings.Repeat("<0.1.2", n/6) + " with reason: x" },
		"joined lines":  func(n int) string { return "** x" + strings.Repeat(", ** Reason =", n/13) },
		"sentences":     func(n int) string { return "Supervisor: x. " + strings.Repeat("a: b. ", n/6) },
		"full stops":    func(n int) string { return "Supervisor: " + strings.Repeat(". a", n/3) },
		"a crasher":     func(n int) string { return "crasher: " + strings.Repeat("a: <, ", n/6) },
		"angles":        func(n int) string { return "Supervisor: " + strings.Repeat("<1", n/2) },
		"quotes":        func(n int) string { return "** Reason == {" + strings.Repeat(`"a" $"`, n/6) },
		"raised":        func(n int) string { return "** x\n" + strings.Repeat("** (a) \n    b\n", n/14) },
		"calls": func(n int) string {
			return strings.Repeat("a exited with reason: b in c:d/1 line 3 in context\n", n/50)
		},
		"places":   func(n int) string { return "a exited with reason: " + strings.Repeat(" in a:b line 3", n/14) + "\nx" },
		"children": func(n int) string { return strings.Repeat("Supervisor a had child b ", n/25) + "exit with reason c" },
		"Cowboy": func(n int) string {
			return strings.Repeat("Unhandled exception error: \nStacktrace: [\n       {\n", n/54)
		},
		"fields": func(n int) string { return strings.Repeat("reason: {a,\n       b}\n", n/23) },
	} {
		f := newFuzzReader()
		text := func(n int) []byte { return []byte(head + report(n)) }
		linear.Check(t, name, linear.Quick, text, func(text []byte) { f.wire("crash", text) })
	}
}

// A sentence ends with its full stop, and not with one in a term.
func TestSentenceEnd(t *testing.T) {
	for sentence, want := range map[string]string{
		`{a,"b. c"}. State: x`: `{a,"b. c"}`, `1.5. State: x`: `1.5`, `<0.1.2>. x`: `<0.1.2>`, `two words. State: x`: `two words`, `'a. b'.`: `'a. b'`,
		`#{a => "x. y"}, and more. x`: `#{a => "x. y"}, and more`, `{cut. off`: `{cut. off`, ``: ``, `.`: ``, `. x`: ``,
	} {
		if got := sentence[:sentenceEnd([]byte(sentence))]; got != want {
			t.Errorf("%q: %q, want %q", sentence, got, want)
		}
	}
}

// Of a report that was cut, the first part says what the report does, as far as
// it goes. The others have the time that the tailer gives them, and no fault.
func TestReportsThatWereCut(t *testing.T) {
	f := newFuzzReader()
	parts := []string{
		"=CRITICAL REPORT==== 4-May-2026::18:28:52 ===\n** Generic server x terminating\n** Reason for termination ==\n** {badarg,[{a,",
		"b,1,[]}]}\n** Client <0.1.0> is dead",
	}
	first := f.cut(t, "crash", parts[0], time.Time{})
	if first.SeverityNumber != 18 || first.EventName != "sora.critical_report" || first.TimeUnixNano == 0 {
		t.Errorf("the first part: %v", first)
	}
	if a := recordtest.Attributes(t, first); a["sora.crash.registered_name"] != `"x"` || a["exception.message"] != `"{badarg,[{a,"` {
		t.Errorf("the first part: %v", a)
	}
	at := time.Date(2026, 5, 4, 18, 28, 52, 0, time.UTC)
	second := f.cut(t, "crash", parts[1], at)
	if a := recordtest.Attributes(t, second); second.TimeUnixNano != uint64(at.UnixNano()) || a["rtcship.parse_error"] != "" || a["exception.message"] != "" {
		t.Errorf("the second part: %v", second)
	}
}

func (f *fuzzReader) cut(t *testing.T, log, text string, at time.Time) *logs.LogRecord {
	t.Helper()
	return recordtest.Decode(t, f.wireOf(log, entry.Entry{Text: []byte(text), Time: at, Cut: true}))[0]
}

// A level has one severity however it is written.
func TestLevels(t *testing.T) {
	for level, want := range map[string]int{
		"debug": 5, "info": 9, "notice": 10, "warning": 13, "error": 17, "critical": 18, "alert": 19, "emergency": 21,
		"ERROR": 17, "Warning": 13, "EMERGENCY": 21, "warn": 13, "WARN": 13, "fatal": 21, "err": 17, "crit": 18, "trace": 1,
		"": 0, "e": 0, "errors": 0, "emergencyy": 0, "err\xff": 0,
	} {
		if got := severityOf([]byte(level)); got != want {
			t.Errorf("%q: %d, want %d", level, got, want)
		}
		if want == 0 {
			continue
		}
		p := newPair(t)
		line := strings.Replace(usual, `"level":"error"`, `"level":"`+level+`"`, 1)
		for range 8 {
			p.compare(t, []byte(line))
		}
	}
}
