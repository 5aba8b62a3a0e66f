package syslog

import (
	"bytes"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestNotices(t *testing.T) {
	var ns notices
	now := time.Unix(1000, 0)
	check := func(reason string, after time.Duration, silent int, ok bool) {
		t.Helper()
		if s, o := ns.due(reason, 1, now.Add(after)); s != silent || o != ok {
			t.Errorf("%s after %v: %d, %v; want %d, %v", reason, after, s, o, silent, ok)
		}
	}
	check("a", 0, 0, true)
	check("a", time.Second, 0, false)
	check("b", time.Second, 0, true)
	check("a", noticeEvery-1, 0, false)
	check("a", noticeEvery, 2, true)
	check("a", noticeEvery+1, 0, false)
	check("a", 3*noticeEvery, 1, true)
	check("a", 5*noticeEvery, 0, true)
	ns.due("a", 3, now.Add(5*noticeEvery+1))
	check("a", 6*noticeEvery, 3, true)
}

// lockedBuffer is written by the server and read by a test.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// What is refused is logged once, and counted each time.
func TestRefusalsAreLoggedOnce(t *testing.T) {
	var sink memory
	var log lockedBuffer
	s := serve(t, Config{
		Listen: []string{"tcp://127.0.0.1:0", "udp://127.0.0.1:0"}, Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	}, &sink)
	const n = 20
	for range n {
		for i, network := range []string{"tcp", "udp"} {
			c, err := net.Dial(network, s.addrs()[i].String())
			if err != nil {
				t.Fatal(err)
			}
			_, _ = c.Write([]byte("x\n")) // it may be closed already
			c.Close()
		}
	}
	waitFor(t, func() bool {
		st := s.Status()
		return st[0].Refused[EndNotAllowed] == n && st[1].Dropped[DropNotAllowed] == n
	})
	for _, msg := range []string{"connection refused", "datagram dropped"} {
		if got := strings.Count(log.String(), msg); got != 1 {
			t.Errorf("%q is logged %d times:\n%s", msg, got, log.String())
		}
	}
}
