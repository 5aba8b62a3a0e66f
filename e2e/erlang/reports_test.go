package erlang

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

// formatters are ways to configure a node's logger. All of them write to one
// file, one after the other, as after restarts with other configurations.
var formatters = []string{
	`#{legacy_header => true, single_line => false}`,
	`#{legacy_header => true, single_line => true}`,
	`#{legacy_header => false, single_line => false}`,
	`#{}`,
	`#{single_line => false, time_designator => 32, time_offset => "Z"}`,
	`#{single_line => false, time_offset => "+09:00", template => [time, " [", level, "] ", msg, "\n"]}`,
}

// A wanted report says what its record must hold. An attribute holds the text
// given; "" is for one that must not be there.
type wanted struct {
	event    string
	severity int
	holds    map[string]string
}

const stack, message, typ, name = "exception.stacktrace", "exception.message", "exception.type", "sora.crash.registered_name"

// mishaps are what testdata/mishap.erl lets happen, in order.
var mishaps = []wanted{
	{"sora.error_report", 17, map[string]string{name: "mishap_server", typ: "exit", message: `{room,12,"a name"}`, stack: "", "sora.pid": ""}},
	{"sora.crash_report", 17, map[string]string{
		name: "mishap_server", typ: "exit", message: `{room,12,"a name"}`, stack: "gen_server", "sora.pid": "<0.", "sora.crash.initial_call": "mishap:init/1",
	}},
	{"sora.error_report", 17, map[string]string{name: "mishap_machine", typ: "error", message: "{badmatch,", stack: "{mishap,handle_event,4,"}},
	{"sora.crash_report", 17, map[string]string{name: "mishap_machine", typ: "error", stack: "mishap"}},
	{"sora.error_report", 17, map[string]string{name: "mishap_events", typ: "error", message: `{no_room,"in the event handler"}`, stack: "{mishap,handle_event,2,"}},
	{"sora.progress_report", 9, map[string]string{"sora.crash.supervisor": "{local,mishap_sup}", "sora.crash.child_id": "mishap_child", "sora.pid": "<0.", message: ""}},
	{"sora.supervisor_report", 17, map[string]string{
		"sora.crash.supervisor": "{local,mishap_sup}", "sora.crash.error_context": "child_terminated", "sora.crash.child_id": "mishap_child", message: `{lost,"the way"}`,
	}},
	{"sora.supervisor_report", 17, map[string]string{"sora.crash.error_context": "shutdown", message: "reached_max_restart_intensity", "sora.pid": "<0."}},
	{"sora.warning_report", 13, map[string]string{message: ""}},
	{"sora.error_report", 17, map[string]string{"sora.pid": "<0.", typ: "exit", message: `{shutdown_of,[listener,"by itself"]}`}},
	{"sora.error_report", 17, map[string]string{"sora.pid": "<0.", typ: "error", message: "{function_clause,", stack: "{lists,nth,"}},
	{"sora.debug_report", 5, nil}, {"sora.info_report", 9, nil}, {"sora.notice_report", 10, nil}, {"sora.warning_report", 13, nil},
	{"sora.error_report", 17, nil}, {"sora.critical_report", 18, nil}, {"sora.alert_report", 19, nil}, {"sora.emergency_report", 21, nil},
}

// TestReports ships what the logger of a node writes of everything that can
// happen to its processes, in each form that it can be told to write.
func TestReports(t *testing.T) {
	logs, ship, collector := follow(t)
	source, err := filepath.Abs("testdata/mishap")
	if err != nil {
		t.Fatal(err)
	}
	program := fmt.Sprintf(`{ok, mishap} = compile:file(%q, [{outdir, "."}]), mishap:run(%q, [%s]), halt().`,
		source, filepath.Join(logs, "crash.log"), strings.Join(formatters, ", "))
	cmd := harness.Erlang(t, "-noshell", "-pa", ".", "-eval", program)
	cmd.Dir = t.TempDir()
	started := time.Now()
	beam := harness.Start(t, "erl", cmd)
	for deadline := time.Now().Add(time.Minute); !beam.Exited(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the node does not end\n%s", beam.Output())
		}
	}
	total := len(formatters) * len(mishaps)
	harness.Wait(t, 30*time.Second, "all reports", func() error {
		if n := len(of("crash", harness.Of("sora", collector.Records(t)))); n < total {
			return fmt.Errorf("%d of %d reports\n%s", n, total, beam.Output())
		}
		return nil
	}, ship.Process(), collector.Process())
	ship.Stop(t)
	reports := of("crash", harness.Of("sora", collector.Records(t)))
	if len(reports) != total {
		t.Fatalf("%d reports, want %d", len(reports), total)
	}
	for i, r := range reports {
		check(t, r, formatters[i/len(mishaps)], mishaps[i%len(mishaps)], started)
	}
}

func check(t *testing.T, r harness.Record, formatter string, want wanted, started time.Time) {
	t.Helper()
	fail := func(format string, args ...any) {
		t.Errorf("%s, %s: %s\n%s", formatter, want.event, fmt.Sprintf(format, args...), r.Text())
	}
	if r.Event != want.event || r.Severity != want.severity {
		fail("event %s, severity %d, want %d", r.Event, r.Severity, want.severity)
	}
	if r.Time.Before(started) || r.Time.After(time.Now()) {
		fail("time %v", r.Time)
	}
	if r.Attributes["rtcship.parse_error"] != nil {
		fail("not understood: %v", r.Attributes)
	}
	for attr, text := range want.holds {
		got, _ := r.Attributes[attr].(string)
		if text == "" && got != "" || !strings.Contains(got, text) {
			fail("%s is %q, want %q", attr, got, text)
		}
	}
}
