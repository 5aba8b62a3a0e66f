package spool

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"net/netip"
	"time"
)

// A Transport says how a message arrived. Its numbers are part of the file
// format: new ones are added at the end and none is given a new meaning.
type Transport uint8

// The transports a message can arrive by.
const (
	UDP Transport = 1 + iota
	TCP
	TLS
	Unix // a Unix socket, stream or datagram
)

// String returns the name that entry.Entry.Transport bears.
func (t Transport) String() string {
	switch t {
	case UDP:
		return "udp"
	case TCP:
		return "tcp"
	case TLS:
		return "tls"
	case Unix:
		return "unix"
	}
	return ""
}

// A Message is what a listener knows of one syslog message.
type Message struct {
	Text      []byte
	Received  time.Time
	Peer      netip.AddrPort // the zero value for a Unix socket
	Transport Transport
	Cut       bool // part of a message that was longer than the limit
}

// An entry in a segment, all numbers little endian:
//
//	0   4  magic, to find the next entry after damaged bytes
//	4   4  CRC-32C of everything from offset 8 to the end of the entry
//	8   4  length of what follows these twelve bytes
//	12  8  time of receipt, nanoseconds since 1970
//	20  1  bit 0: cut
//	21  1  transport
//	22  1  length of the peer's address: 0, 4 or 16
//	23  n  the peer's address, then its port in 2 bytes unless n is 0
//	    …  text
const (
	entryMagic  = "\xe5RTs"
	entryPrefix = 12
	entryMeta   = 11 // without address and port
	maxAddr     = 16 + 2

	flagCut = 1

	// maxText bounds the text of one entry, so that a damaged length is
	// recognized as such and no reader has to hold more than this.
	maxText = 16 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendEntry appends m in its file form to b. The text is not longer than
// maxText.
func appendEntry(b []byte, m *Message) []byte {
	start := len(b)
	b = append(b, entryMagic...)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0) // checksum and length, known below
	b = binary.LittleEndian.AppendUint64(b, uint64(m.Received.UnixNano()))
	var flags byte
	if m.Cut {
		flags |= flagCut
	}
	b = append(b, flags, byte(m.Transport))
	b = appendPeer(b, m.Peer)
	b = append(b, m.Text...)
	e := b[start:]
	binary.LittleEndian.PutUint32(e[8:], uint32(len(e)-entryPrefix))
	binary.LittleEndian.PutUint32(e[4:], crc32.Checksum(e[8:], castagnoli))
	return b
}

func appendPeer(b []byte, peer netip.AddrPort) []byte {
	switch addr := peer.Addr().Unmap(); {
	case addr.Is4():
		a := addr.As4()
		b = append(append(b, 4), a[:]...)
	case addr.Is6():
		a := addr.As16()
		b = append(append(b, 16), a[:]...)
	default:
		return append(b, 0)
	}
	return binary.LittleEndian.AppendUint16(b, peer.Port())
}

// verdict is what decodeEntry thinks of the bytes at hand.
type verdict int

const (
	whole   verdict = iota // a sound entry
	short                  // the beginning of an entry, as far as it goes
	damaged                // no entry begins here
)

// decodeEntry reads the entry at the beginning of b. With whole, n is its
// length and m.Text points into b; with short, n is the number of bytes needed
// before it makes sense to try again.
func decodeEntry(b []byte) (m Message, n int, v verdict) {
	if len(b) < entryPrefix {
		if !bytes.HasPrefix([]byte(entryMagic), b[:min(len(b), len(entryMagic))]) {
			return m, 0, damaged
		}
		return m, entryPrefix, short
	}
	if n = entryLen(b); n == 0 {
		return m, 0, damaged
	}
	if len(b) < n {
		return m, n, short
	}
	if crc32.Checksum(b[8:n], castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return m, 0, damaged
	}
	return decodeMeta(b[entryPrefix:n], n)
}

// entryLen is how long the entry is whose first entryPrefix bytes b begins with, 0
// if they are not those of an entry.
func entryLen(b []byte) int {
	length := int(binary.LittleEndian.Uint32(b[8:]))
	if string(b[:4]) != entryMagic || length < entryMeta || length > entryMeta+maxAddr+maxText {
		return 0
	}
	return entryPrefix + length
}

// decodeMeta reads what follows the twelve bytes of a checked entry.
func decodeMeta(b []byte, n int) (m Message, _ int, _ verdict) {
	m.Received = time.Unix(0, int64(binary.LittleEndian.Uint64(b)))
	m.Cut = b[8]&flagCut != 0
	m.Transport = Transport(b[9])
	size := int(b[10])
	b = b[entryMeta:]
	if size == 0 {
		m.Text = b
		return m, n, whole
	}
	addr, ok := netip.AddrFromSlice(b[:min(size, len(b))])
	if !ok || len(b) < size+2 {
		return m, 0, damaged
	}
	m.Peer = netip.AddrPortFrom(addr, binary.LittleEndian.Uint16(b[size:]))
	m.Text = b[size+2:]
	return m, n, whole
}
