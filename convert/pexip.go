package convert

import "github.com/rtcship/rtcship/tailer"

// convertPexip puts the records of each system into a group of their own.
func (c *Converter) convertPexip(b tailer.Batch, out *Output) {
	for i := range b.Entries {
		out.builder.Begin(&b.Entries[i])
		if len(out.builder.Text) == 0 {
			out.builder.Skip()
			continue
		}
		g := out.hostGroup(c.pexipResource, c.pexipScope, nil)
		g.Records, g.Ends = out.builder.Finish(g.Records, g.Ends)
	}
}
