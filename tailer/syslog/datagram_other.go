//go:build !linux

package syslog

import (
	"net"
	"net/netip"
	"syscall"
	"time"
)

func growReceiveBuffer(conn datagramConn, _ syscall.RawConn, size int) {
	_ = conn.SetReadBuffer(size) // the kernel takes what it allows
}

// fill adds what the kernel knows about the socket: nothing, on this system.
func (p *packets) fill(*ListenerStatus) {}

// single reads one datagram at a time.
type single struct {
	conn datagramConn
	mem  []byte
	n    int
	peer netip.AddrPort
}

func newBatchReader(conn datagramConn, _ syscall.RawConn, _, each int) batchReader {
	return &single{conn: conn, mem: make([]byte, each)}
}

func (r *single) size() int { return 1 }

func (r *single) read(wait bool) (int, error) {
	if !wait {
		_ = r.conn.SetReadDeadline(time.Now().Add(time.Millisecond)) // fails only if it is closed
	}
	var err error
	switch conn := r.conn.(type) {
	case *net.UDPConn:
		r.n, r.peer, err = conn.ReadFromUDPAddrPort(r.mem)
	default:
		r.n, _, err = conn.ReadFrom(r.mem)
	}
	if err != nil {
		return 0, err
	}
	return 1, nil
}

func (r *single) message(int) ([]byte, netip.AddrPort, bool) {
	return r.mem[:r.n], netip.AddrPortFrom(r.peer.Addr().Unmap().WithZone(""), r.peer.Port()), false
}
