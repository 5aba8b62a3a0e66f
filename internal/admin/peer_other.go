//go:build !linux

package admin

import "net"

// checkPeer trusts the directory where the system does not say who is behind a socket.
func checkPeer(net.Conn, string) error { return nil }
