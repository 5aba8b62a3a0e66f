package convert

import (
	"context"
	"net/netip"

	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/tailer/entry"
)

var keyHostName = otlp.NewKey("host.name")

// convertPexip puts the records of each system into a group of their own.
func (c *Converter) convertPexip(ctx context.Context, w *worker, b entry.Batch, out *Output) error {
	var peer [64]byte
	w.pexip.Start(&w.builder)
	defer w.pexip.Release()
	looked := interval{}
	for n := range b.Entries {
		e := &b.Entries[n]
		if err := looked.at(ctx, e); err != nil {
			return err
		}
		w.builder.BeginUnmasked(e)
		if len(e.Text) == 0 {
			w.builder.Skip()
			continue
		}
		host := w.pexip.Read()
		if host == nil {
			host = appendPeer(peer[:0], e.Peer)
		}
		i, named := out.hostGroup(c.pexipResource, c.pexipScope, host)
		if !named {
			w.builder.Attr(keyHostName, host)
			out.Counts.Unresourced++
		}
		g := &out.Groups[i]
		if cap(g.Records)-len(g.Records) < 2*len(e.Text)+512 {
			g.reserve(len(g.Ends)+16, len(g.Records)/2+len(e.Text)) // as much as there is
		}
		out.finish(i, &w.builder, &w.drop)
	}
	return nil
}

// appendPeer appends the address of a sender who did not give a name.
func appendPeer(dst []byte, peer netip.AddrPort) []byte {
	if !peer.IsValid() {
		return dst
	}
	return peer.Addr().Unmap().WithZone("").AppendTo(dst)
}
