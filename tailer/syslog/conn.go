package syslog

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/bits"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/rtcship/rtcship/tailer/spool"
	"github.com/rtcship/rtcship/tailer/syslog/internal/frame"
)

const (
	// workers is how many connections are worked on at once. They write to one
	// file, so more would only hold more memory when that is slow.
	workers = 4

	readSize  = 192 << 10 // what is read from a connection at once
	expected  = 160 << 10 // what a pause may let come together, so that one read takes it
	writeSize = 224 << 10 // what is written to the spool at once, about

	handshakeTimeout = 10 * time.Second

	// silence is how long a message with a count may pause before its count is
	// doubted.
	silence = time.Second

	// drainBytes bounds what is read from a connection that has to end.
	drainBytes = 8 << 20
)

// work is the memory that is needed while a connection is worked on.
type work struct {
	in    []byte
	batch spool.Batch
	bytes int // of text in batch
	cut   int // pieces in batch
}

// A conn is one connection, and belongs to one goroutine, but for stop.
type conn struct {
	listener *listener
	nc       net.Conn
	peer     netip.AddrPort
	heard    atomic.Int64 // when something came last, nanoseconds since 1970
	ending   atomic.Pointer[string]

	framer frame.Framer
	rest   []byte // what was read of an unfinished message
	room   int    // bytes of memory that rest is booked with
	pace   pacer
	timer  *time.Timer

	stream atomic.Pointer[stream] // nil during the handshake
}

func newConn(l *listener, nc net.Conn, peer netip.AddrPort) *conn {
	c := &conn{listener: l, nc: nc, peer: peer, pace: pacer{longest: maxPause, most: expected, probe: true}}
	c.heard.Store(time.Now().UnixNano())
	return c
}

// stop makes the connection take what has arrived, and end. It does not wait.
func (c *conn) stop(reason string) {
	c.ending.CompareAndSwap(nil, &reason)
	if s := c.stream.Load(); s != nil {
		(*s).interrupt()
	} else {
		_ = c.nc.SetDeadline(time.Unix(1, 0)) // ends the handshake
	}
}

// serve runs the connection to its end.
func (c *conn) serve() {
	defer c.nc.Close()
	s, err := c.begin()
	handshaken := err == nil
	if handshaken {
		c.stream.Store(&s)
		err = c.readAll(s)
		c.listener.server.conns.giveBack(c.room)
	}
	switch reason := c.ending.Load(); {
	case reason != nil:
		c.ended(*reason, nil)
	case !handshaken:
		c.ended(EndHandshake, err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.ended(EndIdle, nil)
	case err != io.EOF:
		c.ended(EndError, err)
	}
}

// ended counts why a connection was ended by us. No reason is none to count.
func (c *conn) ended(reason string, err error) {
	if reason == "" {
		return
	}
	c.listener.counters.refused.add(reason, 1)
	switch reason {
	case EndHandshake:
		c.listener.notice("handshake failed: "+err.Error(), reason, c.peer.String(), 1)
	case EndEvicted, EndNotAllowed:
		c.listener.notice("connection ended", reason, c.peer.String(), 1)
	default:
		c.listener.log().Debug("connection ended", "peer", c.peer.String(), "reason", reason, "error", err)
	}
}

// begin prepares the connection for reading, with a handshake if it needs one.
func (c *conn) begin() (stream, error) {
	s, err := newSocket(c.nc)
	if err != nil || c.listener.endpoint.Scheme != "tls" {
		return s, err
	}
	ctx, cancel := context.WithTimeout(c.listener.ctx, handshakeTimeout)
	defer cancel()
	certs := c.listener.server.settings.Load().certs
	if certs == nil {
		return nil, errors.New("the listener is gone")
	}
	tc := tls.Server(s, certs.current())
	if err := tc.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	s.polling = true
	return &tlsStream{socket: s, tls: tc}, nil
}

// readAll reads messages until the connection ends or is stopped.
func (c *conn) readAll(s stream) error {
	for c.ending.Load() == nil {
		_, full, err := c.work(s)
		switch {
		case err == errAgain:
			err = c.wait(s)
		case err == nil && !full:
			c.pause(s)
		}
		if err != nil && c.ending.Load() == nil {
			return c.finish(err)
		}
	}
	// What has arrived is taken, but what still comes is not waited for.
	for drained := 0; drained < drainBytes; {
		n, _, err := c.work(s)
		if err != nil {
			break
		}
		drained += n
	}
	return c.finish(io.EOF)
}

// work does readOnce with the memory it needs.
func (c *conn) work(s stream) (n int, full bool, err error) {
	w := <-c.listener.server.work
	defer func() { c.listener.server.work <- w }()
	n, full, err = c.readOnce(s, w)
	c.pace.got += n
	return n, full, err
}

// pause leaves the connection alone for a while.
func (c *conn) pause(s stream) {
	d := c.pace.pause(time.Now())
	if d == 0 {
		return
	}
	s.hush()
	if c.timer == nil {
		c.timer = time.NewTimer(d)
	} else {
		c.timer.Reset(d)
	}
	select {
	case <-c.timer.C:
	case <-c.listener.ctx.Done():
	}
}

// wait blocks until there is something to read, for the idle timeout at most. A
// message that a wrong count keeps from its end is ended by silence meanwhile.
func (c *conn) wait(s stream) error {
	deadline := time.Time{}
	now := time.Now()
	if idle := c.listener.server.settings.Load().IdleTimeout; idle > 0 {
		deadline = now.Add(idle)
	}
	if pause := now.Add(silence); c.framer.Pending(c.rest) && (deadline.IsZero() || pause.Before(deadline)) {
		if err := s.ready(pause); !errors.Is(err, os.ErrDeadlineExceeded) || c.ending.Load() != nil {
			return err
		}
		if err := c.fallSilent(); err != nil {
			return err
		}
	}
	return s.ready(deadline)
}

// fallSilent keeps what silence has ended.
func (c *conn) fallSilent() error {
	w := <-c.listener.server.work
	defer func() { c.listener.server.work <- w }()
	rest, err := c.split(w, c.rest, time.Now(), frame.Silent)
	if err == nil {
		err = c.flush(w)
	}
	c.keep(rest)
	return err
}

// readOnce reads what is there, up to a buffer full, and keeps the messages in
// it. It says how much it was, and whether there may be more.
func (c *conn) readOnce(s stream, w *work) (n int, full bool, err error) {
	buf := c.buffer(w)
	have := len(buf)
	n, err = s.read(buf[have:cap(buf)])
	if n == 0 {
		return 0, false, err
	}
	now := time.Now()
	c.heard.Store(now.UnixNano())
	rest, err := c.split(w, buf[:have+n], now, frame.Open)
	if err == nil {
		err = c.flush(w)
	}
	c.keep(rest)
	return n, have+n == cap(buf), err
}

// buffer returns memory that begins with the rest and has room to read into:
// the worker's, or the connection's own for a long message.
func (c *conn) buffer(w *work) []byte {
	if len(c.rest) > readSize/2 {
		return c.rest
	}
	if w.in == nil {
		w.in = make([]byte, readSize)
	}
	n := copy(w.in, c.rest)
	return w.in[:n]
}

// split puts the messages in data into the batch, and returns what is left: an
// unfinished message that there is memory to keep.
func (c *conn) split(w *work, data []byte, now time.Time, e frame.Ending) ([]byte, error) {
	set := c.listener.server.settings.Load()
	limit := set.MaxMessage
	c.framer.SafeCut = set.SafeCut
	for {
		fr, n := c.framer.Next(data, limit, e)
		if n == 0 {
			if len(data) == 0 || c.reserve(len(data), limit) {
				return data, nil
			}
			// No memory for the whole message. What is there of it goes as a
			// piece, but for some bytes that the framer may want to look at.
			limit = len(data) - frame.Slack
			continue
		}
		data = data[n:]
		c.add(w, fr, now)
		if w.batch.Size() >= writeSize {
			if err := c.flush(w); err != nil {
				return data, err
			}
		}
	}
}

// add puts a frame into the batch.
func (c *conn) add(w *work, fr frame.Frame, now time.Time) {
	counters := c.listener.counters
	if fr.Half {
		counters.half.Add(1)
	}
	if len(fr.Text) == 0 {
		counters.empty.Add(1)
		return
	}
	if fr.Cut {
		w.cut++
	}
	w.bytes += len(fr.Text)
	w.batch.Add(spool.Message{
		Text: fr.Text, Received: now, Peer: c.peer,
		Transport: c.listener.transport, Cut: fr.Cut,
	})
}

// flush writes the batch, and waits while the spool is full.
func (c *conn) flush(w *work) error {
	msgs := w.batch.Len()
	counters := c.listener.counters
	err := c.listener.server.sink.Append(c.listener.server.grace, &w.batch)
	left := w.batch.Len()
	counters.messages.Add(uint64(msgs - left))
	if err == nil {
		counters.bytes.Add(uint64(w.bytes))
		counters.cut.Add(uint64(w.cut))
	}
	counters.dropped.add(DropShutdown, left)
	counters.badCounts.Add(uint64(c.framer.BadCounts))
	c.framer.BadCounts, w.bytes, w.cut = 0, 0, 0
	w.batch.Reset()
	return err
}

// reserve makes sure that n bytes of an unfinished message can be kept. For a
// long one that includes room to read on.
func (c *conn) reserve(n, limit int) bool {
	if n <= cap(c.rest) && (n <= readSize/2 || cap(c.rest)-n >= readSize/4) {
		return true
	}
	need := max(512, 1<<bits.Len(uint(n)))
	if n > readSize/2 { // the worker's memory is too small by now
		need = min(2*n, limit+frame.Slack) + readSize/2
	}
	if !c.listener.server.conns.borrow(c.room, need, limit) {
		return false
	}
	c.room = need
	c.rest = make([]byte, 0, need) // keep fills it
	return true
}

// keep makes a copy of an unfinished message, for which there is memory. What
// was borrowed is given back as soon as it is not needed.
func (c *conn) keep(rest []byte) {
	if c.room > ownMemory && len(rest) <= ownMemory {
		c.listener.server.conns.giveBack(c.room)
		c.room, c.rest = 0, nil
	}
	if len(rest) > 0 && cap(c.rest) > 0 && &rest[0] == &c.rest[:1][0] {
		c.rest = rest // a long message that comes in small pieces is not copied for each
		return
	}
	c.rest = append(c.rest[:0], rest...)
}

// finish delivers what is left of an unfinished message.
func (c *conn) finish(cause error) error {
	w := <-c.listener.server.work
	defer func() { c.listener.server.work <- w }()
	if len(c.rest) == 0 && c.framer.Unfinished() {
		c.listener.counters.half.Add(1)
	}
	_, err := c.split(w, c.rest, time.Now(), frame.Ended)
	if err == nil {
		err = c.flush(w)
	}
	c.rest = nil
	if err != nil {
		return err
	}
	return cause
}
