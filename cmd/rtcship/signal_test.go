package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A second signal ends a drain at once, and the exit code does not call it one.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sora.jsonl"), []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Args = []string{
		"rtcship", "run", "--sora-log-dir", dir, "--state-dir", filepath.Join(dir, "state"),
		"--endpoint", "http://127.0.0.1:1", "--admin-listen", "", "--log-otlp=false", "--log-format", "json",
	}
	lines := &notice{seen: make(chan string, 100)}
	cmd.Stderr = lines
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	lines.await(t, "tried again") // something waits to be acknowledged
	cmd.Process.Signal(syscall.SIGTERM)
	lines.await(t, "draining")
	start := time.Now()
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err == nil {
		t.Error("exit code 0, though not everything was settled")
	}
	if took := time.Since(start); took > 20*time.Second { // drain_timeout is 25 s
		t.Errorf("it took %s", took)
	}
	lines.await(t, "second signal")
}

// A notice hands on what a process writes.
type notice struct{ seen chan string }

func (n *notice) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		n.seen <- string(line)
	}
	return len(p), nil
}

func (n *notice) await(t *testing.T, text string) {
	t.Helper()
	for deadline := time.After(40 * time.Second); ; {
		select {
		case line := <-n.seen:
			if strings.Contains(line, text) {
				return
			}
		case <-deadline:
			t.Fatalf("it did not write %q", text)
		}
	}
}
