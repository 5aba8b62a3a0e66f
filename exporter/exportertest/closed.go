package exportertest

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// ClosedAddress returns a loopback address at which nobody listens. The port is
// taken all the same until free is called, so that no other test, to which a port
// is given in the meantime, listens there after all.
func ClosedAddress() (addr string, free func(), err error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", nil, fmt.Errorf("make socket: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return "", nil, errors.Join(fmt.Errorf("bind: %w", err), unix.Close(fd))
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("ask for the port: %w", err), unix.Close(fd))
	}
	bound, ok := name.(*unix.SockaddrInet4)
	if !ok {
		return "", nil, errors.Join(errors.New("bound to no IPv4 address"), unix.Close(fd))
	}
	return fmt.Sprintf("127.0.0.1:%d", bound.Port), func() { unix.Close(fd) }, nil
}
