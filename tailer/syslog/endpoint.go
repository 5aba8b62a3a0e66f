package syslog

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/rtcship/rtcship/tailer/spool"
)

// An Endpoint is a parsed address to listen on.
type Endpoint struct {
	Scheme  string      // "udp", "tcp", "tls", "unix" or "unixgram"
	Address string      // host and port, or a path
	Mode    os.FileMode // of a Unix socket; 0 for all else
}

// defaultMode lets every process that can reach the socket's directory log, as
// it can to /dev/log.
const defaultMode = 0o666

// defaultPorts are those of RFC 5426, RFC 6587 and RFC 5425.
var defaultPorts = map[string]string{"udp": "514", "tcp": "514", "tls": "6514"}

// ParseEndpoint parses an address such as "udp://0.0.0.0:514", "tcp://:514",
// "tls://[::]:6514", "unix:///run/rtcship.sock" or
// "unixgram:///run/rtcship.sock?mode=0660". Without a port it is 514, and 6514
// for TLS.
func ParseEndpoint(s string) (Endpoint, error) {
	u, err := url.Parse(s)
	if err != nil {
		return Endpoint{}, fmt.Errorf("listen address %q: %w", s, errors.Unwrap(err))
	}
	e := Endpoint{Scheme: u.Scheme}
	switch u.Scheme {
	case "udp", "tcp", "tls":
		err = e.parseHost(u)
	case "unix", "unixgram":
		err = e.parsePath(u)
	default:
		err = errors.New("want udp://, tcp://, tls://, unix:// or unixgram://")
	}
	if err != nil {
		return Endpoint{}, fmt.Errorf("listen address %q: %w", s, err)
	}
	return e, nil
}

func (e *Endpoint) parseHost(u *url.URL) error {
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.User != nil {
		return errors.New("want nothing after host and port")
	}
	port := cmp.Or(u.Port(), defaultPorts[u.Scheme])
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("port %q is not between 0 and 65535", port)
	}
	e.Address = net.JoinHostPort(u.Hostname(), port)
	return nil
}

func (e *Endpoint) parsePath(u *url.URL) error {
	if u.Host != "" || u.Path == "" {
		return errors.New("want an absolute path after three slashes")
	}
	e.Address, e.Mode = u.Path, defaultMode
	for key, values := range u.Query() {
		mode, err := strconv.ParseUint(values[0], 8, 9)
		if key != "mode" || err != nil || mode == 0 {
			return errors.New("want no option but mode, an octal number")
		}
		e.Mode = os.FileMode(mode)
	}
	return nil
}

// String returns the address in the form that ParseEndpoint reads, with all
// defaults written out. Two endpoints that read the same are the same.
func (e Endpoint) String() string {
	s := e.Scheme + "://" + e.Address
	if e.Mode != 0 && e.Mode != defaultMode {
		s += fmt.Sprintf("?mode=%#o", e.Mode)
	}
	return s
}

// transport returns what messages received here are marked with.
func (e Endpoint) transport() spool.Transport {
	switch e.Scheme {
	case "udp":
		return spool.UDP
	case "tcp":
		return spool.TCP
	case "tls":
		return spool.TLS
	}
	return spool.Unix
}

// network returns the name that package net has for it. An IPv4 address gets
// an IPv4 socket: package net would make 0.0.0.0 one of both kinds.
func (e Endpoint) network() string {
	n := e.Scheme
	if n == "tls" {
		n = "tcp"
	}
	if host, err := netip.ParseAddrPort(e.Address); err == nil && host.Addr().Is4() {
		n += "4"
	}
	return n
}

// anyPort says whether the kernel chooses the port, so that several listeners
// may have the same address.
func (e Endpoint) anyPort() bool { return e.Mode == 0 && strings.HasSuffix(e.Address, ":0") }

// datagrams says whether messages come as datagrams.
func (e Endpoint) datagrams() bool { return e.Scheme == "udp" || e.Scheme == "unixgram" }
