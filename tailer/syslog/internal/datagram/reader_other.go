//go:build !linux

package datagram

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"time"
)

// single reads one datagram at a time.
type single struct {
	Conn
	mem  []byte
	n    int
	peer netip.AddrPort
}

// NewReader reads from conn, one datagram after another, of size bytes at most.
func NewReader(conn Conn, size int) (Reader, error) {
	_ = conn.SetReadBuffer(ReceiveBuffer) // the kernel takes what it allows
	return &single{Conn: conn, mem: make([]byte, size)}, nil
}

func (r *single) Size() int { return 1 }

func (r *single) Interrupt() { _ = r.SetReadDeadline(time.Unix(1, 0)) }

// State is empty: this system does not tell.
func (r *single) State() State { return State{} }

func (r *single) Read(wait bool) (int, error) {
	if !wait {
		_ = r.SetReadDeadline(time.Now().Add(time.Millisecond)) // fails only if it is closed
	}
	var err error
	switch conn := r.Conn.(type) {
	case *net.UDPConn:
		r.n, r.peer, err = conn.ReadFromUDPAddrPort(r.mem)
	default:
		r.n, _, err = conn.ReadFrom(r.mem)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return 1, nil
}

func (r *single) Message(int) ([]byte, netip.AddrPort, bool) {
	return r.mem[:r.n], netip.AddrPortFrom(r.peer.Addr().Unmap().WithZone(""), r.peer.Port()), false
}
