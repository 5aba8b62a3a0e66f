package main

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rtcship/rtcship/exporter/exportertest"
)

// The sample day is shipped as a whole: every record that convert makes of the
// directory arrives once, and so does what the captures hold over TCP, with
// octet counts and with newlines.
func TestShipsTheDay(t *testing.T) {
	t.Parallel()
	const counted, lines = 3, 4 // messages of the two captures
	want := recordsOf(t, "../../testdata/sora/log")
	var mu sync.Mutex
	got := map[string]int{}
	server, err := exportertest.Start(exportertest.Config{HTTPListen: "-", Take: func(r *exportertest.Request) {
		mu.Lock()
		defer mu.Unlock()
		request, err := r.Logs()
		if err != nil {
			t.Error(err)
			return
		}
		for _, resource := range request.ResourceLogs {
			for _, record := range resource.ScopeLogs[0].LogRecords {
				got[record.Body.GetStringValue()]++
			}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	dir, err := filepath.Abs("../../testdata/sora/log")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Args = []string{
		"rtcship", "run", "--sora-log-dir", dir, "--sora-start", "2026-01-01T00:00:00Z", "--state-dir", t.TempDir(),
		"--endpoint", server.Endpoint(exportertest.GRPC), "--pexip-listen", "tcp://" + address, "--admin-listen", "", "--log-otlp=false",
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	for _, name := range []string{"tcp-octets.log", "tcp-lines.log"} {
		send(t, address, filepath.Join("../../testdata/pexip/capture", name))
	}
	total := func() (n int) {
		mu.Lock()
		defer mu.Unlock()
		for _, k := range got {
			n += k
		}
		return n
	}
	for end := time.Now().Add(patience); total() < len(want)+counted+lines; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			break
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for _, body := range want {
		if got[body]--; got[body] < 0 {
			t.Errorf("did not arrive: %.100q", body)
		}
	}
	left := 0
	for body, n := range got {
		if left += max(n, 0); n > 0 && strings.HasPrefix(body, "{") {
			t.Errorf("came %d times too often: %.100q", n, body)
		}
	}
	if left != counted+lines {
		t.Errorf("%d messages by syslog, want %d", left, counted+lines)
	}
}

// recordsOf are the bodies of all records that a directory's files become.
func recordsOf(t *testing.T, dir string) (bodies []string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Args = []string{"rtcship", "tail", "--json", dir}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var data struct {
			ResourceLogs []struct {
				ScopeLogs []struct {
					LogRecords []struct {
						Body struct{ StringValue string }
					}
				}
			}
		}
		if err := dec.Decode(&data); err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, data.ResourceLogs[0].ScopeLogs[0].LogRecords[0].Body.StringValue)
	}
	slices.Sort(bodies)
	return bodies
}

func send(t *testing.T, address, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_, err = conn.Write(text)
			conn.Close()
		}
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}
