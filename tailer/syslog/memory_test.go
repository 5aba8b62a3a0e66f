package syslog

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/spool"
)

// anonymous returns the anonymous memory of this process in KiB.
func anonymous(t testing.TB) (kib int) {
	t.Helper()
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("no /proc")
	}
	_, rest, _ := strings.Cut(string(data), "RssAnon:")
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	return kib
}

// One peer opens thousands of connections and writes lines that never end to
// all of them. Another one is served meanwhile, and memory stays bounded.
func TestFloodOfConnections(t *testing.T) {
	debug.FreeOSMemory() // what earlier tests have used is not of interest
	n := 1000
	if *load {
		n = 10_000
	}
	sp, err := spool.Open(spool.Config{Dir: t.TempDir(), MaxBytes: 256 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	done := make(chan struct{})
	defer close(done)
	go settle(t, sp, done)
	s := serve(t, Config{Listen: []string{"tcp://127.0.0.1:0"}}, sp)
	flood := job{network: "hog", addr: s.addrs()[0].String(), n: n}.start(t)
	over := make(chan error, 1)
	go func() { over <- flood.Wait() }()
	waitFor(t, func() bool { return s.Status()[0].Refused[EndLimit] > 10 })

	// With the flood going on, a peer gets in, and every message of it through.
	good, err := dialFrom(t, s, "127.0.0.3")
	if err != nil {
		t.Fatal(err)
	}
	peak, sent := 0, 0
	for flooding := true; flooding; {
		send(t, good, fmt.Sprintf("<14>good %d\n", sent))
		sent++
		peak = max(peak, anonymous(t))
		select {
		case err := <-over:
			if err != nil {
				t.Error(err)
			}
			flooding = false
		case <-time.After(5 * time.Millisecond):
		}
	}
	waitFor(t, func() bool { return s.Status()[0].Messages-s.Status()[0].Cut >= uint64(sent) })
	t.Logf("%d connections, %d messages of another peer meanwhile; at most %d KiB of anonymous memory", n, sent, peak)
	if peak > 40<<10 && !raceEnabled {
		t.Errorf("%d KiB of anonymous memory", peak)
	}
	// The one that had to make room may have had much to deliver. None had to if the flood was over first.
	waitFor(t, func() bool {
		st := s.Status()[0]
		return st.Refused[EndEvicted] <= 1 && st.Connections <= defaultMaxConnections
	})
}
