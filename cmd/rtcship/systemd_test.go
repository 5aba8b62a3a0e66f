package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSystemd is systemd to the real process: it hears that it is ready, that it
// still answers, what state it is in, and that it stops.
func TestSystemd(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "notify") //nolint:usetesting // t.TempDir may be too long for a socket's name
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"}
	systemd, err := net.ListenUnixgram("unixgram", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer systemd.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Args = []string{
		"rtcship", "run", "--sora-log-dir", filepath.Join(dir, "missing"), "--state-dir", filepath.Join(dir, "state"),
		"--endpoint", "http://127.0.0.1:1", "--admin-listen", "", "--log-otlp=false",
	}
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket.Name, "WATCHDOG_USEC=200000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	hear := func(want ...string) {
		t.Helper()
		systemd.SetReadDeadline(time.Now().Add(patience))
		buf := make([]byte, 4096)
		for {
			n, err := systemd.Read(buf)
			if err != nil {
				t.Fatalf("waiting for %q: %v", want, err)
			}
			heard := true
			for _, w := range want {
				heard = heard && strings.Contains("\n"+string(buf[:n])+"\n", "\n"+w)
			}
			if heard {
				return
			}
		}
	}
	hear("READY=1\n", "STATUS=")
	hear("WATCHDOG=1\n", "STATUS=red, 0 files, 0 B behind: ") // there is no such directory, and that is said
	hear("WATCHDOG=1\n")
	cmd.Process.Signal(syscall.SIGTERM)
	hear("STOPPING=1\n")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestWithoutSystemd(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	(&supervisor{}).notify("READY=1") // must not need anything
}
