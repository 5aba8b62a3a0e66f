package main

import (
	"bytes"
	"errors"
	"fmt"
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
	for deadline := time.After(patience); ; {
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

// SIGTERM ends the program, whatever it is at: while it starts, reads a damaged
// spool, catches up with a log that nobody takes, or reads its configuration again
// and again. It does not wait for what it is at, nor longer than drain_timeout.
func TestTermAtAnyTime(t *testing.T) {
	t.Parallel()
	spool := func(t *testing.T, dir string) {
		// Reading it would take minutes.
		path := filepath.Join(dir, "state", "spool", "0000000000000001.spool")
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600), os.Truncate(path, 1<<38)); err != nil {
			t.Fatal(err)
		}
	}
	log := func(t *testing.T, dir string) {
		line := `{"timestamp":"2026-11-21T06:00:00Z","level":"info","msg":"` + strings.Repeat("x", 200) + "\"}\n"
		if err := os.WriteFile(filepath.Join(dir, "sora.jsonl"), []byte(strings.Repeat(line, 50_000)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name    string
		prepare func(t *testing.T, dir string)
		after   time.Duration
		reloads int
	}{
		{"at once", nil, 0, 0},
		{"start", nil, 20 * time.Millisecond, 0},
		{"start a little later", nil, 60 * time.Millisecond, 0},
		{"recovery", spool, time.Second, 0},
		{"recovery and reloads", spool, time.Second, 300},
		{"catching up", log, time.Second, 0},
		{"reloads", log, time.Second, 1000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if tt.prepare != nil {
				tt.prepare(t, dir)
			}
			cmd := program(t, dir)
			if tt.after >= time.Second {
				awaitStart(t, dir)
			}
			time.Sleep(tt.after) // no condition: what it is at then is not to matter
			for range tt.reloads {
				cmd.Process.Signal(syscall.SIGHUP)
			}
			begin := time.Now()
			cmd.Process.Signal(syscall.SIGTERM)
			kill := time.AfterFunc(100*time.Second, func() { cmd.Process.Signal(syscall.SIGQUIT) }) // it shows what it is at
			defer kill.Stop()
			err := cmd.Wait()
			took := time.Since(begin)
			early := tt.after < time.Second && cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() == syscall.SIGTERM // before it listens for signals
			if err != nil && !early || took > 90*time.Second {                                                         // drain_timeout is 3 s, and the machine may be slow
				t.Errorf("%v after %v\n%s", err, took, cmd.Stderr)
			}
		})
	}
}

// awaitStart waits until the program listens for signals, which it does before it
// locks its state.
func awaitStart(t *testing.T, dir string) {
	t.Helper()
	lock := filepath.Join(dir, "state", "lock")
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(lock); err == nil {
			return
		}
	}
	t.Fatal("it does not start")
}

// program starts the program on a directory, with nobody to deliver to.
func program(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "rtcship.yaml")
	text := fmt.Sprintf("sora: {log_dir: %q}\npexip: {listen: [\"tcp://127.0.0.1:0\"]}\nstate_dir: %q\ndrain_timeout: 3s\n"+
		"export: {endpoint: \"http://127.0.0.1:1\"}\nadmin: {listen: \"\"}\nlog: {otlp: false}\n", dir, filepath.Join(dir, "state"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Args = []string{"rtcship", "run", "--config", config}
	cmd.Stderr = new(bytes.Buffer)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd
}
