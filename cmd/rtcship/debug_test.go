package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/internal/pipeline"
)

// TestDebugListen serves profiles only for as long as the configuration asks
// for them: the program without a listener of any kind has no port open at all.
func TestDebugListen(t *testing.T) {
	t.Parallel()
	const base = "export: {endpoint: \"COLLECTOR\"}\n"
	l := newLive(t, base)
	if open := listeningPorts(t, l.cmd.Process.Pid); len(open) > 0 {
		t.Errorf("ports %v are open, though no configuration asks for one", open)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	address := free.Addr().String()
	l.configure(base + "debug: {listen: \"" + address + "\"}\n")
	l.await("the reload", func(s *pipeline.Status) bool { return s.Running && setting(s, "debug.listen") == address })
	for path, want := range map[string]string{
		"/debug/pprof/":                  "goroutine",
		"/debug/pprof/goroutine?debug=1": "goroutine profile: total",
		"/debug/pprof/heap?debug=1":      "heap profile:",
	} {
		resp, err := http.Get("http://" + address + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s: %s, no %q in\n%.300s", path, resp.Status, want, body)
		}
	}
	l.configure(base + "debug: {listen: \"0.0.0.0:6060\"}\n")
	s := l.await("the refusal", func(s *pipeline.Status) bool { return s.ReloadFault != "" })
	if !strings.Contains(s.ReloadFault, "only a loopback address may serve them") {
		t.Errorf("fault %q", s.ReloadFault)
	}
	if open := listeningPorts(t, l.cmd.Process.Pid); len(open) != 1 {
		t.Errorf("ports %v are open, want one", open)
	}
	l.configure(base)
	l.await("the end of it", func(*pipeline.Status) bool { return len(listeningPorts(t, l.cmd.Process.Pid)) == 0 })
}

// listeningPorts finds the TCP ports that a process listens on.
func listeningPorts(t *testing.T, pid int) (ports []int64) {
	t.Helper()
	var sockets []string
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	names, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		link, _ := os.Readlink(filepath.Join(dir, n.Name())) // it may be closed by now
		if inode, ok := strings.CutPrefix(link, "socket:["); ok {
			sockets = append(sockets, strings.TrimSuffix(inode, "]"))
		}
	}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(table)
		if err != nil {
			continue // no IPv6 here
		}
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line) // sl local remote state … inode
			if len(f) < 10 || f[3] != "0A" || !slices.Contains(sockets, f[9]) {
				continue
			}
			_, port, _ := strings.Cut(f[1], ":")
			n, _ := strconv.ParseInt(port, 16, 32)
			ports = append(ports, n)
		}
	}
	return ports
}

// TestDebugServerCloses leaves nothing behind at the end of a run.
func TestDebugServerCloses(t *testing.T) {
	var d debugServer
	if err := d.serve("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	before := listeningPorts(t, os.Getpid())
	if err := d.serve("127.0.0.1:0"); err != nil { // nothing has changed, so it stays
		t.Fatal(err)
	}
	if got := listeningPorts(t, os.Getpid()); !slices.Equal(got, before) || len(got) == 0 {
		t.Errorf("ports %v, before %v", got, before)
	}
	port := before[len(before)-1]
	taken := &debugServer{}
	if err := taken.serve("127.0.0.1:" + strconv.FormatInt(port, 10)); err == nil || !strings.Contains(err.Error(), "debug.listen") {
		t.Errorf("error %v", err)
	}
	taken.close()
	d.close()
	if got := listeningPorts(t, os.Getpid()); len(got) != len(before)-1 {
		t.Errorf("ports %v, before %v", got, before)
	}
}
