package syslog

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A stream is a connection that can be read without waiting. So a goroutine
// needs a buffer only while there is something to put into it.
type stream interface {
	// ready blocks until there is something to read, or the deadline.
	ready(deadline time.Time) error
	// read fills p with what is there. errAgain means that nothing is.
	read(p []byte) (int, error)
	// hush asks not to be woken up, until ready is called, for less than is
	// worth it.
	hush()
	// interrupt makes ready return now and ever after.
	interrupt()
	io.Closer
}

// errAgain is temporary in the sense of package net, so crypto/tls goes on
// reading where it was interrupted, as it does after a deadline.
var errAgain error = again{}

type again struct{}

func (again) Error() string   { return "nothing to read yet" }
func (again) Timeout() bool   { return true }
func (again) Temporary() bool { return true }

// A socket is a TCP or Unix connection.
type socket struct {
	net.Conn
	raw syscall.RawConn

	// Arguments and results of the functions below, which are made once: a
	// closure for each read would be an allocation for each.
	p      []byte
	n      int
	err    error
	tryFn  func(fd uintptr)
	peekFn func(fd uintptr) bool
	lowFn  func(fd uintptr)
	one    [1]byte

	polling     bool // Read does not wait
	tcp, hushed bool
	interrupted atomic.Bool
}

func newSocket(nc net.Conn) (*socket, error) {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return nil, errors.New("connection is no socket")
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &socket{Conn: nc, raw: raw}
	s.tryFn, s.peekFn, s.lowFn = s.try, s.peek, s.setLowWater
	_, s.tcp = nc.(*net.TCPConn)
	return s, nil
}

func (s *socket) try(fd uintptr) {
	s.n, s.err = unix.Read(int(fd), s.p)
	for s.err == unix.EINTR {
		s.n, s.err = unix.Read(int(fd), s.p)
	}
}

func (s *socket) peek(fd uintptr) bool {
	_, _, err := unix.Recvfrom(int(fd), s.one[:], unix.MSG_PEEK)
	for err == unix.EINTR {
		_, _, err = unix.Recvfrom(int(fd), s.one[:], unix.MSG_PEEK)
	}
	s.err = err // looking at an error takes it away from read
	return err != unix.EAGAIN
}

// lowWater is how much has to be there before the runtime's poller hears of
// it while nobody waits for it. It would wake up for each message otherwise,
// and from there on it does; so it is twice what is expected to come. The
// kernel makes the receive buffer of such a connection large enough for it.
const lowWater = 2 * expected

func (s *socket) hush() {
	if s.tcp && !s.hushed {
		s.hushed = true
		_ = s.raw.Control(s.lowFn) // a closed connection is for read to find out
	}
}

func (s *socket) setLowWater(fd uintptr) {
	n := 1
	if s.hushed {
		n = lowWater
	}
	_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVLOWAT, n) // costs time only
}

func (s *socket) ready(deadline time.Time) error {
	if s.hushed {
		s.hushed = false
		if err := s.raw.Control(s.lowFn); err != nil {
			return err
		}
	}
	if err := s.SetReadDeadline(deadline); err != nil {
		return err
	}
	if s.interrupted.Load() {
		return os.ErrDeadlineExceeded
	}
	if err := s.raw.Read(s.peekFn); err != nil {
		return err
	}
	return os.NewSyscallError("peek", s.err)
}

func (s *socket) interrupt() {
	s.interrupted.Store(true)
	_ = s.SetReadDeadline(time.Unix(1, 0)) // fails only for a closed one
}

func (s *socket) read(p []byte) (int, error) {
	s.p = p
	err := s.raw.Control(s.tryFn) // not Read, which a passed deadline would end
	s.p = nil
	switch {
	case err != nil:
		return 0, err
	case s.err == unix.EAGAIN:
		return 0, errAgain
	case s.err != nil:
		return 0, os.NewSyscallError("read", s.err)
	case s.n == 0:
		return 0, io.EOF
	}
	return s.n, nil
}

// Read is read once polling is on, for a TLS connection on top.
func (s *socket) Read(p []byte) (int, error) {
	if s.polling {
		return s.read(p)
	}
	return s.Conn.Read(p)
}

// Write is for a TLS connection on top, which has little to say after the
// handshake. A peer that does not even read that is not waited for.
func (s *socket) Write(p []byte) (int, error) {
	if s.polling {
		if err := s.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
			return 0, err
		}
	}
	return s.Conn.Write(p)
}

// A tlsStream is a TLS connection after its handshake.
type tlsStream struct {
	*socket
	tls *tls.Conn
}

// read returns as many records as fit and are there, since senders put single
// messages into records.
func (s *tlsStream) read(p []byte) (n int, err error) {
	for n < len(p) {
		m, err := s.tls.Read(p[n:])
		n += m
		if err != nil && n > 0 && (err == errAgain || err == io.EOF) {
			return n, nil // comes again
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}
