package tailer

import (
	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/reader"
)

// plan says what the next read does. The caller holds Tailer.mu.
func (g *generation) plan(maxEntry int) reader.Plan {
	p := reader.Plan{
		Src: g.src, Packed: g.packed,
		Format: g.fam.src.Format, Form: g.fam.rule.Form, Zone: g.fam.src.Timezone,
		From: g.read, Size: g.size, Flush: g.flush, Scanned: g.scanned,
		Most: maxEntry, HeadLen: g.fingerprint.HeadLen,
	}
	if p.HeadLen > 0 {
		p.HeadHash = g.fingerprint.Heads[len(g.fingerprint.Heads)-1]
	}
	if p.From.At > file.HeadBytes {
		p.Start = p.From.At - file.MarkBytes
	}
	p.Wide = g.window > 0
	switch ahead := int(min(p.Size-p.Start, entry.BatchBytes)) + 1; {
	case p.Wide:
		p.Want = g.window
	case p.Packed != file.Unpacked:
		p.Want = entry.BatchBytes + reader.Lead
		p.Wide = p.Form == entry.Whole
	case p.Form == entry.Dump:
		p.Want = entry.DumpHead + reader.Lead
	case p.Form == entry.Whole:
		p.Wide = true
		p.Want = int(min(p.Size-p.Start+1, int64(maxEntry)+1+reader.Lead))
	default:
		p.Want = ahead + reader.Lead
	}
	if g.longLine() {
		p.Scan, p.Want = true, reader.ScanBytes
	}
	return p
}

// longLine says whether g waits for the end of a line that is already so long
// that it should not be read again each time it has grown.
func (g *generation) longLine() bool {
	form := g.fam.rule.Form
	return g.window == 0 && g.packed == file.Unpacked && g.fam.src.Format == nil && (form == entry.Lines || form == entry.Clocked) &&
		g.scanned-g.read.At >= reader.ScanBytes && g.flush != g.size
}
