package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rtcship/rtcship/exporter/exportertest"
)

// maxAnonymous is how much memory of its own the program may take, whatever
// the lines are.
const maxAnonymous = 40 << 20

// TestHugeLines sends lines of 1 byte to 64 MiB, with NULs, carriage returns
// and bytes that are no UTF-8, through the whole program. All of them arrive,
// and the program's own memory stays within bounds.
func TestHugeLines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	want, size := writeHugeLines(t, dir)
	var got histogram
	var bytesGot atomic.Int64
	server, err := exportertest.Start(exportertest.Config{HTTPListen: "-", Take: func(r *exportertest.Request) {
		records, err := r.Records()
		if err != nil {
			t.Error(err)
		}
		for _, rec := range records {
			body := rec.GetBody().GetStringValue()
			got.add(body)
			bytesGot.Add(int64(len(body)))
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	cmd := exec.Command(plainProgram(t))
	cmd.Args = []string{
		"rtcship", "run", "--sora-log-dir", filepath.Join(dir, "log"), "--state-dir", filepath.Join(dir, "state"),
		"--endpoint", server.Endpoint(exportertest.GRPC), "--export-concurrency", "1", "--admin-listen", "", "--log-otlp=false",
	}
	var out bytes.Buffer
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	most := 0
	for end := time.Now().Add(5 * time.Minute); bytesGot.Load() < size && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		most = max(most, anonymous(t, cmd.Process.Pid))
	}
	settledStatus(t, filepath.Join(dir, "state"))
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%.2000s", err, out.String())
	}
	t.Logf("%d of %d bytes arrived, %d MiB of anonymous memory at most", bytesGot.Load(), size, most>>20)
	if bytesGot.Load() != size || got != want {
		t.Error("not everything arrived as it was written")
	}
	if most > maxAnonymous {
		t.Errorf("%d bytes of anonymous memory, want at most %d", most, maxAnonymous)
	}
}

// A histogram counts bytes by value, since requests may come in any order.
type histogram [256]int64

func (h *histogram) add(s string) {
	for i := range len(s) {
		h[s[i]]++
	}
}

// writeHugeLines writes the log, and returns what is to arrive.
func writeHugeLines(t *testing.T, dir string) (sum histogram, size int64) {
	if err := os.Mkdir(filepath.Join(dir, "log"), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "log", "other.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unit := []byte("a line with a NUL \x00 and a blank, and so on and on; ")
	for i, n := range []int{1, 100, 240 << 10, 1 << 20, 8 << 20, 8<<20 + 1, 64 << 20, 10} {
		line := bytes.Repeat(unit, n/len(unit)+1)[:n]
		end := []string{"\n", "\r\n"}[i%2]
		if _, err := f.Write(append(line, end...)); err != nil {
			t.Fatal(err)
		}
		sum.add(string(line))
		size += int64(n)
	}
	return sum, size
}

var rssAnon = regexp.MustCompile(`RssAnon:\s+(\d+) kB`)

// anonymous returns how much memory of its own a process has.
func anonymous(t *testing.T, pid int) int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	m := rssAnon.FindSubmatch(b)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n << 10
}

// plainProgram builds the program as users have it: the race detector, with
// which the tests may run, takes many times the memory.
func plainProgram(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rtcship")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}
