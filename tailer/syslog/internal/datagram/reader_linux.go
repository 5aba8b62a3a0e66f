package datagram

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	unix.Msghdr
	length uint32
}

// mmsg reads with recvmmsg(2). Its socket is not known to the Go runtime's
// poller, which would wake up for each datagram, also while none is wanted.
// The thread that waits in poll(2) instead is one per socket.
type mmsg struct {
	mu     sync.RWMutex // guards fd for all but the reader
	fd     int          // -1 once closed
	wakeup int          // an eventfd that ends waiting

	// The kernel writes into names and mem by the pointers in msgs, so none of
	// them may be made anew.
	msgs  []mmsghdr
	names []unix.RawSockaddrInet6
	iovs  []unix.Iovec
	mem   []byte
	each  int // bytes of mem for one datagram
	used  int // datagrams of the last read
}

// NewReader takes the socket over from conn, which is closed. Of a datagram, size
// bytes are read.
func NewReader(conn Conn, size int) (Reader, error) {
	n := slab / size
	r := &mmsg{
		each: size, used: n,
		msgs: make([]mmsghdr, n), names: make([]unix.RawSockaddrInet6, n),
		iovs: make([]unix.Iovec, n), mem: make([]byte, slab),
	}
	for i := range r.msgs {
		r.iovs[i].Base = &r.mem[i*size]
		r.iovs[i].SetLen(size)
		h := &r.msgs[i].Msghdr
		h.Name = (*byte)(unsafe.Pointer(&r.names[i]))
		h.Iov = &r.iovs[i]
		h.SetIovlen(1)
	}
	err := r.takeOver(conn)
	return r, errors.Join(err, conn.Close())
}

func (r *mmsg) takeOver(conn Conn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var dupErr error
	err = raw.Control(func(fd uintptr) {
		r.fd, dupErr = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	})
	if err := errors.Join(err, os.NewSyscallError("dup", dupErr)); err != nil {
		return err
	}
	// As large as asked for where that is allowed (it takes CAP_NET_ADMIN),
	// else what net.core.rmem_max allows. What came of it is in the status.
	if unix.SetsockoptInt(r.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, ReceiveBuffer) != nil {
		_ = unix.SetsockoptInt(r.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, ReceiveBuffer)
	}
	if r.wakeup, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return errors.Join(os.NewSyscallError("eventfd", err), unix.Close(r.fd))
	}
	return nil
}

func (r *mmsg) Size() int { return len(r.msgs) }

func (r *mmsg) Read(wait bool) (int, error) {
	for i := range r.msgs[:r.used] {
		r.msgs[i].Namelen = unix.SizeofSockaddrInet6
	}
	r.used = 0
	for {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(r.fd), uintptr(unsafe.Pointer(&r.msgs[0])),
			uintptr(len(r.msgs)), unix.MSG_DONTWAIT, 0, 0)
		switch {
		case errno == 0:
			r.used = int(n)
			return r.used, nil
		case errno == unix.EINTR:
			continue
		case errno != unix.EAGAIN:
			return 0, os.NewSyscallError("recvmmsg", errno)
		case !wait:
			return 0, nil
		}
		if interrupted, err := r.poll(); interrupted || err != nil {
			return 0, err
		}
	}
}

// poll waits for a datagram, or to be interrupted.
func (r *mmsg) poll() (interrupted bool, err error) {
	fds := [2]unix.PollFd{{Fd: int32(r.fd), Events: unix.POLLIN}, {Fd: int32(r.wakeup), Events: unix.POLLIN}}
	_, err = unix.Poll(fds[:], -1)
	if err != nil && err != unix.EINTR {
		return false, os.NewSyscallError("poll", err)
	}
	return fds[1].Revents != 0, nil
}

func (r *mmsg) Interrupt() {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.fd >= 0 {
		_, _ = unix.Write(r.wakeup, binary.NativeEndian.AppendUint64(nil, 1)) // fails only if it was done very often
	}
}

func (r *mmsg) Message(i int) (text []byte, peer netip.AddrPort, truncated bool) {
	m := &r.msgs[i]
	text = r.mem[i*r.each:][:m.length]
	return text, sockaddr(&r.names[i], m.Namelen), m.Flags&unix.MSG_TRUNC != 0
}

// sockaddr reads an address as the kernel writes it; the zero value if it is
// not one of the Internet's.
func sockaddr(name *unix.RawSockaddrInet6, size uint32) netip.AddrPort {
	b := unsafe.Slice((*byte)(unsafe.Pointer(name)), unix.SizeofSockaddrInet6)
	port := binary.BigEndian.Uint16(b[2:])
	switch {
	case size >= unix.SizeofSockaddrInet4 && name.Family == unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), port)
	case size >= unix.SizeofSockaddrInet6 && name.Family == unix.AF_INET6:
		return netip.AddrPortFrom(netip.AddrFrom16(name.Addr).Unmap(), port)
	}
	return netip.AddrPort{}
}

func (r *mmsg) State() (st State) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.fd < 0 {
		return st
	}
	if size, err := unix.GetsockoptInt(r.fd, unix.SOL_SOCKET, unix.SO_RCVBUF); err == nil {
		st.Buffer = size / 2 // the kernel doubles what it is told
	}
	var info [unix.SK_MEMINFO_VARS]uint32
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(r.fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno == 0 {
		st.Queue = int(info[unix.SK_MEMINFO_RMEM_ALLOC])
		st.Drops = uint64(info[unix.SK_MEMINFO_DROPS])
	}
	return st
}

func (r *mmsg) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fd < 0 {
		return nil
	}
	err := errors.Join(unix.Close(r.fd), unix.Close(r.wakeup))
	r.fd = -1
	if err != nil {
		return fmt.Errorf("close socket: %w", err)
	}
	return nil
}
