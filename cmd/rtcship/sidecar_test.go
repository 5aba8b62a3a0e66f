package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/exporter/exportertest"
)

// In a container of 64 MiB, where the kernel ends all processes if one takes too
// much, a shipper that catches up outlives whatever is asked beside it.
func TestBesideAShipper(t *testing.T) {
	group := newCgroup(t, 64<<20)
	group.program = plainProgram(t)
	dir, state := bigDirectory(t), t.TempDir()
	slow := exportertest.Config{HTTPListen: "-", Answer: func(*exportertest.Request) *exportertest.Fault {
		return &exportertest.Fault{Delay: 200 * time.Millisecond, Taken: true} // so that it goes on catching up
	}}
	receiver, err := exportertest.Start(slow)
	if err != nil {
		t.Fatal(err)
	}
	defer receiver.Close()
	ship := group.command("run", "--sora-log-dir", dir, "--state-dir", state, "--endpoint", receiver.Endpoint(exportertest.GRPC), "--admin-listen", "", "--log-otlp=false", "--log-level", "error")
	if err := ship.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- ship.Wait() }()
	t.Cleanup(func() { _ = ship.Process.Kill(); <-ended })
	for _, args := range [][]string{{"tail", dir}, {"call", "C000123", dir}, {"top", dir}, {"tail", "-n", "50", dir}} {
		if out, err := group.command(args...).CombinedOutput(); err != nil || len(out) == 0 {
			t.Errorf("%s: %v\n%.300s", args, err, out)
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("after %s the shipper has ended: %v", args, err)
		default:
		}
	}
	t.Logf("most memory of the group, with files in the cache: %s bytes", group.most())
}

// A cgroup bounds the memory of the processes in it, all together.
type cgroup struct{ dir, peak, program string }

// newCgroup makes one below that of this process, or the test is left out.
func newCgroup(t *testing.T, limit int) *cgroup {
	t.Helper()
	for _, kind := range []struct {
		root, limit, peak string
		settings          map[string]string
	}{
		{"/sys/fs/cgroup", "memory.max", "memory.peak", map[string]string{"memory.oom.group": "1", "memory.swap.max": "0"}},
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes", nil},
	} {
		dir := filepath.Join(kind.root, fmt.Sprintf("rtcship-test-%d", os.Getpid()))
		if os.Mkdir(dir, 0o755) != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, kind.limit)); err != nil || os.WriteFile(filepath.Join(dir, kind.limit), []byte(strconv.Itoa(limit)), 0o600) != nil {
			_ = os.Remove(dir) // no memory is counted there
			continue
		}
		for name, value := range kind.settings {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(value), 0o600); err != nil && name == "memory.oom.group" {
				t.Fatal(err)
			}
		}
		t.Cleanup(func() {
			for end := time.Now().Add(10 * time.Second); os.Remove(dir) != nil && time.Now().Before(end); { // its processes are just ending
				time.Sleep(20 * time.Millisecond)
			}
		})
		return &cgroup{dir: dir, peak: filepath.Join(dir, kind.peak)}
	}
	t.Skip("no cgroup with a limit on memory can be had here: TestLowMemory measures alone")
	return nil
}

// command is the program within the group.
func (g *cgroup) command(args ...string) *exec.Cmd {
	script := `echo $$ > "$0/cgroup.procs" && exec "$@"`
	return exec.Command("sh", append([]string{"-c", script, g.dir, g.program}, args...)...)
}

func (g *cgroup) most() string {
	b, err := os.ReadFile(g.peak)
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(b))
}
