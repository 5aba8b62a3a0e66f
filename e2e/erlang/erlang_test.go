// Package erlang ships what a real Erlang node leaves behind: a crash dump, its
// logger's crash reports, and a console under run_erl.
package erlang

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// node is a program for an Erlang node: it sends the logger's reports to
// crash.log, as Sora does, has two processes die, and halts with a slogan of
// its own, which makes the runtime write a crash dump.
const node = `
	ok = logger:add_handler(crash, logger_std_h, #{
		level => error,
		config => #{file => "crash.log"},
		formatter => {logger_formatter, #{legacy_header => true, single_line => false}}}),
	Die = fun(Reason) ->
		{Pid, Ref} = {proc_lib:spawn(fun() -> exit(Reason) end), undefined},
		Mon = erlang:monitor(process, Pid),
		receive {'DOWN', Mon, _, _, _} -> Ref end
	end,
	Die({the_first_death, [1, 2, 3]}),
	timer:sleep(20),
	Die({the_second_death, "text"}),
	logger_std_h:filesync(crash),
	timer:sleep(500),
	erlang:halt("the slogan of this test").
`

// TestNodeDies ships the crash reports and the crash dump of a node that comes to a bad end.
func TestNodeDies(t *testing.T) {
	logs, ship, collector := follow(t)
	cmd := harness.Erlang(t, "-noshell", "-eval", node)
	cmd.Dir = logs
	cmd.Env = append(cmd.Env, "ERL_CRASH_DUMP="+filepath.Join(logs, "erl_crash.dump"))
	beam := harness.Start(t, "erl", cmd)
	for deadline := time.Now().Add(30 * time.Second); !beam.Exited(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the node does not end\n%s", beam.Output())
		}
	}
	dump, err := os.Stat(filepath.Join(logs, "erl_crash.dump"))
	if err != nil {
		t.Fatalf("no crash dump: %v\n%s", err, beam.Output())
	}
	t.Logf("the crash dump has %d bytes", dump.Size())

	harness.Wait(t, 30*time.Second, "two crash reports and a dump", func() error {
		records := harness.Of("sora", collector.Records(t))
		if n, m := len(of("crash", records)), len(of("erl_crash", records)); n < 2 || m < 1 {
			return fmt.Errorf("%d crash reports, %d dumps", n, m)
		}
		return nil
	}, ship.Process(), collector.Process())
	ship.Stop(t)
	records := harness.Of("sora", collector.Records(t))
	checkReports(t, of("crash", records))
	checkDump(t, of("erl_crash", records))
}

func checkReports(t *testing.T, reports []harness.Record) {
	t.Helper()
	if len(reports) != 2 {
		t.Fatalf("%d records of crash.log, want 2", len(reports))
	}
	for i, word := range []string{"the_first_death", "the_second_death"} {
		r := reports[i]
		if !strings.Contains(r.Text(), word) || !strings.Contains(r.Text(), "=CRASH REPORT====") {
			t.Errorf("report %d is not whole: %q", i, r.Text())
		}
		if r.Severity != 17 {
			t.Errorf("report %d has severity %d, want 17", i, r.Severity)
		}
		if since := time.Since(r.Time); since < 0 || since > 5*time.Minute {
			t.Errorf("report %d has time %v, %v ago", i, r.Time, since)
		}
	}
}

func checkDump(t *testing.T, dumps []harness.Record) {
	t.Helper()
	if len(dumps) != 1 {
		t.Fatalf("%d records of the crash dump, want 1", len(dumps))
	}
	d := dumps[0]
	if d.Severity != 21 {
		t.Errorf("the dump has severity %d, want 21", d.Severity)
	}
	for _, word := range []string{"=erl_crash_dump:", "Slogan: the slogan of this test", "System version: Erlang/OTP"} {
		if !strings.Contains(d.Text(), word) {
			t.Errorf("the dump's record lacks %q: %.300q", word, d.Text())
		}
	}
	if since := time.Since(d.Time); since < 0 || since > 5*time.Minute {
		t.Errorf("the dump has time %v, %v ago", d.Time, since)
	}
}

// TestConsole ships the console of a node under run_erl, which adds its own
// marks and the terminal's line ends.
func TestConsole(t *testing.T) {
	const lines = 300
	logs, ship, collector := follow(t)
	pipes, err := os.MkdirTemp("", "pipes") //nolint:usetesting // run_erl cuts long paths
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(pipes) })
	program := fmt.Sprintf(`logger:error("the first line of a report~nand its second", []), `+
		`[begin io:format("seq=console/~b of the node~n", [N]), timer:sleep(2) end || N <- lists:seq(0, %d)],`+
		` timer:sleep(500), halt().`, lines-1)
	command := fmt.Sprintf("exec %s -noshell -eval '%s'", harness.Erlang(t).Path, program)
	cmd := harness.Debian(t, "usr/bin/run_erl", pipes+"/", logs, command)
	cmd.Dir = pipes
	cmd.Env = append(cmd.Env, harness.ErlangEnv(t)...)
	console := harness.Start(t, "run_erl", cmd)
	harness.Wait(t, 30*time.Second, "the console", func() error {
		return collector.Tally(t).Complete("console", lines)
	}, ship.Process(), collector.Process())
	console.Kill()
	ship.Stop(t)

	records := of("erlang", harness.Of("sora", collector.Records(t)))
	for _, r := range records {
		if strings.ContainsAny(r.Text(), "\r\x1b") {
			t.Errorf("a terminal's control characters are in %q", r.Text())
		}
	}
	t.Logf("%d records of the console", len(records))
	checkConsoleReport(t, records)
	if started := of("run_erl", harness.Of("sora", collector.Records(t))); len(started) == 0 {
		t.Error("nothing of run_erl.log has arrived")
	}
	collector.Tally(t).Once(t)
}

// checkConsoleReport checks that the lines of a report have its time, which is
// more exact than that of run_erl's mark before.
func checkConsoleReport(t *testing.T, records []harness.Record) {
	t.Helper()
	times := make(map[string]time.Time)
	for _, r := range records {
		times[r.Text()] = r.Time
		if strings.HasPrefix(r.Text(), "=ERROR REPORT====") {
			times["head"] = r.Time
			if r.Severity != 17 {
				t.Errorf("severity %d: %q", r.Severity, r.Text())
			}
		}
	}
	head := times["head"]
	if since := time.Since(head); since < 0 || since > 5*time.Minute || head.Nanosecond() == 0 {
		t.Errorf("the report's head has time %v", head)
	}
	for _, line := range []string{"the first line of a report", "and its second"} {
		if at, ok := times[line]; !ok || !at.Equal(head) {
			t.Errorf("%q has time %v, its report %v", line, times[line], head)
		}
	}
}

// follow starts a collector and an rtcship that follows an empty directory.
func follow(t *testing.T) (logs string, ship *harness.Ship, collector *harness.Collector) {
	t.Helper()
	logs = t.TempDir()
	collector = harness.NewCollector(t, harness.PlainConfig, nil)
	collector.Start(t)
	ship = harness.NewShip(t, fmt.Sprintf("sora: {log_dir: %q}\nexport: {endpoint: \"http://%s\"}\n", logs, collector.GRPC))
	ship.Start(t)
	return logs, ship, collector
}

// of returns the records of one log, by time.
func of(log string, records []harness.Record) (of []harness.Record) {
	for _, r := range records {
		if r.Attributes["sora.log"] == log {
			of = append(of, r)
		}
	}
	slices.SortStableFunc(of, func(a, b harness.Record) int { return a.Time.Compare(b.Time) })
	return of
}
