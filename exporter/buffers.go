package exporter

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/mem"
)

// gRPC may hold a message after the call that sent it has returned: a writer
// goroutine copies it to the connection as fast as flow control lets it, and a
// cancelled call, or one answered early, does not wait for that writer. The
// records belong to the caller of Send, who will reuse them. So each buffer
// that gRPC gets counts its references, and an attempt ends when the last one
// is gone.

// An outgoing is the message of one attempt.
type outgoing struct {
	p     *payload
	taken atomic.Bool   // gRPC has asked for the bytes
	held  atomic.Int32  // buffers that gRPC still refers to
	freed chan struct{} // closed when held becomes 0
}

// take returns the message as buffers that gRPC will free.
func (o *outgoing) take() mem.BufferSlice {
	p := o.p
	if p.packed != nil {
		// Compressed bytes pass through packer.Do, which copies them while
		// the call is being made.
		o.taken.Store(true)
		return mem.BufferSlice{mem.SliceBuffer(p.packed.Bytes())}
	}
	out := make(mem.BufferSlice, 0, len(p.segments))
	o.held.Store(int32(1 + p.borrowed()))
	o.taken.Store(true)
	head := mem.NewBuffer(&p.head, o)
	for i := range p.segments {
		if s := &p.segments[i]; s.data != nil {
			out = append(out, mem.NewBuffer(&s.data, o))
		} else {
			out = append(out, head.Slice(s.from, s.to))
		}
	}
	head.Free()
	return out
}

// Get is there because gRPC's pools have it; nobody takes buffers from here.
func (o *outgoing) Get(length int) *[]byte {
	b := make([]byte, length)
	return &b
}

// Put is what gRPC calls when the last reference to a buffer is gone.
func (o *outgoing) Put(*[]byte) {
	if o.held.Add(-1) == 0 {
		close(o.freed)
	}
}

const (
	freeGrace  = 100 * time.Millisecond
	closeGrace = 10 * time.Millisecond
)

// connections are the connections of one client.
type connections struct {
	mu   sync.Mutex
	last uint64
	open map[uint64]*trackedConn
}

func newConnections() *connections { return &connections{open: map[uint64]*trackedConn{}} }

// latest returns the number of the connection that was made last.
func (c *connections) latest() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// await returns when gRPC holds no buffer of o any more. When a connection has
// gone down in the middle of a message gRPC forgets to say so, and when the
// network stalls the writer may hang; then the connections that were open at
// the end of the attempt are closed, after which their writers come to an end.
func (c *connections) await(o *outgoing) {
	if !o.taken.Load() || o.held.Load() == 0 {
		return
	}
	c.mu.Lock()
	last := c.last
	c.mu.Unlock()
	if wait(o.freed, freeGrace) {
		return
	}
	o.p.lost = true
	c.closeUpTo(last)
	wait(o.freed, closeGrace)
}

func wait(done <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-done:
		return true
	case <-t.C:
		return false
	}
}

func (c *connections) closeUpTo(last uint64) {
	c.closeIf(func(t *trackedConn) bool { return t.n <= last })
}

// closeSilent closes the connections over which nothing has come for so long
// since something was written.
func (c *connections) closeSilent(silence time.Duration) {
	c.closeIf(func(t *trackedConn) bool {
		asked := t.asked.Load()
		return asked != 0 && time.Since(time.Unix(0, asked)) >= silence
	})
}

func (c *connections) closeIf(chosen func(*trackedConn) bool) {
	c.mu.Lock()
	var all []net.Conn
	for _, conn := range c.open {
		if chosen(conn) {
			all = append(all, conn)
		}
	}
	c.mu.Unlock()
	for _, conn := range all {
		conn.Close()
	}
}

// track returns conn such that c knows how long it is open.
func (c *connections) track(conn net.Conn) net.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	t := &trackedConn{Conn: conn, all: c, n: c.last}
	c.open[t.n] = t
	return t
}

type trackedConn struct {
	net.Conn
	all   *connections
	n     uint64
	asked atomic.Int64 // when something was first written since the last byte came, in Unix nanoseconds; 0 = never
}

func (t *trackedConn) Write(p []byte) (int, error) {
	t.asked.CompareAndSwap(0, time.Now().UnixNano())
	return t.Conn.Write(p)
}

func (t *trackedConn) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	if n > 0 {
		t.asked.Store(0)
	}
	return n, err
}

func (t *trackedConn) Close() error {
	t.all.mu.Lock()
	delete(t.all.open, t.n)
	t.all.mu.Unlock()
	return t.Conn.Close()
}
