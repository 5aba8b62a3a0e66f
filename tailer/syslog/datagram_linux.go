package syslog

import (
	"encoding/binary"
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// growReceiveBuffer makes the receive buffer as large as asked for where that
// is allowed (it takes CAP_NET_ADMIN), and otherwise as large as
// net.core.rmem_max lets it be. What came of it is in ListenerStatus.
func growReceiveBuffer(conn datagramConn, raw syscall.RawConn, size int) {
	forced := false
	_ = raw.Control(func(fd uintptr) {
		forced = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, size) == nil
	})
	if !forced {
		_ = conn.SetReadBuffer(size) // the kernel takes what it allows
	}
}

// fill adds what the kernel knows about the socket.
func (p *packets) fill(st *ListenerStatus) {
	_ = p.raw.Control(func(fd uintptr) {
		if size, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF); err == nil {
			st.ReceiveBuffer = size / 2 // the kernel doubles what it is told
		}
		var info [unix.SK_MEMINFO_VARS]uint32
		size := uint32(unsafe.Sizeof(info))
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
		if errno == 0 {
			st.ReceiveQueue = int(info[unix.SK_MEMINFO_RMEM_ALLOC])
			st.KernelDrops = uint64(info[unix.SK_MEMINFO_DROPS])
		}
	})
}

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	unix.Msghdr
	length uint32
}

// mmsg reads with recvmmsg(2). The kernel writes into names and buffers by the
// pointers in msgs, so none of these may be made anew.
type mmsg struct {
	raw   syscall.RawConn
	msgs  []mmsghdr
	names []unix.RawSockaddrInet6
	iovs  []unix.Iovec
	mem   []byte
	each  int // bytes of mem for one datagram

	n      int
	errno  unix.Errno
	wait   func(fd uintptr) bool // made once, so that reading allocates nothing
	noWait func(fd uintptr)
}

func newBatchReader(_ datagramConn, raw syscall.RawConn, n, each int) batchReader {
	r := &mmsg{
		raw: raw, each: each,
		msgs: make([]mmsghdr, n), names: make([]unix.RawSockaddrInet6, n),
		iovs: make([]unix.Iovec, n), mem: make([]byte, n*each),
	}
	for i := range r.msgs {
		r.iovs[i].Base = &r.mem[i*each]
		r.iovs[i].SetLen(each)
		h := &r.msgs[i].Msghdr
		h.Name = (*byte)(unsafe.Pointer(&r.names[i]))
		h.Iov = &r.iovs[i]
		h.SetIovlen(1)
	}
	r.n = n // so that the first call sets all lengths of names
	r.wait = func(fd uintptr) bool { r.receive(fd); return r.errno != unix.EAGAIN }
	r.noWait = r.receive
	return r
}

func (r *mmsg) size() int { return len(r.msgs) }

func (r *mmsg) read(wait bool) (int, error) {
	var err error
	if wait {
		err = r.raw.Read(r.wait)
	} else {
		err = r.raw.Control(r.noWait)
	}
	if err != nil {
		r.n = 0
		return 0, err
	}
	if r.errno != 0 && r.errno != unix.EAGAIN {
		return 0, os.NewSyscallError("recvmmsg", r.errno)
	}
	return r.n, nil
}

func (r *mmsg) receive(fd uintptr) {
	for i := range r.msgs[:r.n] {
		r.msgs[i].Namelen = unix.SizeofSockaddrInet6
	}
	for {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&r.msgs[0])),
			uintptr(len(r.msgs)), unix.MSG_DONTWAIT, 0, 0)
		if errno == unix.EINTR {
			continue
		}
		r.n, r.errno = int(n), errno
		if errno != 0 {
			r.n = 0
		}
		return
	}
}

func (r *mmsg) message(i int) (text []byte, peer netip.AddrPort, truncated bool) {
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
