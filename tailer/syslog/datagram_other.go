//go:build !linux

package syslog

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"time"
)

// single reads one datagram at a time.
type single struct {
	datagramConn
	mem  []byte
	n    int
	peer netip.AddrPort
}

func newBatchReader(conn datagramConn, _, each int) (batchReader, error) {
	_ = conn.SetReadBuffer(receiveBuffer) // the kernel takes what it allows
	return &single{datagramConn: conn, mem: make([]byte, each)}, nil
}

func (r *single) size() int { return 1 }

func (r *single) interrupt() { _ = r.SetReadDeadline(time.Unix(1, 0)) }

// fill adds what the kernel knows about the socket: nothing, on this system.
func (r *single) fill(*ListenerStatus) {}

func (r *single) read(wait bool) (int, error) {
	if !wait {
		_ = r.SetReadDeadline(time.Now().Add(time.Millisecond)) // fails only if it is closed
	}
	var err error
	switch conn := r.datagramConn.(type) {
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

func (r *single) message(int) ([]byte, netip.AddrPort, bool) {
	return r.mem[:r.n], netip.AddrPortFrom(r.peer.Addr().Unmap().WithZone(""), r.peer.Port()), false
}
