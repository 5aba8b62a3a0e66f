package tailer

import (
	"time"

	"github.com/rtcship/rtcship/tailer/internal/known"
)

// openAtOnce is how many unknown files are opened before the logs that are known
// are looked at again.
const openAtOnce = known.AtOnce

// A backlog is what a scan found that is still to be looked into.
type backlog struct {
	files []*known.Found
	later []*known.Found             // what may be the file of a generation if none of files is
	last  bool                       // files are those
	here  map[*known.Generation]bool // those whose files it found
	begun bool                       // some of it was taken up already
}

// takeUp finds out what the first of the files in the backlog are. The others wait,
// so that the logs that are known are not kept waiting.
func (t *Tailer) takeUp(now time.Time) {
	n := min(openAtOnce, len(t.backlog.files))
	if n == 0 {
		return
	}
	files := t.backlog.files[:n]
	t.backlog.files = t.backlog.files[n:]
	begun := t.backlog.begun
	if begun {
		for _, fl := range files {
			fl.TakenUp()
		}
	}
	for _, fl := range t.backlog.files {
		if !t.backlog.begun {
			fl.Later() // what it holds is not lost
		}
	}
	t.backlog.begun = true
	var cands []*known.Candidate
	for _, fl := range files {
		c := t.known.Candidate(fl)
		if c != nil && begun && t.known.Holds(c.Stat.Key) { // it was moved there since: the next scan will tell
			c.Release()
			t.lock(func() { t.scanSoon = true })
			continue
		}
		if c != nil {
			cands = append(cands, c)
		}
	}
	t.identify(cands, t.backlog.here, now)
	t.noteClosed(cands, now)
	if b := &t.backlog; len(b.files) == 0 && len(b.later) > 0 {
		b.files, b.later, b.last = b.later, nil, true
	}
}

// noteClosed notes of which logs there are files now that could not be opened to be read,
// for want of room. They are tried again with each poll, and more files are taken up
// only when these are open.
func (t *Tailer) noteClosed(cands []*known.Candidate, now time.Time) {
	for _, c := range cands {
		if g := c.Generation(); g != nil && g.Waits(now) {
			t.closed[g.Family()] = true
			t.full = now
		}
	}
}

// openClosed tries to open what there was no room for.
func (t *Tailer) openClosed(now time.Time) {
	t.full = now
	for f := range t.closed {
		t.feed(f, now)
		still := false
		for g := range f.Generations() {
			still = still || g.Waits(now)
		}
		if !still {
			delete(t.closed, f)
		}
	}
}

// postpone has a file looked at once more when all others of the backlog were, if there
// are any, together with all for which that was done: one of them may be a better one for
// the generation.
func (t *Tailer) postpone(fl *known.Found) bool {
	b := &t.backlog
	if b.last || len(b.files) == 0 && len(b.later) == 0 {
		return false
	}
	b.later = append(b.later, fl)
	fl.Later() // what it holds is not lost
	return true
}
