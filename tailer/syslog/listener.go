package syslog

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rtcship/rtcship/tailer/spool"
)

// A listener is one open address: a stream listener with its connections, or
// a datagram socket.
type listener struct {
	server    *Server
	endpoint  Endpoint
	transport spool.Transport
	accept    net.Listener // of streams
	packets   *packets     // of datagrams
	counters  *counters
	open      atomic.Int64 // connections
	notices   notices

	ctx    context.Context // ends when the listener is to stop
	cancel context.CancelFunc
	closer sync.Once
	conns  sync.WaitGroup
}

// listen opens an endpoint.
func (s *Server) listen(e Endpoint) (*listener, error) {
	l := &listener{server: s, endpoint: e, transport: e.transport(), counters: newCounters()}
	var err error
	switch {
	case e.Scheme == "unix" || e.Scheme == "unixgram":
		err = l.listenUnix()
	case e.datagrams():
		l.packets, err = listenUDP(e)
	default:
		l.accept, err = net.Listen(e.network(), e.Address)
	}
	if err != nil {
		return nil, err
	}
	l.ctx, l.cancel = context.WithCancel(s.ctx)
	return l, nil
}

func (l *listener) addr() net.Addr {
	if l.packets != nil {
		return l.packets.addr
	}
	return l.accept.Addr()
}

func (l *listener) log() *slog.Logger {
	return l.server.settings.Load().Logger.With("listen", l.endpoint.String())
}

// serve receives until the listener is closed and all that had arrived is
// taken.
func (l *listener) serve() {
	if l.packets != nil {
		l.receive()
		return
	}
	l.acceptAll()
	l.conns.Wait()
}

// close stops the listener. The address is free again when it returns;
// connections end by themselves soon after.
func (l *listener) close() (err error) {
	l.closer.Do(func() {
		l.cancel()
		if l.packets != nil {
			err = l.packets.stop()
			return
		}
		err = l.accept.Close()
		l.server.conns.stop(func(c *conn) bool { return c.listener == l }, "")
	})
	return err
}

// acceptAll accepts connections until the listener is closed. A lack of
// descriptors or memory is waited out.
func (l *listener) acceptAll() {
	delay := time.Duration(0)
	for {
		nc, err := l.accept.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			l.counters.acceptFailures.Add(1)
			delay = min(max(2*delay, 10*time.Millisecond), time.Second)
			l.log().Warn("cannot accept a connection", "error", err)
			if !sleep(l.ctx, delay) {
				return
			}
			continue
		}
		delay = 0
		l.counters.accepted.Add(1)
		l.admit(nc)
	}
}

// admit begins to serve a connection, or refuses it.
func (l *listener) admit(nc net.Conn) {
	set := l.server.settings.Load()
	peer := peerOf(nc)
	if !set.allow.allows(peer.Addr()) {
		l.refuse(nc, EndNotAllowed)
		return
	}
	c := newConn(l, nc, peer)
	if !l.server.conns.add(c, set.MaxConnections) {
		l.refuse(nc, EndLimit)
		return
	}
	if !l.server.settings.Load().allow.allows(peer.Addr()) {
		c.stop(EndNotAllowed) // a reload may have come before it was added
	}
	if l.ctx.Err() != nil {
		c.stop("") // close may have come before it was added
	}
	l.open.Add(1)
	l.conns.Go(func() {
		defer l.open.Add(-1)
		defer l.server.conns.remove(c)
		c.serve()
	})
}

func (l *listener) refuse(nc net.Conn, reason string) {
	l.counters.refused.add(reason, 1)
	l.notice("connection refused", reason, nc.RemoteAddr().String(), 1)
	_ = nc.Close() // nothing was read or written
}

// peerOf returns who is at the other end; nobody, for a Unix socket.
func peerOf(nc net.Conn) netip.AddrPort {
	addr, ok := nc.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := addr.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap().WithZone(""), ap.Port())
}

// sleep waits for d, and says whether ctx is still going on.
func sleep(ctx context.Context, d time.Duration) bool {
	if d == 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (l *listener) status() ListenerStatus {
	st := ListenerStatus{
		Listen: l.endpoint.String(), Address: l.addr().String(),
		Transport: l.transport.String(), Connections: int(l.open.Load()),
	}
	l.counters.fill(&st)
	if l.packets != nil {
		state := l.packets.reader.State()
		st.ReceiveBuffer, st.ReceiveQueue, st.KernelDrops = state.Buffer, state.Queue, state.Drops
	}
	return st
}
