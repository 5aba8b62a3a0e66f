package progress

import (
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/reader"
)

// A Progress is how far one generation is.
type Progress struct {
	r      *Readers
	owner  any // whose it is
	log    *Log
	origin *entry.Origin // for the next batch
	print  file.Fingerprint

	content
	position
	activity
	tally

	copyOf string // hexadecimal id of the generation that the file was a copy of, as far as it was read
	saved  int    // bytes of the head that are in a saved checkpoint; -1 if it is in none
	listed listed
}

// A content is what there is to read from.
type content struct {
	src    file.Content // nil while closed
	packed file.Packing
	short  bool      // the file ends before what was read already: nothing to be had from it
	lost   bool      // it cannot be found
	mtime  int64     // when last looked at
	fault  string    // why it cannot be read
	retry  time.Time // not opened before, after a failure
}

// A position is how far that was read.
type position struct {
	from     int64 // where it begins: all before that is another's, or nobody wants it
	size     int64 // uncompressed; of a compressed file, as far as known
	known    int64 // up to here it was read, be it taken or not
	read     reader.Position
	settled  reader.Position
	tried    int64     // the size up to which a read found nothing more to take
	scanned  int64     // no line ends between read.at and here
	flush    int64     // if this is the size, the rest of the file is complete as it stands
	window   int       // bytes to read at once, 0 if there is no special need
	ended    bool      // a compressed file was read to its clean end
	wasEnded bool      // the checkpoint says that it was
	unsized  bool      // it was passed over, and how long it is unpacked is not known yet
	goal     int64     // while draining: the size it had then, where reading ends; 0 if not known yet
	behind   time.Time // when the oldest unsettled byte was first seen
	inflight []*batch
}

// An activity is what is going on.
type activity struct {
	pumps   int    // goroutines that read and hand on
	reading bool   // one of them reads, or offers what it has read
	waiting bool   // that one waits for memory
	blocked bool   // has unread data and may not read it
	suspect bool   // a read found other bytes than expected
	doubted bool   // that was so since it was last read well
	held    bool   // it has grown, and is compared with what it is a copy of before it is read
	touched uint64 // Readers.tick when size was last set by a read
}

// A tally is what is counted.
type tally struct {
	entries, settledEntries, empty, cuts int64
	gaps                                 []entry.Gap
	gapNoted                             bool // the last one is of what was not read when its file was gone
}

// A listed says in which lists of Readers a Progress is, so that it is in none twice.
type listed struct{ changed, grown bool }

// Add makes the Progress of a generation of which nothing was read. owner is what those
// get who ask which have changed, from Begin or Restore on.
func (r *Readers) Add(l *Log, owner any) *Progress {
	p := &Progress{r: r, owner: owner, log: l, saved: -1}
	p.tried, p.flush = -1, -1
	return p
}

// A View is how a Progress was at one moment.
type View struct {
	Src    file.Content
	Short  bool
	Fault  string
	CopyOf string

	From          int64 // where it begins: all before that is another's, or nobody wants it
	Size          int64
	Read, Settled reader.Position
	Ended         bool // a compressed file was read to its clean end, now or before
	Unsized       bool
	Behind        time.Time
	UnderWay      int // batches

	Active   bool // a goroutine reads it or hands it on
	Suspect  bool
	Held     bool
	HasData  bool
	Done     bool // everything known is settled
	Finished bool // or cannot be had for now
	Known    bool // a saved checkpoint tells it by its content
	Tick     uint64

	Tally
}

// A Tally is what was counted.
type Tally struct {
	Entries, SettledEntries, Empty, Cut int64

	Gaps     []entry.Gap
	GapNoted bool // the last one is of what was not read when its file was gone
}

// View returns how p is.
func (p *Progress) View() View {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	return p.view()
}

func (p *Progress) view() View {
	return View{
		Src: p.src, Short: p.short, Fault: p.fault, CopyOf: p.copyOf, From: p.from,
		Size: p.size, Read: p.read, Settled: p.settled, Ended: p.ended || p.wasEnded, Unsized: p.unsized, Behind: p.behind, UnderWay: len(p.inflight),
		Active: p.pumps > 0, Suspect: p.suspect, Held: p.held, HasData: p.hasData(), Done: p.done(), Finished: p.finished(), Known: p.isRecognizable(), Tick: p.r.tick,
		Tally: Tally{p.entries, p.settledEntries, p.empty, p.cuts, slices.Clone(p.gaps), p.gapNoted},
	}
}

// Look is View with what p is recognized by.
func (p *Progress) Look() (View, file.Fingerprint) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	return p.view(), p.print.Clone()
}

// Src is the file to read from, nil while it is closed.
func (p *Progress) Src() file.Content {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	return p.src
}

// Done says whether everything known is settled.
func (p *Progress) Done() bool {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	return p.done()
}

// IsSuspect says whether the file may not be any more what it was.
func (p *Progress) IsSuspect() bool {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	return p.suspect
}

// IsHeld says whether the file waits to be compared with what it was a copy of, and
// nothing reads it.
func (p *Progress) IsHeld() bool {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	return p.held && p.pumps == 0
}

// HashOf is the hash of the first n bytes, 0 if they are not known.
func (p *Progress) HashOf(n int) uint64 {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	return p.print.HashOf(n)
}

// HeadLen is how much is known of how the file begins.
func (p *Progress) HeadLen() int {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	return p.print.HeadLen
}

// Moves says whether something is to be read, or looked into.
func (p *Progress) Moves() bool {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	return p.suspect || p.hasData()
}

// Idle says whether the file can be closed, and opened again, with nothing lost.
func (p *Progress) Idle() bool {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	return p.pumps == 0 && !p.suspect && p.done() && p.isRecognizable()
}

// WantsOpen says whether the file has to be opened to go on.
func (p *Progress) WantsOpen(now time.Time) bool {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	return p.src == nil && !p.short && !now.Before(p.retry) && (p.hasData() || p.size > p.read.At)
}

// Drained says whether Drain need not wait for p.
func (p *Progress) Drained() bool {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	if p.goal == 0 {
		p.goal = p.size
	}
	over := p.finished() || p.reached() && len(p.inflight) == 0
	return over && p.pumps == 0 && !p.suspect
}

// hasData says whether a read may find something to take.
func (p *Progress) hasData() bool {
	switch {
	case p.short || p.held || p.lost && p.src == nil:
		return false
	case p.packed != file.Unpacked:
		return !p.ended
	}
	return p.size > p.tried || p.flush == p.size && p.size > p.read.At
}

// reached says whether p was read as far as it went when Drain was called. What
// is written later is left for the next start, since a log whose writer never
// rests would keep Run from ever ending.
func (p *Progress) reached() bool {
	return p.r.draining && p.goal > 0 && p.read.At >= p.goal && p.packed == file.Unpacked && p.log.src.Format == nil
}

// done says whether everything known is settled.
func (p *Progress) done() bool {
	return len(p.inflight) == 0 && (p.short || p.settled.At == p.size && !p.hasData())
}

// finished says whether everything in the file is settled, or cannot be had for now.
func (p *Progress) finished() bool {
	if p.fault != "" || p.src == nil && p.lost {
		return len(p.inflight) == 0
	}
	if p.log.src.Format != nil && !p.hasData() {
		return len(p.inflight) == 0 // what is left is a torn tail, or being written
	}
	return p.done()
}

// isRecognizable says whether a saved checkpoint tells p by its content, so that its
// entries have the same uids after a crash, wherever its bytes are then.
// If no checkpoint can be saved at present, it has to do that an earlier one
// knows p at all.
func (p *Progress) isRecognizable() bool {
	return p.saved >= p.wantHead() || p.r.unsavable && p.saved > 0
}

// wantHead is how much of the head has to be known for that.
func (p *Progress) wantHead() int {
	if p.packed != file.Unpacked {
		return min(p.print.HeadLen, sureHead)
	}
	return int(min(p.size, sureHead))
}

// sureHead is how much of a log's beginning is saved before what follows is
// handed on.
const sureHead = file.HeadBytes
