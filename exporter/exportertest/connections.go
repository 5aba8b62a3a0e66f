package exportertest

import (
	"net"
	"sync"
)

// connections are what a server's listeners have accepted.
type connections struct {
	mu   sync.Mutex
	open map[string]net.Conn // by remote address
	all  int
}

func (c *connections) listener(l net.Listener) net.Listener { return &listener{l, c} }

func (c *connections) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all
}

// close closes the connection from a remote address.
func (c *connections) close(remote string) {
	c.mu.Lock()
	conn := c.open[remote]
	c.mu.Unlock()
	if conn != nil {
		conn.Close()
	}
}

func (c *connections) closeAll() {
	c.mu.Lock()
	var conns []net.Conn
	for _, conn := range c.open {
		conns = append(conns, conn)
	}
	c.mu.Unlock()
	for _, conn := range conns {
		conn.Close()
	}
}

type listener struct {
	net.Listener
	all *connections
}

func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	if l.all.open == nil {
		l.all.open = map[string]net.Conn{}
	}
	c := &connection{Conn: conn, all: l.all}
	l.all.open[conn.RemoteAddr().String()] = c
	l.all.all++
	return c, nil
}

type connection struct {
	net.Conn
	all *connections
}

func (c *connection) Close() error {
	c.all.mu.Lock()
	if c.all.open[c.RemoteAddr().String()] == c {
		delete(c.all.open, c.RemoteAddr().String())
	}
	c.all.mu.Unlock()
	return c.Conn.Close()
}
