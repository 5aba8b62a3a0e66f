package main

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/rtcship/rtcship/internal/pipeline"
)

// TestReplayAsks sets positions back through the running process, and at rest,
// only for those who say yes.
func TestReplayAsks(t *testing.T) {
	t.Parallel()
	l := newLive(t, "export: {endpoint: \"COLLECTOR\"}\n")
	l.write(10)
	l.await("delivery", func(s *pipeline.Status) bool { return s.Ledger["sora"].Accepted == 10 })
	replay := func(answer string, args ...string) string {
		t.Helper()
		cmd := exec.Command(l.cmd.Path)
		cmd.Args = append([]string{"rtcship", "replay", "--config", l.file, "--file", "sora.jsonl"}, args...)
		cmd.Stdin = strings.NewReader(answer)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return string(out)
	}
	for _, no := range []string{"", "\n", "n\n", "perhaps\n"} {
		if out := replay(no); !strings.Contains(out, "Send this again? [y/N]") || !strings.Contains(out, "nothing was changed") {
			t.Errorf("after %q:\n%s", no, out)
		}
	}
	if out := replay("", "--since", "2030-01-01T00:00:00Z"); strings.Contains(out, "again?") {
		t.Errorf("it asks whether to send nothing:\n%s", out)
	}
	l.await("the end", settled)
	if n := l.got.Load(); n != 10 {
		t.Fatalf("%d records came, though nobody said yes", n)
	}
	if out := replay("y\n"); !strings.Contains(out, "set back") {
		t.Errorf("after yes:\n%s", out)
	}
	l.await("the repeats", func(*pipeline.Status) bool { return l.got.Load() == 20 })
	if out := replay("", "--yes"); strings.Contains(out, "again?") {
		t.Errorf("with --yes it asks:\n%s", out)
	}
	l.await("more repeats", func(*pipeline.Status) bool { return l.got.Load() == 30 })
	l.await("the end", settled)
	l.signal(syscall.SIGTERM)
	if err := <-l.ended; err != nil {
		t.Error(err)
	}
	if out := replay("n\n"); !strings.Contains(out, "nothing was changed") {
		t.Errorf("at rest, after no:\n%s", out)
	}
	if out := replay("y\n"); !strings.Contains(out, "set back") {
		t.Errorf("at rest, after yes:\n%s", out)
	}
}
