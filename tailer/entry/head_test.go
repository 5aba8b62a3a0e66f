package entry

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rtcship/rtcship/internal/linear"
)

// Every way in which logger_formatter(3), and lager, begin an event.
func TestParseHead(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*3600)
	at := time.Date(2026, 5, 4, 18, 28, 52, 123456000, tokyo)
	whole := at.Truncate(time.Second)
	for text, want := range map[string]struct {
		title, level string
		at           time.Time
		rest         string
	}{
		"=CRASH REPORT==== 4-May-2026::18:28:52.123456 ===\n  crasher:": {title: "CRASH", at: at, rest: "\n  crasher:"},
		"=ERROR REPORT==== 04-May-2026::18:28:52 ===\r\nx":              {title: "ERROR", at: whole, rest: "\nx"},
		"=INFO REPORT==== 4-May-2026::09:28:52.123456 UTC ===":          {title: "INFO", at: at},
		"2026-05-04 18:28:52 =SUPERVISOR REPORT====":                    {title: "SUPERVISOR", at: whole},
		"=A LONG KIND REPORT 2026-05-04T09:28:52.123456Z":               {title: "A LONG KIND", at: at},
		"=ERROR REPORT==== 4-May-2026::18:28:52.123456 ===glued text":   {title: "ERROR", at: at, rest: "glued text"},
		"=ERROR REPORT==== 2026-05-04T18:28:52.123456+0900 === \r\nx":   {title: "ERROR", at: at, rest: "\nx"},
		"2026-05-04 09:28:52.123456 UTC =CRASH REPORT====\nx":           {title: "CRASH", at: at, rest: "\nx"},
		"2026-05-04 18:28:52.123456 =CRASH REPORT====":                  {title: "CRASH", at: at},
		"=ERROR REPORT====": {title: "ERROR"},
		"=ERROR REPORT":     {title: "ERROR"},
		"=CRASH REPORT==== 31-Foo-2026::18:28:52 ===":                    {title: "CRASH"},
		"2026-05-04T18:28:52.123456+09:00 error: text\n  more":           {level: "error", at: at, rest: " text\n  more"},
		"2026-05-04T09:28:52.123456Z critical:\n** x":                    {level: "critical", at: at, rest: "\n** x"},
		"2026-05-04t09:28:52.123456z alert: x":                           {level: "alert", at: at, rest: " x"},
		"2026-05-04 18:28:52.123456 emergency: x":                        {level: "emergency", at: at, rest: " x"},
		"2026-05-04 14:58:52.123456+05:30 debug: x":                      {level: "debug", at: at, rest: " x"},
		"2026-05-04_18:28:52 info: x":                                    {level: "info", at: whole, rest: " x"},
		"2026-05-04 09:28:52.123456 UTC [notice] x":                      {level: "notice", at: at, rest: " x"},
		"2026-05-04T09:28:52.123456Z [warning] <0.1.2> x":                {level: "warning", at: at, rest: " <0.1.2> x"},
		"2026-05-04T09:28:52.123456Z error":                              {level: "error", at: at},
		"2026-05-04T09:28:52.123456Z error:\r":                           {level: "error", at: at, rest: "\r"},
		"2026-05-04T18:28:52.123456+0900 error: x":                       {level: "error", at: at, rest: " x"},
		"2026-05-04T18:28:52,123456 error: x":                            {level: "error", at: at, rest: " x"},
		"2026-05-04T18:28:52,123456 ERROR: x":                            {level: "ERROR", at: at, rest: " x"},
		"2026-05-04T18:28:52.123456 [Warning] x":                         {level: "Warning", at: at, rest: " x"},
		"2026-05-04T18:28:52.123456 <0.912.0> error: x":                  {level: "error", at: at, rest: " x"},
		"2026-05-04T18:28:52.123456 <0.912.0> [CRITICAL] x":              {level: "CRITICAL", at: at, rest: " x"},
		"2026-13-04T09:28:52.123456Z error: x":                           {level: "error", rest: " x"},
		"2026-05-04T09:28:52.1.2Z error: x":                              {level: "error", rest: " x"},
		"2026-05-04T09:28:52Z " + "error" + strings.Repeat(" ", 3) + "x": {level: "error", at: time.Date(2026, 5, 4, 9, 28, 52, 0, time.UTC), rest: "  x"},
	} {
		h, ok := ParseHead([]byte(text), tokyo)
		if !ok || string(h.Title) != want.title || string(h.Level) != want.level || !h.Time.Equal(want.at) || text[h.Size:] != want.rest {
			t.Errorf("%q: %v, title %q, level %q, time %v, rest %q", text, ok, h.Title, h.Level, h.Time, text[h.Size:])
		}
	}
	for _, text := range []string{
		"", "=", "=====", "===== ALIVE Wed Apr  2 10:11:12 MEST 2031", "=NOT A HEADER====", "x =A REPORT====", "= REPORT====", "=a REPORT====",
		"2026-05-04T18:28:52", "2026-05-04T18:28:52 ", "2026-05-04T18:28:52 [", "2026-05-04T18:28:52 [error", "2026-05-04T18:28:52 [error: x",
		"2026-05-04T18:28:52 errors: x", "2026-05-04T18:28:52 fatal: x", "2026-05-04T18:28:52x error: x", " 2026-05-04T18:28:52 error: x",
		"2026-05-04é18:28:52 error: x", "=CRASH REPORT 12 processes", "=ERROR REPORT inside", "2026-05-04T18:28:52 eRROR: x", "2026-05-04T18:28:52 ERRor: x",
		"2026-05-04T18:28:52 <0.1 error: x", "2026-05-04T18:28:52 <a> error: x", "2026-05-04T18:28:52 <0.1.2>error: x", "2026-05-04T18:28:52  error: x",
	} {
		if h, ok := ParseHead([]byte(text), tokyo); ok {
			t.Errorf("%q has a head: %+v", text, h)
		}
	}
}

// In crash.log each event is one entry, in whatever form the logger writes.
func TestEventsAreJoined(t *testing.T) {
	want := []string{
		"2026-05-04T18:28:52.123456+09:00 error: Generic server x terminating\n   Reason: y\n\n   and more",
		"2026-05-04T18:28:52.223456+09:00 critical:\n** not indented\n2026-05-04 is no head\nnor 2026-05-04T18:28:52Z error: is",
		"=ERROR REPORT==== 4-May-2026::18:28:53 ===\n** x",
		"2026-05-04 18:28:54Z [alert] =x",
		"2026-05-04 18:28:54 =CRASH REPORT====\nx",
		"=INFO REPORT==== 4-May-2026::18:28:55 ===\nglued",
		"2026-05-04T18:28:56 notice:",
	}
	data := strings.Join(want, "\n")
	data = strings.Replace(data, "\n=INFO", "=INFO", 1)
	got, _, ok := cutAll([]byte(data), len(data), 1<<20, (*Cutter).Reports)
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// What a report quotes of another one does not end it; what really begins one
// does, also in the middle of a line.
func TestReportsThatQuoteReports(t *testing.T) {
	const head = "=ERROR REPORT==== 4-May-2026::18:28:52 ==="
	for _, want := range [][]string{
		{head + "\n** Reason for termination ==\n** {bad,\"" + head + `\n** x"}` + "\n** more"},
		{head + "\n** {bad,\"a =ERROR REPORT inside\"}\n** more"},
		{head + "\n=ERROR REPORT inside\"}\n** more"},
		{head + "\n** {bad,<<\"=CRASH REPORT====\">>}", head + "\nx"},
		{head + "\nsays =CRASH REPORT====\nx"},
		{head + "\n** {bad,\"2026-05-04T18:28:52Z error: x\"}", head},
		{head + "\nglued", head + "\nx"},
		{head + "\nglued", "2026-05-04 18:28:52 =CRASH REPORT====\nx"},
		{head + "\nglued", "2026-05-04 18:28:52.123 UTC =CRASH REPORT====\r\nx"},
		{head + "\nglued", "=CRASH REPORT 2026-05-04T18:28:52.123456Z\nx"},
		{head + "\nglued", head + " \r\nx"},
		{"before" + head[:13] + " and", head + "glued\nx"},
	} {
		data := strings.Join(want, "\n")
		for _, w := range want[1:] {
			if strings.Contains(data, "glued\n"+w) {
				data = strings.Replace(data, "glued\n"+w, "glued"+w, 1)
			}
		}
		for _, step := range []int{len(data), 1} {
			got, _, ok := cutAll([]byte(data), step, 1<<20, (*Cutter).Reports)
			if diff := cmp.Diff(want, got); diff != "" || !ok {
				t.Errorf("in steps of %d: -want +got:\n%s", step, diff)
			}
		}
	}
}

// Lines of the console have the time of the report that they belong to, until
// run_erl says what time it is.
func TestReportsSetTheClock(t *testing.T) {
	const console = `===== LOGGING STARTED Wed Apr  2 10:11:12 UTC 2031
Erlang/OTP 27
=ERROR REPORT==== 2-Apr-2031::10:15:00.5 ===
** Generic server x terminating
** Reason for termination ==
=CRASH REPORT====
  crasher:
2031-04-02T10:16:00+00:00 error:
  crasher:
===== ALIVE Wed Apr  2 10:30:12 UTC 2031
(sora@sfu-1)1>
`
	want := []string{
		"10:11:12", "10:11:12", "10:15:00.5", "10:15:00.5", "10:15:00.5", "10:15:00.5", "10:15:00.5", "10:16:00", "10:16:00", "10:30:12", "10:30:12",
	}
	var got []string
	c := &Cutter{MaxEntry: 1 << 20, Zone: time.UTC}
	half := strings.Index(console, "** Reason") // what was read before a stop
	c.Clocked([]byte(console[:half]), false)
	for _, e := range c.Entries {
		got = append(got, e.Time.UTC().Format("15:04:05.999"))
	}
	*c = Cutter{MaxEntry: 1 << 20, Zone: time.UTC, Clock: c.Clock}
	c.Clocked([]byte(console[half:]), true)
	for _, e := range c.Entries {
		got = append(got, e.Time.UTC().Format("15:04:05.999"))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The pieces of a long report have its time, also those that are read after a
// restart; other entries have none, since their heads say it.
func TestPiecesOfReportsHaveItsTime(t *testing.T) {
	data := []byte("=ERROR REPORT==== 4-May-2026::18:28:52 ===\n" + strings.Repeat("x", 50) + "\n=ERROR REPORT==== 4-May-2026::18:28:53 ===\nshort")
	at := time.Date(2026, 5, 4, 18, 28, 52, 0, time.UTC)
	var got []time.Time
	c := &Cutter{MaxEntry: 50}
	for taken := 0; taken < len(data); taken += c.Taken {
		*c = Cutter{MaxEntry: 50, Zone: time.UTC, Clock: c.Clock, Cut: c.Cut}
		c.Reports(data[taken:], true)
		for _, e := range c.Entries {
			got = append(got, e.Time)
		}
	}
	if diff := cmp.Diff([]time.Time{at, at, {}}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Cutting reports costs in proportion to their length, whatever they look like.
func TestReportsCostWhatTheyAreLong(t *testing.T) {
	for name, piece := range map[string]string{
		"no heads":         strings.Repeat("x", 1000) + "\n",
		"words":            " REPORT",
		"capitals":         "=  REPORT A",
		"heads in lines":   "2026-05-04T18:28:52Z error: x\n",
		"titles":           "=A REPORT====\nx\n",
		"titles in a line": "x=A REPORT==== 4-May-2026::18:28:52 ===",
		"dates in a line":  "x2026-05-04 18:28:52.123456 UTC =A REPORT====   ",
		"half a head":      "2026-05-04T18:28:52Z errors: x\n",
		"digits":           "0",
		"times in a row":   "2026-05-04 18:28:52 ",
		"stamps unbounded": "2026-05-04T18:28:52.0",
	} {
		data := func(n int) []byte { return []byte(strings.Repeat(piece, n/len(piece))) }
		linear.Check(t, name, linear.Quick, data, func(data []byte) { cutAll(data, len(data), 8<<20, (*Cutter).Reports) })
	}
}
