package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rtcship/rtcship/exporter/exportertest"
)

// What is under way is bounded by limits.memory plus max_request × concurrency;
// the rest is the program itself.
const (
	maxUnderWay = 16<<20 + 2*3<<20
	programSize = 20 << 20
)

// TestSilentCollector holds a collector silent while 1,000 files wait to be
// shipped: memory stays within its bound, with batches of many lines and with as
// many batches of a few lines as there are files.
func TestSilentCollector(t *testing.T) {
	for _, lines := range []int{600, 8} {
		t.Run(strconv.Itoa(lines), func(t *testing.T) {
			t.Parallel()
			holdSilent(t, lines)
		})
	}
}

func holdSilent(t *testing.T, lines int) {
	var requests atomic.Int32
	server, err := exportertest.Start(exportertest.Config{HTTPListen: "-", Answer: func(*exportertest.Request) *exportertest.Fault {
		requests.Add(1)
		return &exportertest.Fault{Stall: true}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	dir, state := t.TempDir(), t.TempDir()
	backlog := bytes.Repeat([]byte(`{"timestamp":"2026-11-21T08:00:00.000000Z","level":"error","msg":"PONG-TIMEOUT-ERROR","channel_id":"lobby"}`+"\n"), lines)
	for i := range 1000 {
		if err := os.WriteFile(filepath.Join(dir, "log-"+strconv.Itoa(i)+"x.jsonl"), backlog, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(plainProgram(t))
	cmd.Args = []string{
		"rtcship", "run", "--sora-log-dir", dir, "--state-dir", state, "--endpoint", server.Endpoint(exportertest.GRPC),
		"--admin-listen", "", "--log-otlp=false", "--export-timeout", "1h",
	}
	var out bytes.Buffer
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	most, since := 0, time.Now()
	// It is over when memory has not grown for two seconds, since then
	// everything waits for the collector.
	for end := time.Now().Add(patience); (time.Since(since) < 2*time.Second || requests.Load() == 0) && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if now := anonymous(t, cmd.Process.Pid); now > most+1<<20 {
			most, since = now, time.Now()
		}
	}
	s, err := askStatus(t, state)
	for end := time.Now().Add(time.Minute); (err != nil || s.Ledger["sora"].InFlight == 0) && time.Now().Before(end); s, err = askStatus(t, state) {
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil || s.Ledger["sora"].InFlight == 0 {
		t.Errorf("%v; nothing is under way: %+v", err, s)
	}
	most = max(most, anonymous(t, cmd.Process.Pid))
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	cmd.Wait()
	if n := requests.Load(); n == 0 || n > 2 {
		t.Errorf("%d requests were under way, want one or two", n)
	}
	t.Log(fmt.Sprintf("%d MiB of anonymous memory at most", most>>20), strings.TrimSpace(out.String()))
	if most > maxUnderWay+programSize {
		t.Errorf("%d bytes of anonymous memory, want at most %d", most, maxUnderWay+programSize)
	}
}

// TestCatchesUpWithoutCollecting lets many files wait that are larger than what
// may be under way. If that lay above the soft memory limit, Go would collect
// garbage all the time, at twice the cost of a record.
func TestCatchesUpWithoutCollecting(t *testing.T) {
	const files, lines = 80, 9000
	var records atomic.Int64
	server, err := exportertest.Start(exportertest.Config{HTTPListen: "-", Answer: func(r *exportertest.Request) *exportertest.Fault {
		records.Add(int64(r.Count()))
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	dir := t.TempDir()
	backlog := bytes.Repeat([]byte(`{"timestamp":"2026-11-21T08:00:00.000000Z","level":"error","msg":"PONG-TIMEOUT-ERROR","channel_id":"lobby"}`+"\n"), lines)
	for i := range files {
		if err := os.WriteFile(filepath.Join(dir, "log-"+strconv.Itoa(i)+"x.jsonl"), backlog, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(plainProgram(t))
	cmd.Args = []string{
		"rtcship", "run", "--sora-log-dir", dir, "--state-dir", t.TempDir(), "--endpoint", server.Endpoint(exportertest.GRPC),
		"--admin-listen", "", "--log-otlp=false",
	}
	cmd.Env = append(os.Environ(), "GODEBUG=gctrace=1")
	var out bytes.Buffer
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Minute); records.Load() < files*lines && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	cmd.Wait()
	if n := records.Load(); n < files*lines {
		t.Errorf("%d of %d records have arrived", n, files*lines)
	}
	// There are 15 to 30, and 130 to 160 with a limit that is too low.
	if n := strings.Count(out.String(), "\ngc ") + 1; n > 80 {
		t.Errorf("%d collections", n)
	}
}
