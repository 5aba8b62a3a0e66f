package progress

import (
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/reader"
)

// A Start is where a generation begins of which nothing was read.
type Start struct {
	Head    []byte
	At      file.Mark // everything before is passed over
	Ended   bool      // nothing more is to come
	Unsized bool      // how long it is unpacked is not known
	CopyOf  string    // id of the generation that it is a copy of up to At
	Held    bool      // whether it is one still is to be found out before it is read
}

// SkipTo has p begin elsewhere than at the beginning. Begin is to follow.
func (p *Progress) SkipTo(s Start) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.print.Grow(s.Head)
	if s.At != (file.Mark{}) || s.Head != nil {
		p.print.Note(s.At)
	}
	p.read.Mark, p.settled.Mark, p.from = s.At, s.At, s.At.At
	p.ended, p.unsized, p.copyOf, p.held = s.Ended, s.Unsized, s.CopyOf, s.Held
}

// Begin has p read src from where it begins.
func (p *Progress) Begin(h Home, src file.Content, head []byte, st file.Stat, now time.Time) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.place(h, src)
	// run_erl goes on in the next file of its ring without telling the time again.
	p.read.Clock, p.settled.Clock = p.log.clock, p.log.clock
	p.print.Grow(head)
	p.headed()
	p.mtime, p.size = st.Mtime, max(st.Size, p.read.At)
	if p.packed != file.Unpacked {
		p.size = p.read.At
	}
	if p.size > p.settled.At {
		p.behind = now
	}
	p.touch()
}

// A Found is the file in which a generation was found again.
type Found struct {
	Home
	Src   file.Content
	Head  []byte
	Stat  file.Stat
	Short bool      // it ends before what was read: nothing is to be had from it
	Whole bool      // it holds everything read so far, and ends there
	End   file.Mark // of a short one, what it can be known by again; zero if that is not known
}

// Assign has p read on in another file. It returns what
// is missing there, if anything is, and whether the file is longer than what was seen
// of p.
func (p *Progress) Assign(f Found, now time.Time) (gap entry.Gap, grown bool) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.close()
	p.place(f.Home, f.Src)
	grown = f.Stat.Size > p.size
	p.mtime = f.Stat.Mtime
	p.tried, p.flush, p.scanned, p.ended, p.suspect, p.wasEnded = -1, -1, 0, false, false, false
	if p.short = f.Short; !p.short {
		p.shorten(f.Head)
		p.grow(f.Head)
	} else if f.End != (file.Mark{}) {
		p.print.Recent = []file.Mark{f.End}
	}
	if p.gapNoted && len(p.gaps) > 0 {
		p.gaps = p.gaps[:len(p.gaps)-1] // it was found after all
		p.gapNoted = false
	}
	gap = p.resize(f)
	gap.Time = now.UTC().Round(0)
	if gap.Bytes > 0 {
		p.addGaps(gap)
	}
	p.touch()
	return gap, grown
}

// resize takes the size from the file, and returns what that lacks.
func (p *Progress) resize(f Found) (gap entry.Gap) {
	const removed = "removed from the end of the file"
	switch {
	case p.short, f.Whole:
		p.ended = true
		gap = entry.Gap{At: p.read.At, Bytes: p.size - p.read.At, Reason: "written after the copy was made, then truncated"}
		if p.log.src.Format != nil {
			gap.Reason = removed
		}
		p.size = p.read.At
	case p.packed == file.Unpacked:
		gap = entry.Gap{At: f.Stat.Size, Bytes: p.size - f.Stat.Size, Reason: removed}
		p.size = f.Stat.Size
	default:
		p.size = max(p.size, p.read.At)
	}
	return gap
}

// Compared notes what a file has of what it was a copy of: everything before at. over
// says that it is none any more, size how much the file holds.
func (p *Progress) Compared(at file.Mark, head []byte, over bool, size int64) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	if p.read.At < at.At && len(p.inflight) == 0 {
		p.grow(head)
		p.print.Note(at)
		p.read.Mark, p.settled.Mark, p.from = at, at, at.At
	}
	p.held = !over && p.read.At < size
	if over {
		p.copyOf = ""
	}
	p.touch()
}

// Measured notes how long a file is that was passed over, and what it is known by at
// its end; ok is false if that cannot be found out.
func (p *Progress) Measured(end file.Mark, ok bool) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.unsized = false
	if !ok || p.read.At != p.settled.At {
		return
	}
	p.print.Note(end)
	p.read.Mark, p.settled.Mark, p.size = end, end, end.At
	p.touch()
}

// A Restored is what a checkpoint says.
type Restored struct {
	Print   file.Fingerprint
	Size    int64
	Settled reader.Position
	Packed  file.Packing
	Ended   bool
	CopyOf  string
	From    int64
	Lost    bool // its file is gone, and the last of Gaps is of what was not read of it
	Gaps    []entry.Gap
	Mtime   int64
	Saved   int  // bytes of the head
	Missing bool // where its file is now is not known
}

// Restore makes p what a checkpoint says.
func (p *Progress) Restore(s Restored, now time.Time) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.print, p.size, p.settled, p.read = s.Print, s.Size, s.Settled, s.Settled
	p.packed, p.wasEnded, p.copyOf, p.gapNoted, p.mtime, p.saved, p.lost = s.Packed, s.Ended, s.CopyOf, s.Lost, s.Mtime, s.Saved, s.Missing
	p.from = s.From
	p.headed()
	p.addGaps(s.Gaps...)
	if n := len(p.gaps); s.Lost && n > 0 && p.gaps[n-1].At > s.Settled.At {
		// The file was let go of while batches of it were under way. They were
		// not settled, and cannot be read again.
		last := &p.gaps[n-1]
		last.Bytes += last.At - s.Settled.At
		last.At = s.Settled.At
	}
	if p.settled.At < p.size {
		p.behind = now
	}
}

// Rewind sets p back, or on, to a position.
func (p *Progress) Rewind(to reader.Position) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.settled, p.read = to, to
	p.changed()
}
