package exporter_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/exporter/exportertest"
)

// A pipe stands between exporter and receiver. After limit bytes towards the
// receiver it stops to read, or closes the connection, once.
type pipe struct {
	net.Listener
	target string
	limit  atomic.Int64 // of each connection; 0 is none
	close  bool
	open   sync.WaitGroup
}

func newPipe(t *testing.T, target string) *pipe {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &pipe{Listener: l, target: target}
	ctx, cancel := context.WithCancel(context.Background())
	p.open.Go(func() { p.serve(ctx) })
	t.Cleanup(func() {
		cancel()
		l.Close()
		p.open.Wait()
	})
	return p
}

func (p *pipe) serve(ctx context.Context) {
	for {
		conn, err := p.Accept()
		if err != nil {
			return
		}
		_ = conn.(*net.TCPConn).SetReadBuffer(64 << 10)
		p.open.Go(func() { p.forward(ctx, conn) })
	}
}

func (p *pipe) forward(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	back, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer back.Close()
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(conn, back); conn.Close() })
	stop := context.AfterFunc(ctx, func() { conn.Close(); back.Close() })
	defer stop()
	if limit := p.limit.Load(); limit == 0 {
		_, _ = io.Copy(back, conn)
	} else if _, err := io.CopyN(back, conn, limit); err == nil && p.close {
		p.limit.Store(0)
	} else if err == nil {
		<-ctx.Done()
	}
	conn.Close()
	back.Close()
	both.Wait()
}

// However the network hangs, Send returns soon after its context ends, and
// then nothing reads the buffers any more: with -race, the writes to them below
// would be found.
func TestBuffersAreFreeOnceSendReturns(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, protocol string) {
		t.Parallel()
		s := start(t, exportertest.Config{MaxMessage: 64 << 20})
		p := newPipe(t, s.Addr(protocol))
		p.limit.Store(100_000)
		e := open(t, exporter.Config{Endpoint: "http://" + p.Addr().String(), Protocol: protocol, MaxRequest: 64 << 20, Blocked: always})
		g, _ := group("a", 800, 10_000)
		for range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			begin := time.Now()
			err := e.Send(ctx, []exporter.Group{g})
			took := time.Since(begin)
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("error %v", err)
			}
			if took > 20*time.Second { // the pipe would hold it for ever
				t.Errorf("Send took %v", took)
			}
			for i := 0; i < len(g.Records); i += 256 {
				g.Records[i]++
				g.Records[i]--
			}
		}
	})
}

// The same while the network is busy with the request. With TLS, HTTP is
// HTTP/2.
func TestBuffersAreFreeOnceSendWithdraws(t *testing.T) {
	server := &tls.Config{Certificates: []tls.Certificate{newAuthority(t, "ours").issue(t, "collector")}}
	for _, config := range []*tls.Config{nil, server} {
		name := "plain"
		if config != nil {
			name = "tls"
		}
		t.Run(name, func(t *testing.T) { testWithdrawals(t, config) })
	}
}

func testWithdrawals(t *testing.T, server *tls.Config) {
	eachProtocol(t, func(t *testing.T, protocol string) {
		s := start(t, exportertest.Config{MaxMessage: 64 << 20, TLS: server})
		e := open(t, exporter.Config{
			Endpoint: s.Endpoint(protocol), Protocol: protocol, MaxRequest: 64 << 20, Blocked: always,
			TLS: exporter.TLS{InsecureSkipVerify: true},
		})
		g, _ := group("a", 400, 10_000)
		for i := range 12 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%12)*400*time.Microsecond)
			_ = e.Send(ctx, []exporter.Group{g})
			cancel()
			for i := 0; i < len(g.Records); i += 64 {
				g.Records[i]++
				g.Records[i]--
			}
		}
	})
}

// A connection that breaks in the middle of a request costs nothing but time.
func TestConnectionBreaksInTheMiddle(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, protocol string) {
		t.Parallel()
		var got ledger
		s := start(t, exportertest.Config{MaxMessage: 64 << 20, Take: got.take})
		p := newPipe(t, s.Addr(protocol))
		p.close = true
		p.limit.Store(1_000_000)
		e := open(t, exporter.Config{Endpoint: "http://" + p.Addr().String(), Protocol: protocol, MaxRequest: 64 << 20, Blocked: always})
		g, uids := group("a", 600, 10_000)
		if err := e.Send(t.Context(), []exporter.Group{g}); err != nil {
			t.Fatal(err)
		}
		clear(g.Records) // with -race: nobody may read them any more
		if missing := got.missing(uids); len(missing) > 0 || got.bad != nil {
			t.Errorf("missing %d, %v", len(missing), got.bad)
		}
		if e.Status().Retries == 0 {
			t.Error("the connection did not break")
		}
	})
}

// Nothing listens at first; delivery begins soon after something does.
func TestCollectorComesLate(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, protocol string) {
		t.Parallel()
		addr, free, err := exportertest.ClosedAddress()
		if err != nil {
			t.Fatal(err)
		}
		e := open(t, exporter.Config{Endpoint: "http://" + addr, Protocol: protocol, Blocked: always})
		done := make(chan error, 1)
		g, uids := group("a", 10, 10)
		go func() { done <- e.Send(t.Context(), []exporter.Group{g}) }()
		for end := time.Now().Add(time.Minute); e.Status().LastError == nil && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
		if s := e.Status(); s.Connected || s.LastError == nil || s.LastError.Hint == "" {
			t.Errorf("status %+v, %+v", s, s.LastError)
		}
		var got ledger
		free()
		cfg := exportertest.Config{GRPCListen: addr, HTTPListen: "-", Take: got.take}
		if protocol == exporter.ProtocolHTTP {
			cfg.GRPCListen, cfg.HTTPListen = "-", addr
		}
		start(t, cfg)
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(2 * time.Minute):
			t.Fatal("not delivered")
		}
		if missing := got.missing(uids); len(missing) > 0 {
			t.Errorf("missing %q", missing)
		}
		if !e.Status().Connected {
			t.Error("not connected")
		}
	})
}

// Many callers at once, a collector that fails at random and callers that give
// up: whoever got nil has all records delivered.
func TestManyCallers(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, protocol string) {
		t.Parallel()
		var got ledger
		var n atomic.Int64
		s := start(t, exportertest.Config{Take: got.take, Answer: func(*exportertest.Request) *exportertest.Fault {
			switch n.Add(1) % 7 {
			case 1:
				return &exportertest.Fault{Drop: true}
			case 2:
				return &exportertest.Fault{Drop: true, Taken: true}
			}
			return nil
		}})
		e := open(t, exporter.Config{Endpoint: s.Endpoint(protocol), Protocol: protocol, MaxDelay: 5 * time.Millisecond, MaxRequest: 100_000})
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				g, uids := group(string(rune('A'+i)), 200, 100)
				ctx := t.Context()
				if i%3 == 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, time.Duration(i)*20*time.Millisecond)
					defer cancel()
				}
				err := e.Send(ctx, []exporter.Group{g})
				if missing := got.missing(uids); err == nil && len(missing) > 0 {
					t.Errorf("settled, but %d missing", len(missing))
				}
				if err != nil && i%3 != 0 {
					t.Errorf("error %v", err)
				}
				clear(g.Records)
			})
		}
		wg.Wait()
		if got.bad != nil {
			t.Errorf("a request that does not decode: %v", got.bad)
		}
	})
}
