package rotation

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

// TestRunErl has Erlang's run_erl wrap a chatty program until its ring of five
// files has gone round three times.
func TestRunErl(t *testing.T) {
	const (
		generations, size = 5, 20_000
		lines             = 3*generations*size/60 + 1500 // a line on the terminal is some 60 bytes
	)
	logs := t.TempDir()
	receiver := harness.NewReceiver(t, 0, 1)
	ship := harness.NewShip(t, fmt.Sprintf("sora: {log_dir: %q}\nexport: {endpoint: \"http://%s\"}\nlog: {otlp: false}\n", logs, receiver.Addr))
	ship.Start(t)

	pipes, err := os.MkdirTemp("", "pipes") //nolint:usetesting // run_erl cuts long paths
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(pipes) })
	// One write for each line and a pause after it, so that run_erl never sees
	// half a line where one of its files ends.
	chatty := filepath.Join(pipes, "chatty")
	script := fmt.Sprintf("#!/bin/sh\ni=0\nwhile [ $i -lt %d ]; do\n\techo \"seq=console/$i the console says something long enough\"\n"+
		"\ti=$((i+1))\n\t[ $((i %% 10)) != 0 ] || sleep 0.02\ndone\nsleep 2\n", lines)
	if err := os.WriteFile(chatty, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := harness.Debian(t, "usr/bin/run_erl", pipes+"/", logs, "exec "+chatty)
	cmd.Env = append(cmd.Env, fmt.Sprintf("RUN_ERL_LOG_GENERATIONS=%d", generations), fmt.Sprintf("RUN_ERL_LOG_MAXSIZE=%d", size))
	console := harness.Start(t, "run_erl", cmd)

	round := watchRing(t, logs, console)
	if round < 3*generations {
		t.Errorf("run_erl changed its file %d times, not %d: the ring did not go round three times", round, 3*generations)
	}
	harness.Wait(t, 30*time.Second, "every line of the console", func() error {
		return receiver.Complete("console", lines)
	}, ship.Process())
	ship.Stop(t)
	if err := receiver.Complete("console", lines); err != nil {
		t.Error(err)
	}
	if n := receiver.Repeats(); n > 0 {
		t.Errorf("%d records came again though nothing crashed", n)
	}
}

// watchRing returns how often a console went on to its next file, once it has ended.
func watchRing(t *testing.T, logs string, console *harness.Process) (changes int) {
	t.Helper()
	before := ""
	for deadline := time.Now().Add(time.Minute); !console.Exited(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("run_erl runs on and on\n%s", console.Output())
		}
		names, _ := filepath.Glob(filepath.Join(logs, "erlang.log.*"))
		if now := strings.Join(names, " "); now != before {
			changes++
			before = now
		}
	}
	return changes
}
