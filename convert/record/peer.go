package record

import (
	"net/netip"

	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/tailer/entry"
)

// peers remembers the attributes that tell where messages come from, for they
// are the same as long as a connection lasts.
type peers [16]peer

type peer struct {
	addr      netip.AddrPort
	transport string
	made      otlp.Writer
}

// of is the attributes of e's peer in wire form, until the next call.
func (p *peers) of(e *entry.Entry) []byte {
	known := &p[e.Peer.Port()%uint16(len(p))]
	if known.addr != e.Peer || known.transport != e.Transport {
		known.set(e)
	}
	return known.made.Buf
}

// set makes the attributes of e's peer. TLS is TCP to OpenTelemetry, with
// another attribute that tells.
func (p *peer) set(e *entry.Entry) {
	p.addr, p.transport = e.Peer, e.Transport
	w := &p.made
	w.Buf = w.Buf[:0]
	transport := e.Transport
	if transport == "tls" {
		transport = "tcp"
		w.Bool(keyTLS, true)
	}
	w.String(keyTransport, transport)
	if e.Peer.IsValid() {
		var buf [64]byte
		w.Text(keyPeer, e.Peer.Addr().Unmap().WithZone("").AppendTo(buf[:0]))
		w.Int(keyPeerPort, int64(e.Peer.Port()))
	}
}
