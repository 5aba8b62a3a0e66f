package syslog

import (
	"bytes"
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/spool"
)

// In the steady state no message costs an allocation, by whatever way it
// comes, the spool included.
func TestNoAllocationPerMessage(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	ca := newAuthority(t, "ca")
	line := append(bytes.Repeat([]byte("x"), 400), '\n')
	counted := []byte(fmt.Sprintf("401 <%s", bytes.Repeat([]byte("y"), 400)))
	tests := []struct {
		listen  string
		message []byte
		burst   int // messages written at once
	}{
		{"tcp://127.0.0.1:0", line, 1},
		{"tcp://127.0.0.1:0", line, 333},
		{"tcp://127.0.0.1:0", counted, 20},
		{"tls://127.0.0.1:0", counted, 20},
		{"udp://127.0.0.1:0", line, 1},
		{"udp://[::1]:0", line, 1},
		{"unix://" + filepath.Join(t.TempDir(), "s"), line, 20},
		{"unixgram://" + filepath.Join(t.TempDir(), "g"), line, 1},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.listen[:4], tt.burst), func(t *testing.T) {
			sp, err := spool.Open(spool.Config{Dir: t.TempDir(), Fsync: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			defer sp.Close()
			s := serve(t, Config{Listen: []string{tt.listen}, TLS: ca.files(t, t.TempDir(), 2)}, sp)
			var c net.Conn
			if tt.listen[:3] == "tls" {
				c, err = dialTLS(t, s, ca.trust())
				if err != nil {
					t.Fatal(err)
				}
			} else {
				c = dial(t, s, 0)
			}
			counters := s.listeners[0].counters
			data := bytes.Repeat(tt.message, tt.burst)
			total := uint64(0)
			round := func(messages int) {
				for range messages / tt.burst {
					if _, err := c.Write(data); err != nil {
						t.Fatal(err)
					}
					total += uint64(tt.burst)
				}
				for counters.messages.Load() < total {
					time.Sleep(time.Millisecond)
				}
			}
			round(2000)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			round(10_000)
			runtime.ReadMemStats(&after)
			// The timers of this test and of the pauses are some.
			if n := after.Mallocs - before.Mallocs; n > 1500 {
				t.Errorf("%d allocations for 10,000 messages", n)
			} else {
				t.Logf("%d allocations for 10,000 messages", n)
			}
		})
	}
}
