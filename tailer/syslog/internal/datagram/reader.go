// Package datagram reads the datagrams of a socket many at a time, so that neither a
// system call nor a wake-up is spent on each. What they mean, and who may send them, is
// for the caller.
package datagram

import (
	"io"
	"net"
	"net/netip"
	"syscall"
)

// ReceiveBuffer is what is asked of the kernel for a socket, in bytes.
const ReceiveBuffer = 8 << 20

// slab is the memory that datagrams are read into. Only what they fill of
// it is ever touched.
const slab = 4 << 20

// A Conn is a socket; *net.UDPConn and *net.UnixConn are some.
type Conn interface {
	net.PacketConn
	syscall.Conn
	SetReadBuffer(bytes int) error
}

// A Reader reads many datagrams with one system call. It belongs to one
// goroutine, but for Interrupt and State.
type Reader interface {
	// Read receives datagrams, and waits for the first one if wait is set,
	// until it is interrupted.
	Read(wait bool) (n int, err error)
	// Message returns the i-th of them, valid until the next Read, who sent
	// it, and whether its end is missing. The zero AddrPort is a Unix socket.
	Message(i int) (text []byte, peer netip.AddrPort, truncated bool)
	// Size is how many can come at once.
	Size() int
	// Interrupt makes Read return now, and not wait any more.
	Interrupt()
	// State returns what the kernel knows about the socket; nothing, once that
	// is closed.
	State() State
	io.Closer
}

// State is what the kernel knows about a socket. Not every system tells.
type State struct {
	Buffer int    // bytes of the receive buffer, as net.core.rmem_max counts them
	Queue  int    // bytes of memory that waiting datagrams take
	Drops  uint64 // datagrams there was no room for
}
