package syslog

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

// listenUnix opens a Unix socket. One that a killed process left is removed,
// one that somebody listens on is not, and neither is any other file.
func (l *listener) listenUnix() error {
	e := l.endpoint
	if err := removeStale(e); err != nil {
		return err
	}
	addr := &net.UnixAddr{Name: e.Address, Net: e.Scheme}
	var err error
	if e.datagrams() {
		l.packets, err = listenUnixgram(addr)
	} else {
		l.accept, err = net.ListenUnix(e.Scheme, addr) // removes the file when closed
	}
	if err != nil {
		return err
	}
	if err := os.Chmod(e.Address, e.Mode); err != nil {
		return errors.Join(err, l.closeUnused())
	}
	return nil
}

// closeUnused closes what was opened last.
func (l *listener) closeUnused() error {
	if l.packets != nil {
		return l.packets.close()
	}
	return l.accept.Close()
}

// removeStale removes a socket file that nobody listens on.
func removeStale(e Endpoint) error {
	info, err := os.Lstat(e.Address)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != os.ModeSocket {
		return fmt.Errorf("%s is there and is no socket", e.Address)
	}
	for _, network := range []string{"unix", "unixgram"} {
		conn, err := net.DialTimeout(network, e.Address, time.Second)
		if err == nil {
			_ = conn.Close() // nothing was sent
			return fmt.Errorf("%s: %w", e.Address, syscall.EADDRINUSE)
		}
		if errors.Is(err, syscall.ECONNREFUSED) {
			return os.Remove(e.Address)
		}
		if !errors.Is(err, syscall.EPROTOTYPE) {
			return err
		}
	}
	return fmt.Errorf("%s: %w", e.Address, syscall.EADDRINUSE)
}
