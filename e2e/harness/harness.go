// Package harness runs the real parts of the end-to-end tests: rtcship as it is
// built from this tree, the OpenTelemetry Collector, and whatever writes logs.
// Every part is a child process that ends with the test, listens on 127.0.0.1
// only, and whose output is shown when the test fails.
package harness

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// binary is where Main put the program under test; it is written once, before any test runs.
var binary string

// Main builds rtcship from the root of this tree, runs the tests of m and exits
// with their status. A package of end-to-end tests calls it from TestMain.
func Main(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "rtcship-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if binary, err = Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Build builds rtcship from the root of this tree into dir, and returns its path.
func Build(dir string) (string, error) {
	path := filepath.Join(dir, "rtcship")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/rtcship")
	cmd.Dir = Root()
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build rtcship: %w\n%s", err, out)
	}
	return path, nil
}

// Root returns the folder of the repository.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// Binary returns the path of the rtcship that Main built.
func Binary(t testing.TB) string {
	if binary == "" {
		t.Fatal("rtcship was not built: TestMain must call harness.Main")
	}
	return binary
}

// FreeAddr returns an address on 127.0.0.1 whose port was free for TCP and UDP
// just now. The port is below the range that the kernel takes for outgoing
// connections, so it stays free while the part that listens there is stopped.
func FreeAddr(t testing.TB) string {
	t.Helper()
	for range 200 {
		addr := fmt.Sprintf("127.0.0.1:%d", 12000+rand.IntN(18000))
		if free(addr) {
			return addr
		}
	}
	t.Fatal("no free port on 127.0.0.1")
	return ""
}

func free(addr string) bool {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return false
	}
	defer l.Close()
	p, err := net.ListenPacket("udp", addr)
	if err != nil {
		return false
	}
	p.Close()
	return true
}

// Patience is far more than anything takes that nobody has promised to be fast, on a
// machine with much other work, too.
const Patience = 3 * time.Minute

// Wait calls ready until it returns nil. After limit it fails the test with
// what was waited for, the last error, and the output of the processes that
// should have brought it about; it fails at once if one of them has ended by
// itself.
func Wait(t testing.TB, limit time.Duration, what string, ready func() error, procs ...*Process) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for {
		err := ready()
		if err == nil {
			return
		}
		for _, p := range procs {
			if p.Exited() {
				t.Fatalf("wait for %s: %s has ended: %v\n%s", what, p.Name, p.err, outputs(procs))
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("wait for %s: not within %v: %v\n%s", what, limit, err, outputs(procs))
		}
		time.Sleep(25 * time.Millisecond)
	}
}

func outputs(procs []*Process) (all string) {
	for _, p := range procs {
		all += fmt.Sprintf("--- output of %s\n%s\n", p.Name, p.Output())
	}
	return all
}
