package syslog

import (
	"maps"
	"slices"
	"sync/atomic"
)

// ListenerStatus is a snapshot of one listener.
type ListenerStatus struct {
	Listen    string `json:"listen"`    // as configured, with defaults written out
	Address   string `json:"address"`   // what it is bound to
	Transport string `json:"transport"` // "udp", "tcp", "tls" or "unix"

	Messages    uint64 `json:"messages"`    // that reached the spool; each piece of a cut one counts
	Bytes       uint64 `json:"bytes"`       // of text in them
	Connections int    `json:"connections"` // open now
	Accepted    uint64 `json:"accepted"`    // connections since the beginning

	Dropped   map[string]uint64 `json:"dropped"`    // messages that did not reach the spool, by reason
	Refused   map[string]uint64 `json:"refused"`    // connections refused or ended by us, or by an error, by reason
	Cut       uint64            `json:"cut"`        // pieces of messages over the limit
	Half      uint64            `json:"half"`       // messages that their connection ended within
	BadCounts uint64            `json:"bad_counts"` // octet counts that were wrong, and lines where one was due
	Empty     uint64            `json:"empty"`      // messages without text, which are not kept

	ReceiveBuffer int    `json:"receive_buffer"` // bytes, of a datagram socket, as net.core.rmem_max counts them
	ReceiveQueue  int    `json:"receive_queue"`  // bytes of memory that waiting datagrams take
	KernelDrops   uint64 `json:"kernel_drops"`   // datagrams the kernel had no room for

	AcceptFailures  uint64 `json:"accept_failures"`  // failures to accept a connection, such as too many open files
	ReceiveFailures uint64 `json:"receive_failures"` // failures to read a datagram socket
}

// Reasons for which messages are dropped.
const (
	DropNotAllowed = "not_allowed" // the peer is not on the allow-list
	DropSpoolFull  = "spool_full"  // a datagram, while the spool is full
	DropDisk       = "disk"        // a datagram, while the spool cannot be written
	DropShutdown   = "shutdown"    // read, but not written before the process had to end
)

// Reasons for which connections are refused or ended.
const (
	EndNotAllowed = "not_allowed"      // the peer is not on the allow-list
	EndLimit      = "connection_limit" // too many, and the peer has its share
	EndEvicted    = "evicted"          // made room for a peer that had less than its share
	EndIdle       = "idle"             // nothing came for the idle timeout
	EndHandshake  = "tls_handshake"    // no TLS, no accepted certificate, or too slow
	EndError      = "error"            // reset by the peer, or another error
)

// reasons counts by reason. The set of reasons is fixed when it is made, so
// counting needs no lock.
type reasons map[string]*atomic.Uint64

func newReasons(names ...string) reasons {
	r := make(reasons, len(names))
	for _, name := range names {
		r[name] = new(atomic.Uint64)
	}
	return r
}

func (r reasons) add(name string, n int) { r[name].Add(uint64(n)) }

// snapshot returns all counts, those of 0 too, so that metrics exist from the
// start.
func (r reasons) snapshot() map[string]uint64 {
	out := make(map[string]uint64, len(r))
	for _, name := range slices.Sorted(maps.Keys(r)) {
		out[name] = r[name].Load()
	}
	return out
}

// counters are what a listener counts.
type counters struct {
	messages, bytes, cut, half atomic.Uint64
	badCounts, empty, accepted atomic.Uint64
	acceptFailures             atomic.Uint64
	receiveFailures            atomic.Uint64
	dropped, refused           reasons
}

func newCounters() *counters {
	return &counters{
		dropped: newReasons(DropNotAllowed, DropSpoolFull, DropDisk, DropShutdown),
		refused: newReasons(EndNotAllowed, EndLimit, EndEvicted, EndIdle, EndHandshake, EndError),
	}
}

func (c *counters) fill(st *ListenerStatus) {
	st.Messages, st.Bytes = c.messages.Load(), c.bytes.Load()
	st.Accepted, st.AcceptFailures = c.accepted.Load(), c.acceptFailures.Load()
	st.ReceiveFailures = c.receiveFailures.Load()
	st.Cut, st.Half = c.cut.Load(), c.half.Load()
	st.BadCounts, st.Empty = c.badCounts.Load(), c.empty.Load()
	st.Dropped, st.Refused = c.dropped.snapshot(), c.refused.snapshot()
}
