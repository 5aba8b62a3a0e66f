package progress

import (
	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/reader"
)

// plan says what the next read does.
func (p *Progress) plan() reader.Plan {
	most := p.r.cfg.MaxEntry
	n := reader.Plan{
		Src: p.src, Packed: p.packed,
		Format: p.log.src.Format, Form: p.log.form, Zone: p.log.src.Zone,
		From: p.read, Size: p.size, Flush: p.flush, Scanned: p.scanned,
		Most: most, Safe: p.r.cfg.SafeCut, HeadLen: p.print.HeadLen,
	}
	if n.HeadLen > 0 {
		n.HeadHash = p.print.Heads[len(p.print.Heads)-1]
	}
	if n.From.At > file.HeadBytes {
		n.Start = n.From.At - file.MarkBytes
	}
	n.Wide = p.window > 0
	switch ahead := int(min(n.Size-n.Start, entry.BatchBytes)) + 1; {
	case n.Wide:
		n.Want = p.window
	case n.Packed != file.Unpacked:
		n.Want = entry.BatchBytes + reader.Lead
		n.Wide = n.Form == entry.Whole
	case n.Form == entry.Dump:
		n.Want = entry.DumpHead + reader.Lead
	case n.Form == entry.Whole:
		n.Wide = true
		n.Want = int(min(n.Size-n.Start+1, int64(most)+1+reader.Lead))
	default:
		n.Want = ahead + reader.Lead
	}
	if p.longLine() {
		n.Scan, n.Want = true, reader.ScanBytes
	}
	return n
}

// longLine says whether p waits for the end of a line that is already so long
// that it should not be read again each time it has grown.
func (p *Progress) longLine() bool {
	form := p.log.form
	return p.window == 0 && p.packed == file.Unpacked && p.log.src.Format == nil && (form == entry.Lines || form == entry.Clocked) &&
		p.scanned-p.read.At >= reader.ScanBytes && p.flush != p.size
}
