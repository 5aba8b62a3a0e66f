package progress

import (
	"errors"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
)

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
	p.log, p.origin, p.packed, p.lost = h.Log, h.Origin, h.Packed, false
	p.src = src
	p.changed()
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
	p.grow(head)
	p.changed()
	return true, p.print.HeadLen >= want
}

// Incomplete says whether the file has an end that is no entry yet.
func (p *Progress) Incomplete() bool {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	return p.src != nil && p.packed == file.Unpacked && p.size > p.read.At && p.flush != p.size
}

// Complete notes that what is in the file is complete as it stands, if it goes as far as
// was seen when that was decided: a read may have come further since.
func (p *Progress) Complete(seen int64) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	if p.size == seen {
		p.flush = p.size
	}
}

// Refresh takes in what a file holds that is open and has no name any more.
func (p *Progress) Refresh(head []byte, size int64) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	if _, same := p.print.Agrees(head); same && size >= p.size {
		p.grow(head)
		p.size = max(p.size, size)
	}
}

// Remember keeps a mark of what p holds, up to which a copy of it goes that may still be
// copied: p may be gone when that is known for what it is.
func (p *Progress) Remember(m file.Mark) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	if p.print.Keep(m) {
		p.touch()
	}
}
