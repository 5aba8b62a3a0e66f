package admin

import (
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// maxConnections is how many connections are served at once at an address.
	// Each takes memory and a descriptor of those that logs and syslog need.
	maxConnections = 32

	// maxLeaving is how many connections that were closed may be left for the server
	// to notice. Nobody waits for that: a probe stands behind thousands who come.
	maxLeaving = 32

	// respite is for the server, where no connection is idle, or too many are
	// leaving: all have sent something that it has not come to read yet.
	respite = time.Millisecond

	// mostUnanswered is how much a peer may send without an answer. http.Server
	// has a limit of its own, but lets a connection that passes it wait for half a
	// second, in one of the few slots.
	mostUnanswered = 64 << 10

	// slowReader is how long a part of an answer may wait for its reader before
	// the connection may be ended for another one.
	slowReader = 20 * time.Millisecond

	// newcomer is how long a connection may take to send its request before it
	// counts as idle where most of the others are being served. Else, while all of
	// them ask and are answered, whoever has only just come would be the idlest.
	newcomer = 20 * time.Millisecond

	// tooLong is the same for an answer that is not there yet.
	tooLong = time.Second

	// socketBuffer bounds what the kernel holds of an answer that nobody reads,
	// which counts as memory of the container.
	socketBuffer = 64 << 10
)

// A limitedListener accepts everybody, and closes the connection that has been
// idle for longest where that makes one too many: a probe that comes while
// thousands of connections are held open is served like any other newcomer.
type limitedListener struct {
	net.Listener
	slots   chan struct{} // one for each connection that is open
	leaving chan struct{} // one for each that was closed here and not yet by its server
	done    chan struct{}
	end     sync.Once
	closed  *closedCount

	mu   sync.Mutex
	open map[*limitedConn]bool // those that may still be closed for another
}

// A closedCount counts connections that made room for others.
type closedCount struct {
	n    atomic.Uint64
	last atomic.Int64 // Unix nanoseconds
}

// noteState is http.Server.ConnState for connections of a limitedListener.
func noteState(c net.Conn, state http.ConnState) {
	if l, ok := c.(*limitedConn); ok {
		l.served.Store(state == http.StateActive)
	}
}

// limit bounds the connections of l at once.
func limit(l net.Listener, closed *closedCount) *limitedListener {
	return &limitedListener{
		Listener: l, slots: make(chan struct{}, maxConnections), leaving: make(chan struct{}, maxLeaving), done: make(chan struct{}), closed: closed,
		open: map[*limitedConn]bool{},
	}
}

// Accept implements net.Listener.
func (l *limitedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	for {
		select {
		case l.slots <- struct{}{}:
			return l.add(c), nil
		default:
		}
		select {
		case l.slots <- struct{}{}:
			return l.add(c), nil
		case <-l.done:
			c.Close()
			return nil, net.ErrClosed
		case <-time.After(l.makeRoom()):
		}
	}
}

// makeRoom ends the idlest connection and frees its slot, or returns how long to
// wait until there may be one to end.
func (l *limitedListener) makeRoom() time.Duration {
	select {
	case l.leaving <- struct{}{}:
	default:
		return respite
	}
	victim := l.idlest()
	if victim == nil {
		<-l.leaving
		return respite
	}
	l.closed.n.Add(1)
	l.closed.last.Store(time.Now().UnixNano())
	victim.reset()
	<-l.slots
	return 0
}

// idlest takes the connection off the list that nothing has passed over for
// longest: one that waits for a request or, where all are served, one whose peer
// does not read the answer. One whose request has come and was not read yet is
// not idle, and neither is one whose answer is being made.
func (l *limitedListener) idlest() *limitedConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range 2 * maxConnections {
		var found *limitedConn
		for c := range l.open {
			if c.before(found) {
				found = c
			}
		}
		switch {
		case found == nil || found.served.Load() && !found.unread():
			return nil
		case !found.served.Load() && found.idle() < newcomer && l.busy() > maxConnections/2:
			return nil
		case !found.served.Load() && found.pending():
			found.touch()
			continue
		}
		delete(l.open, found)
		found.left = true
		return found
	}
	return nil
}

// busy is how many connections are being served, to peers that take their answers.
// The caller holds l.mu.
func (l *limitedListener) busy() (n int) {
	for c := range l.open {
		if c.served.Load() && !c.unread() {
			n++
		}
	}
	return n
}

// before says whether c is to be ended rather than o, which may be nil.
func (c *limitedConn) before(o *limitedConn) bool {
	if o == nil || c.served.Load() != o.served.Load() {
		return o == nil || o.served.Load()
	}
	if c.served.Load() && c.unread() != o.unread() {
		return c.unread()
	}
	return c.used.Load() < o.used.Load()
}

// unread says whether a part of an answer has been waiting for its reader, or
// the answer has been in the making for longer than anybody waits for it.
func (c *limitedConn) unread() bool {
	return c.idle() > tooLong || c.idle() > slowReader && c.writing.Load()
}

// idle is for how long nothing has passed over c.
func (c *limitedConn) idle() time.Duration {
	return time.Duration(time.Now().UnixNano() - c.used.Load())
}

func (l *limitedListener) add(c net.Conn) net.Conn {
	conn := &limitedConn{Conn: c, of: l}
	conn.touch()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[conn] = true
	return conn
}

// Close implements net.Listener.
func (l *limitedListener) Close() error {
	l.end.Do(func() { close(l.done) })
	return l.Listener.Close()
}

// connections is how many are open.
func (l *limitedListener) connections() int { return len(l.slots) }

// A limitedConn knows when something last passed over it.
type limitedConn struct {
	net.Conn
	of   *limitedListener
	used atomic.Int64 // nanoseconds
	end  sync.Once
	left bool // closed for another; guarded by of.mu

	served  atomic.Bool // from the end of a request's header to the end of its answer
	writing atomic.Bool

	unanswered atomic.Int64 // bytes that came since something was written
}

func (c *limitedConn) touch() { c.used.Store(time.Now().UnixNano()) }

// Read implements net.Conn.
func (c *limitedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.touch()
	}
	if c.unanswered.Add(int64(n)) > mostUnanswered {
		return 0, io.EOF
	}
	return n, err
}

// Write implements net.Conn.
func (c *limitedConn) Write(p []byte) (int, error) {
	c.touch()
	c.writing.Store(true)
	n, err := c.Conn.Write(p)
	c.writing.Store(false)
	c.unanswered.Store(0)
	if n > 0 {
		c.touch()
	}
	return n, err
}

// Close implements net.Conn. Its server calls it, and is done with c then.
func (c *limitedConn) Close() error {
	c.end.Do(func() {
		c.of.mu.Lock()
		delete(c.of.open, c)
		left := c.left
		c.of.mu.Unlock()
		if left {
			<-c.of.leaving
		} else {
			<-c.of.slots
		}
	})
	return c.Conn.Close()
}

// reset ends the connection for both sides; its server notices and calls Close.
func (c *limitedConn) reset() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // thousands of them must not wait in the kernel
	}
	c.Conn.Close()
}

// pending says whether bytes have come that were not read yet.
func (c *limitedConn) pending() bool {
	s, ok := c.Conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false
	}
	n := 0
	// Control, since Read would wait for the server's own.
	_ = raw.Control(func(fd uintptr) {
		n, _, _ = unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
	})
	return n > 0
}
