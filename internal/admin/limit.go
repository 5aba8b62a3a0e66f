package admin

import (
	"net"
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

	// patience is how long a connection that was closed may take to end before
	// another one is closed for the same newcomer.
	patience = 100 * time.Millisecond

	// socketBuffer bounds what the kernel holds of an answer that nobody reads,
	// which counts as memory of the container.
	socketBuffer = 64 << 10
)

// A limitedListener accepts everybody, and closes the connection that has been
// idle for longest where that makes one too many: a probe that comes while
// thousands of connections are held open is served like any other newcomer.
type limitedListener struct {
	net.Listener
	slots  chan struct{} // one for each connection that is not closed by its server yet
	done   chan struct{}
	end    sync.Once
	closed *closedCount

	mu   sync.Mutex
	open map[*limitedConn]bool // those that may still be closed for another
}

// A closedCount counts connections that made room for others.
type closedCount struct {
	n    atomic.Uint64
	last atomic.Int64 // Unix nanoseconds
}

// limit bounds the connections of l at once.
func limit(l net.Listener, closed *closedCount) *limitedListener {
	return &limitedListener{
		Listener: l, slots: make(chan struct{}, maxConnections), done: make(chan struct{}), closed: closed,
		open: map[*limitedConn]bool{},
	}
}

// Accept implements net.Listener.
func (l *limitedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	for !l.takeSlot() {
		select {
		case l.slots <- struct{}{}:
			return l.add(c), nil
		case <-l.done:
			c.Close()
			return nil, net.ErrClosed
		case <-time.After(patience):
		}
	}
	return l.add(c), nil
}

// takeSlot takes a free slot or, if there is none, sees to it that one becomes free.
func (l *limitedListener) takeSlot() bool {
	select {
	case l.slots <- struct{}{}:
		return true
	default:
	}
	if victim := l.idlest(); victim != nil {
		l.closed.n.Add(1)
		l.closed.last.Store(time.Now().UnixNano())
		victim.reset()
	}
	return false
}

// idlest takes the connection that nothing has passed over for longest off the
// list. One whose request has come and was not read yet is not idle.
func (l *limitedListener) idlest() *limitedConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range 2 * maxConnections {
		var found *limitedConn
		for c := range l.open {
			if found == nil || c.used.Load() < found.used.Load() {
				found = c
			}
		}
		if found != nil && found.pending() {
			found.touch()
			continue
		}
		delete(l.open, found)
		return found
	}
	return nil
}

func (l *limitedListener) add(c net.Conn) net.Conn {
	if s, ok := c.(interface {
		SetReadBuffer(int) error
		SetWriteBuffer(int) error
	}); ok { // they are hints
		_ = s.SetReadBuffer(socketBuffer)
		_ = s.SetWriteBuffer(socketBuffer)
	}
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
}

func (c *limitedConn) touch() { c.used.Store(time.Now().UnixNano()) }

// Read implements net.Conn.
func (c *limitedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.touch()
	}
	return n, err
}

// Write implements net.Conn.
func (c *limitedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
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
		c.of.mu.Unlock()
		<-c.of.slots
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
