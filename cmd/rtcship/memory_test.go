package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

// mostAnonymous is what tail, call and top keep to where memory is short.
const mostAnonymous = 16 << 20

// Beside a shipper in one container they must leave it its memory: whatever there
// is to read, they keep to 16 MiB of anonymous memory.
func TestLowMemory(t *testing.T) {
	program, dir := plainProgram(t), bigDirectory(t)
	for _, args := range [][]string{
		{"tail", dir}, {"tail", "-n", "100", dir}, {"call", "C000123", dir}, {"call", "--channel", "c7", dir}, {"top", dir},
	} {
		t.Run(strings.Join(args[:len(args)-1], " "), func(t *testing.T) {
			anon := runLow(t, program, append(args, "--low-memory")...)
			t.Logf("%.1f MiB", float64(anon)/(1<<20))
			if anon > mostAnonymous {
				t.Errorf("%d bytes of anonymous memory", anon)
			}
		})
	}
}

// bigDirectory has logs and archives of them, and a line of megabytes.
func bigDirectory(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var text bytes.Buffer
	at := time.Date(2026, 6, 12, 9, 0, 0, 0, time.UTC)
	for n := range 15_000 {
		fmt.Fprintf(&text, `{"timestamp":%q,"level":"info","msg":"signaling session opened","channel_id":"c%d","client_id":"user%d","connection_id":"C%06dS2EB9SFBCN9AH7ASM00"}`+"\n",
			at.Add(time.Duration(n)*time.Millisecond).Format(time.RFC3339Nano), n%50, n%5000, n%5000)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(text.Bytes()) // into memory
	_ = z.Close()
	for _, log := range []string{"sora", "signaling", "event_webhook", "connection", "api", "internal"} {
		for name, content := range map[string][]byte{".jsonl": text.Bytes(), ".jsonl.1.gz": packed.Bytes()} {
			if err := os.WriteFile(filepath.Join(dir, log+name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	long := `{"timestamp":"2026-06-12T09:00:30Z","level":"info","channel_id":"c7","msg":"` + strings.Repeat("x", 6<<20) + "\"}\n"
	if err := os.WriteFile(filepath.Join(dir, "debug.jsonl"), []byte(long), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// runLow runs the program and returns the most anonymous memory it was seen with.
func runLow(t *testing.T, program string, args ...string) (most int) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "GOMEMLIMIT=")
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		most = max(most, anonymousOf(cmd.Process.Pid))
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("%v: %s", err, complaints.Bytes())
			}
			return most
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// anonymousOf is RssAnon of a process, 0 if it has gone.
func anonymousOf(pid int) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	m := rssAnon.FindSubmatch(status)
	if err != nil || m == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n << 10
}
