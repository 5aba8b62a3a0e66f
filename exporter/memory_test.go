package exporter_test

import (
	"context"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/rtcship/rtcship/exporter"
)

// silent listens, reads all that comes and never says a word.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				_, _ = io.Copy(io.Discard, conn)
				conn.Close()
			})
		}
	})
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

// With a thousand files waiting for a collector that is silent, the exporter
// needs little beyond what its callers hold anyway, and does not grow.
func TestMemoryWhileCollectorIsSilent(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol string) {
		e := open(t, exporter.Config{Endpoint: "http://" + silent(t), Protocol: protocol, Blocked: always, Timeout: 100 * time.Millisecond})
		groups := make([]exporter.Group, 1000)
		for i := range groups {
			groups[i], _ = group("sora", 16, 900) // 16 MiB in all
		}
		before := heap()
		ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
		defer cancel()
		var sends sync.WaitGroup
		for i := range groups {
			sends.Go(func() {
				if err := e.Send(ctx, groups[i:i+1]); err == nil {
					t.Error("a silent collector has accepted records")
				}
			})
		}
		var most uint64
		for ctx.Err() == nil {
			time.Sleep(150 * time.Millisecond)
			most = max(most, min(heap(), heap())) // not what an attempt that ends just now has left behind
		}
		sends.Wait()
		// Two requests may be under way; and a thousand callers' goroutines.
		const bound = 2*(3<<20) + 1000*4<<10
		if grown := int64(most) - int64(before); grown > bound {
			t.Errorf("the heap has grown by %d KiB, want at most %d", grown>>10, bound>>10)
		} else {
			t.Logf("the heap has grown by %d KiB", grown>>10)
		}
		runtime.KeepAlive(groups)
	})
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}
