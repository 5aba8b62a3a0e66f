package record

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/rtcship/rtcship/tailer/entry"
)

// What is remembered of a peer is never given to another, however many there
// are and in whatever order they come.
func TestPeers(t *testing.T) {
	var entries []entry.Entry
	for _, addr := range []string{"", "192.0.2.7", "192.0.2.8", "::ffff:192.0.2.7", "2001:db8::7", "fe80::7%eth0", "fe80::7%eth1"} {
		for _, transport := range []string{"udp", "tcp", "tls", "unix"} {
			for _, port := range []uint16{0, 514, 514 + 16, 40000} {
				e := entry.Entry{Transport: transport}
				if addr != "" {
					e.Peer = netip.AddrPortFrom(netip.MustParseAddr(addr), port)
				}
				entries = append(entries, e)
			}
		}
	}
	var remembering peers
	for step := range 7 {
		for i := range entries {
			e := &entries[i*(step+1)%len(entries)]
			var fresh peers
			want := bytes.Clone(fresh.of(e))
			for range 2 {
				if got := remembering.of(e); !bytes.Equal(got, want) {
					t.Fatalf("%v by %s: %q, want %q", e.Peer, e.Transport, got, want)
				}
			}
		}
	}
}
