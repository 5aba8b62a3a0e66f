package progress

import (
	"errors"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/reader"
)

// touch notes that p has changed and is to be saved.
func (p *Progress) touch() {
	p.unsaved = true
	p.r.cfg.Changed(true)
}

// Touch notes that something of the generation has changed and is to be saved.
func (p *Progress) Touch() {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.touch()
}

// Mark has the generation saved with the next checkpoint, whenever there is one.
func (p *Progress) Mark() {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.unsaved = true
}

// TakeUnsaved says whether something has changed since it was called last, and is to
// be saved therefore.
func (p *Progress) TakeUnsaved() bool {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	was := p.unsaved
	p.unsaved = false
	return was
}

// UnsavedHead returns how much is known of the head, and whether no checkpoint has
// it yet.
func (p *Progress) UnsavedHead() (n int, unsaved bool) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	return p.print.HeadLen, p.saved < p.print.HeadLen
}

// SavedHead notes that a checkpoint has n bytes of the head.
func (p *Progress) SavedHead(n int) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.saved = n
}

// A Home is where a generation is, for entries that are read later.
type Home struct {
	Log    *Log
	Origin *entry.Origin
	Packed file.Packing
}

// Place says where the file is from now on.
func (p *Progress) Place(h Home) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.place(h, p.src)
}

// place has p read from src, which is at h.
func (p *Progress) place(h Home, src file.Content) {
	p.log, p.origin, p.packed, p.lost, p.unsaved = h.Log, h.Origin, h.Packed, false, true
	p.src = src
}

// Lose notes that the file cannot be found any more.
func (p *Progress) Lose() {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.lost = true
}

// Open gives p its file.
func (p *Progress) Open(src file.Content) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.src = src
	p.healed()
}

// Close closes the file, if it is open.
func (p *Progress) Close() {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.close()
}

func (p *Progress) close() {
	if p.src != nil {
		p.src.Close()
		p.src = nil
	}
}

// Detach closes a file that does not hold any more, or never held, what p is.
func (p *Progress) Detach() {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.close()
	p.suspect, p.lost = false, true
}

// Fail notes that the file cannot be read for now.
func (p *Progress) Fail(err error) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.failed(err)
}

func (p *Progress) failed(err error) {
	if p.fault == "" && !errors.Is(err, file.ErrIncomplete) {
		p.r.cfg.Logger.Warn("file cannot be read", "path", p.path(), "error", err)
	}
	p.fault = err.Error()
	p.retry = time.Now().Add(p.r.cfg.Retry)
}

// Postpone has the file opened no earlier than then.
func (p *Progress) Postpone(then time.Time) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.retry = then
}

// healed notes that the file could be read.
func (p *Progress) healed() {
	if p.fault != "" {
		p.r.cfg.Logger.Info("file can be read again", "path", p.path())
		p.fault, p.retry = "", time.Time{}
	}
}

func (p *Progress) path() string {
	if p.origin == nil {
		return ""
	}
	return p.origin.Path
}

// A Sight is what a look at a file said.
type Sight int

// What Observe may return.
const (
	Old  Sight = iota // nothing: the file was read since
	Same              // it is as it was
	Else              // it has changed
	More              // it has grown
	Held              // it has grown, and is to be compared with what it was a copy of
)

// Observe takes note of how the file is. A look that is older than the last read
// says nothing: the file was read beyond the size seen then.
func (p *Progress) Observe(st file.Stat, changed bool, since uint64, now time.Time) Sight {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	if p.touched > since {
		return Old
	}
	p.mtime = st.Mtime
	if !changed {
		return Same
	}
	sight := Else
	if st.Size > p.size {
		sight = More
	}
	p.retry = time.Time{}
	switch {
	case p.short:
	case p.packed != file.Unpacked:
		p.ended = false
	case sight == More:
		p.size = st.Size
		if p.copyOf != "" {
			p.held, sight = true, Held
		}
		if p.behind.IsZero() {
			p.behind = now
		}
	default:
		// It is shorter, or as long as before and yet written. What was read
		// may not be there any more.
		p.suspect = true
	}
	return sight
}

// Seen takes note of the size of a file that nobody reads.
func (p *Progress) Seen(size int64) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.size = size
}

// Suspect has the file looked into before more of it is read.
func (p *Progress) Suspect() {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.suspect = true
}

// Confirm notes that the file, looked at since, still is what it was. It returns how
// many bytes it has lost; false if it was read meanwhile.
func (p *Progress) Confirm(st file.Stat, head []byte, since uint64) (lost int64, ok bool) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	if p.touched > since {
		return 0, false
	}
	lost = p.size - st.Size
	p.suspect = false
	p.shorten(head)
	p.mtime, p.size, p.tried, p.scanned = st.Mtime, st.Size, -1, 0
	return lost, true
}

// shorten takes in the head of a file that has become shorter than what is known of
// it.
func (p *Progress) shorten(head []byte) {
	if len(head) < p.print.HeadLen {
		p.print.HeadLen = 0
		p.print.Grow(head)
	}
}

// Part takes the file, looked at since, away from p: it holds something else by now.
// It returns nil if it was read meanwhile. What was seen of it beyond what was read
// may have been something else already.
func (p *Progress) Part(st file.Stat, since uint64) file.Content {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	if p.touched > since {
		return nil
	}
	if st.Size >= p.size {
		p.size = max(p.known, p.read.At)
	}
	src := p.src
	p.src = nil
	p.suspect, p.lost = false, true
	return src
}

// Introduced returns what it takes to have p's head saved before its first entry is
// handed on: how much of it there is to know. src is nil if that is not needed.
func (p *Progress) Introduced() (src file.Content, size int64, want int, known bool) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	want = p.wantHead()
	if p.saved >= want {
		return nil, 0, 0, true
	}
	return p.src, p.size, want, p.print.HeadLen >= want
}

// Introduce takes in the head. It says whether it is p's, and whether as much is known
// of it as is wanted.
func (p *Progress) Introduce(head []byte, want int) (same, enough bool) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	if _, same := p.print.Agrees(head); !same {
		p.suspect = true
		return false, false
	}
	p.print.Grow(head)
	p.unsaved = true
	return true, p.print.HeadLen >= want
}

// Incomplete says whether the file has an end that is no entry yet.
func (p *Progress) Incomplete() bool {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	return p.src != nil && p.packed == file.Unpacked && p.size > p.read.At && p.flush != p.size
}

// Complete notes that what is in the file is complete as it stands.
func (p *Progress) Complete() {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.flush = p.size
}

// Refresh takes in what a file holds that is open and has no name any more.
func (p *Progress) Refresh(head []byte, size int64) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	if _, same := p.print.Agrees(head); same && size >= p.size {
		p.print.Grow(head)
		p.size = max(p.size, size)
	}
}

// A Start is where a generation begins of which nothing was read.
type Start struct {
	Head    []byte
	At      file.Mark // everything before is passed over
	Ended   bool      // nothing more is to come
	Unsized bool      // how long it is unpacked is not known
	CopyOf  string    // id of the generation that it is a copy of up to At
	Held    bool      // whether it is one still is to be found out before it is read
}

// SkipTo has p begin elsewhere than at the beginning.
func (p *Progress) SkipTo(s Start) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.print.Grow(s.Head)
	if s.At != (file.Mark{}) || s.Head != nil {
		p.print.Note(s.At)
	}
	p.read.Mark, p.settled.Mark = s.At, s.At
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
		p.print.Grow(f.Head)
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
		p.print.Grow(head)
		p.print.Note(at)
		p.read.Mark, p.settled.Mark = at, at
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
	p.settled, p.read, p.unsaved = to, to, true
}
