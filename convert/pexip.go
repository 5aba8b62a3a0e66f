package convert

import (
	"net/netip"

	"github.com/rtcship/rtcship/tailer/entry"
)

// convertPexip puts the records of each system into a group of their own.
func (c *Converter) convertPexip(w *worker, b entry.Batch, out *Output) {
	var peer [64]byte
	w.pexip.Start(&w.builder)
	defer w.pexip.Release()
	for i := range b.Entries {
		e := &b.Entries[i]
		w.builder.BeginUnmasked(e)
		if len(e.Text) == 0 {
			w.builder.Skip()
			continue
		}
		host := w.pexip.Read()
		if host == nil {
			host = appendPeer(peer[:0], e.Peer)
		}
		g := out.hostGroup(c.pexipResource, c.pexipScope, host)
		if cap(g.Records)-len(g.Records) < 2*len(e.Text)+512 {
			g.reserve(len(g.Ends)+16, len(g.Records)/2+len(e.Text)) // as much as there is
		}
		g.Records, g.Ends = w.builder.Finish(g.Records, g.Ends)
	}
}

// appendPeer appends the address of a sender who did not give a name.
func appendPeer(dst []byte, peer netip.AddrPort) []byte {
	if !peer.IsValid() {
		return dst
	}
	return peer.Addr().Unmap().WithZone("").AppendTo(dst)
}
