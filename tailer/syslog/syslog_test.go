package syslog

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/spool"
)

// A memory is a Sink that keeps messages in memory.
type memory struct {
	mu   sync.Mutex
	got  []entry.Entry
	gate chan struct{} // when not nil, Append waits until it is closed
	err  error         // what TryAppend returns, if not nil

	waiting atomic.Int32 // how many wait at the gate
}

func (m *memory) Append(ctx context.Context, b *spool.Batch) error {
	m.mu.Lock()
	gate := m.gate
	m.mu.Unlock()
	if gate != nil {
		m.waiting.Add(1)
		defer m.waiting.Add(-1)
		select {
		case <-gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return m.keep(b)
}

func (m *memory) TryAppend(b *spool.Batch) error {
	m.mu.Lock()
	err := m.err
	m.mu.Unlock()
	if err != nil {
		return err
	}
	return m.keep(b)
}

func (m *memory) keep(b *spool.Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return b.Take(func(data []byte) (int, error) {
		data = bytes.Clone(data)
		n := len(data)
		for len(data) > 0 {
			e, size, err := spool.Format{}.Split(data, 1, true)
			if err != nil {
				return 0, err
			}
			m.got = append(m.got, e)
			data = data[size:]
		}
		return n, nil
	})
}

// texts returns what has come so far.
func (m *memory) texts() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]string, len(m.got))
	for i, e := range m.got {
		out[i] = string(e.Text)
	}
	return out
}

func (m *memory) entries() []entry.Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clip(m.got)
}

// wait waits until n messages have come, and returns them.
func (m *memory) wait(t testing.TB, n int) []entry.Entry {
	t.Helper()
	waitFor(t, func() bool { return len(m.entries()) >= n })
	return m.entries()
}

// patience is far longer than anything takes, on a busy machine too.
const patience = time.Minute

func waitFor(t testing.TB, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("condition not met in time")
		}
	}
}

// waitStatus waits until the listeners' status is as ok wants it: messages and
// connections are counted after the sink or the peer has noticed them.
func waitStatus(t testing.TB, s *Server, ok func(st []ListenerStatus) bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for st := s.Status(); !ok(st); st = s.Status() {
		if time.Now().After(deadline) {
			t.Fatalf("status %+v", st)
		}
		time.Sleep(time.Millisecond)
	}
}

// serve runs a server until the end of the test.
func serve(t testing.TB, cfg Config, sink Sink) *Server {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := Listen(cfg, sink)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(context.Background()) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return s
}

// addrs returns what the listeners are bound to, in the order of Config.Listen.
func (s *Server) addrs() []net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	addrs := make([]net.Addr, len(s.listeners))
	for i, l := range s.listeners {
		addrs[i] = l.addr()
	}
	return addrs
}

// dial connects to the i-th listener, and closes the connection at the end.
func dial(t testing.TB, s *Server, i int) net.Conn {
	t.Helper()
	addr := s.addrs()[i]
	c, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func send(t testing.TB, c net.Conn, s string) {
	t.Helper()
	if _, err := c.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
}

func TestTransports(t *testing.T) {
	dir := t.TempDir()
	tests := []struct{ listen, transport, peer string }{
		{"udp://127.0.0.1:0", "udp", "127.0.0.1"},
		{"udp://[::1]:0", "udp", "::1"},
		{"udp://:0", "udp", "127.0.0.1"},
		{"tcp://127.0.0.1:0", "tcp", "127.0.0.1"},
		{"tcp://[::1]:0", "tcp", "::1"},
		{"unix://" + filepath.Join(dir, "stream"), "unix", ""},
		{"unixgram://" + filepath.Join(dir, "dgram"), "unix", ""},
	}
	for _, tt := range tests {
		t.Run(tt.listen, func(t *testing.T) {
			var sink memory
			before := time.Now()
			s := serve(t, Config{Listen: []string{tt.listen}}, &sink)
			c := dialFrom4(t, s, tt.peer)
			send(t, c, "<14>hello\n")
			e := sink.wait(t, 1)[0]
			if string(e.Text) != "<14>hello" || e.Transport != tt.transport || e.Cut {
				t.Errorf("got %+v", e)
			}
			if e.Observed.Before(before) || e.Observed.After(time.Now()) {
				t.Errorf("received at %v", e.Observed)
			}
			want := netip.AddrPort{}
			if tt.peer != "" {
				local := netip.MustParseAddrPort(c.LocalAddr().String())
				want = netip.AddrPortFrom(netip.MustParseAddr(tt.peer), local.Port())
			}
			if e.Peer != want {
				t.Errorf("peer %v, want %v", e.Peer, want)
			}
			waitStatus(t, s, func(st []ListenerStatus) bool {
				return st[0].Messages == 1 && st[0].Bytes == 9 && st[0].Transport == tt.transport
			})
		})
	}
}

// dialFrom4 connects by IPv4 to a listener of both kinds if the peer is an
// IPv4 address.
func dialFrom4(t testing.TB, s *Server, peer string) net.Conn {
	t.Helper()
	addr := s.addrs()[0]
	to := addr.String()
	if strings.HasPrefix(to, "[::]") && strings.Contains(peer, ".") {
		to = "127.0.0.1" + strings.TrimPrefix(to, "[::]")
	}
	c, err := net.Dial(addr.Network(), to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestManyMessagesOverTCP(t *testing.T) {
	for _, framing := range []string{"lines", "counts"} {
		t.Run(framing, func(t *testing.T) {
			var sink memory
			s := serve(t, Config{Listen: []string{"tcp://127.0.0.1:0"}}, &sink)
			c := dial(t, s, 0)
			const n = 20_000
			var out bytes.Buffer
			for i := range n {
				text := fmt.Sprintf("<14>message %d %s", i, strings.Repeat("x", i%500))
				if framing == "lines" {
					out.WriteString(text + "\n")
				} else {
					fmt.Fprintf(&out, "%d %s", len(text), text)
				}
			}
			go c.Write(out.Bytes())
			for i, e := range sink.wait(t, n) {
				want := fmt.Sprintf("<14>message %d %s", i, strings.Repeat("x", i%500))
				if string(e.Text) != want {
					t.Fatalf("message %d is %q", i, e.Text)
				}
			}
		})
	}
}

func TestServeAfterClose(t *testing.T) {
	s, err := Listen(Config{Listen: []string{"udp://127.0.0.1:0", "tcp://127.0.0.1:0"}}, &memory{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Reload(Config{}); err == nil {
		t.Error("a closed server can be reloaded")
	}
	if st := s.Status(); len(st) != 2 || st[0].Address == "" {
		t.Errorf("status %+v", st)
	}
}
