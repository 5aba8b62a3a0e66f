package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestSlacken looks at the program as users have it: all threads of the process that
// was started, Go's monitor among them, have their timers coarse.
func TestSlacken(t *testing.T) {
	binary := plainProgram(t)
	usual := slacks(os.Getpid())[0]
	run := []string{"rtcship", "run", "--sora-log-dir", "DIR/log", "--state-dir", "DIR/state", "--endpoint", "http://127.0.0.1:1", "--admin-listen", ""}
	tests := []struct {
		name    string
		args    []string
		environ []string
		want    time.Duration
	}{
		{"run", run, nil, timerSlack},
		{"the kernel has forgotten it", run, []string{slackVariable + "=1"}, usual},
		{"another command", []string{"rtcship", "tail", "-f", "DIR/log"}, nil, usual},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "log"), 0o755); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(binary)
			cmd.Args = strings.Split(strings.ReplaceAll(strings.Join(tt.args, "\n"), "DIR", dir), "\n")
			cmd.Env = append(os.Environ(), tt.environ...)
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			end := sync.OnceFunc(func() {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
			})
			defer end()
			var got []time.Duration
			for range 3_000 {
				begun := tt.args[1] != "run" || exists(filepath.Join(dir, "state"))
				if got = slacks(cmd.Process.Pid); begun && len(got) > 1 && !slices.ContainsFunc(got, func(d time.Duration) bool { return d != tt.want }) {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
			end()
			t.Errorf("slack of the threads: %v, want %v\n%s", got, tt.want, out.String())
		})
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// slacks are the timer slacks of a process's threads.
func slacks(pid int) (all []time.Duration) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	for _, task := range tasks {
		var ns int64
		b, err := os.ReadFile("/proc/" + filepath.Base(task) + "/timerslack_ns") // by any thread's id, though only processes are listed
		if _, scanErr := fmt.Sscan(strings.TrimSpace(string(b)), &ns); err == nil && scanErr == nil {
			all = append(all, time.Duration(ns))
		}
	}
	return all
}
