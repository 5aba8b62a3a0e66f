package syslog

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/rtcship/rtcship/tailer/spool"
	"github.com/rtcship/rtcship/tailer/syslog/internal/datagram"
	"github.com/rtcship/rtcship/tailer/syslog/internal/frame"
)

const (
	// udpSize and unixSize are how long a datagram can be: with UDP for ever,
	// on a Unix socket with the kernel's default net.core.wmem_default.
	udpSize  = 64 << 10
	unixSize = 256 << 10

	// drainDatagrams bounds what is read from a socket that has to close.
	drainDatagrams = 100_000
)

// packets is a datagram socket.
type packets struct {
	addr   net.Addr
	file   os.FileInfo // of a Unix socket; nil for UDP
	reader datagram.Reader

	stopping atomic.Bool
	started  bool          // guarded by Server.mu
	done     chan struct{} // closed once the socket is
}

func listenUDP(e Endpoint) (*packets, error) {
	pc, err := net.ListenPacket(e.network(), e.Address)
	if err != nil {
		return nil, err
	}
	return newPackets(pc.(*net.UDPConn), udpSize)
}

func listenUnixgram(addr *net.UnixAddr) (*packets, error) {
	pc, err := net.ListenUnixgram("unixgram", addr)
	if err != nil {
		return nil, err
	}
	p, err := newPackets(pc, unixSize)
	if err != nil {
		return nil, err
	}
	if p.file, err = os.Lstat(addr.Name); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func newPackets(conn datagram.Conn, size int) (*packets, error) {
	p := &packets{addr: conn.LocalAddr(), done: make(chan struct{})}
	var err error
	p.reader, err = datagram.NewReader(conn, size)
	return p, err
}

// stop frees the address. If the socket is read, what has arrived is taken
// first.
func (p *packets) stop() error {
	if !p.started {
		return p.close()
	}
	p.stopping.Store(true)
	p.reader.Interrupt()
	<-p.done
	return nil
}

// close closes the socket, and removes the file of a Unix socket unless it is
// another one by now.
func (p *packets) close() error {
	defer close(p.done)
	if p.file != nil {
		path := p.addr.String()
		if now, err := os.Lstat(path); err == nil && os.SameFile(now, p.file) {
			_ = os.Remove(path) // a stale one is removed when it is next used
		}
	}
	return p.reader.Close()
}

// receive takes datagrams until the listener is closed.
func (l *listener) receive() {
	p := l.packets
	defer func() { _ = p.close() }()
	var batch spool.Batch
	drained := 0
	pace := p.pacer()
	for {
		stopping := p.stopping.Load()
		n, err := p.reader.Read(!stopping)
		if stopping && (n == 0 || drained > drainDatagrams) {
			return
		}
		if n == 0 {
			l.receiveFailed(err)
			continue
		}
		l.take(n, &batch)
		pace.got += n
		if stopping {
			drained += n
		} else if n < p.reader.Size() {
			sleep(l.ctx, pace.pause(time.Now()))
		}
	}
}

// pacer returns a pacer by which the receive buffer does not become fuller
// than a sixteenth, as long as the rate is steady. A small buffer gets short
// pauses, since a burst may come in any of them.
func (p *packets) pacer() pacer {
	if p.file != nil {
		return pacer{} // the queue of a Unix socket has room for ten, and then its senders wait
	}
	buffer := p.reader.State().Buffer
	const perDatagram = 1280 // what the kernel counts for one of 400 bytes
	return pacer{
		longest: max(maxPause*time.Duration(buffer)/datagram.ReceiveBuffer, minPause),
		most:    buffer / 16 / perDatagram,
	}
}

// receiveFailed deals with an error of a socket. Being stopped is none.
func (l *listener) receiveFailed(err error) {
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return
	}
	l.counters.receiveFailures.Add(1)
	l.log().Warn("cannot receive datagrams", "error", err)
	sleep(l.ctx, 100*time.Millisecond)
}

// take puts the n datagrams that were read into the spool.
func (l *listener) take(n int, batch *spool.Batch) {
	set := l.server.settings.Load()
	now := time.Now()
	size, refused := 0, 0
	var stranger netip.AddrPort
	for i := range n {
		text, peer, truncated := l.packets.reader.Message(i)
		if !set.allow.allows(peer.Addr()) {
			refused, stranger = refused+1, peer
			continue
		}
		if text = frame.Trim(text); len(text) == 0 {
			l.counters.empty.Add(1)
			continue
		}
		for len(text) > 0 {
			var message []byte
			message, text = frame.NextMessage(text)
			size += len(message)
			m := spool.Message{Text: message, Received: now, Peer: peer, Transport: l.transport}
			l.addDatagram(batch, m, truncated && len(text) == 0, set)
		}
	}
	if refused > 0 {
		l.counters.dropped.add(DropNotAllowed, refused)
		l.notice("datagram dropped", DropNotAllowed, stranger.String(), refused)
	}
	l.store(batch, size)
}

// addDatagram puts a message into the batch, in pieces if it is too long.
func (l *listener) addDatagram(batch *spool.Batch, m spool.Message, truncated bool, set *settings) {
	text := m.Text
	m.Cut = truncated || len(text) > set.MaxMessage
	for ; len(text) > 0; text = text[len(m.Text):] {
		if m.Text = text; len(text) > set.MaxMessage {
			m.Text = text[:frame.CutAt(text[:set.MaxMessage], set.SafeCut)]
		}
		batch.Add(m)
		if m.Cut {
			l.counters.cut.Add(1)
		}
	}
}

// store writes a batch of datagrams, or drops it: who sent them cannot be
// made to wait.
func (l *listener) store(batch *spool.Batch, size int) {
	msgs := batch.Len()
	err := l.server.sink.TryAppend(batch)
	left := batch.Len()
	l.counters.messages.Add(uint64(msgs - left))
	batch.Reset()
	switch {
	case err == nil:
		l.counters.bytes.Add(uint64(size))
	case errors.Is(err, spool.ErrFull):
		l.counters.dropped.add(DropSpoolFull, left)
	case errors.Is(err, spool.ErrClosed):
		l.counters.dropped.add(DropShutdown, left)
	default:
		l.counters.dropped.add(DropDisk, left)
	}
}
