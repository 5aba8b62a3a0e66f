package tailer

import (
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
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
	full  time.Time                  // when there was no room to open more of them
}

// takeUp finds out what the first of the files in the backlog are. The others wait,
// so that the logs that are known are not kept waiting.
func (t *Tailer) takeUp(now time.Time) {
	n := min(openAtOnce, len(t.backlog.files))
	if n == 0 {
		return
	}
	all := t.backlog.files
	files := all[:n]
	t.backlog.files = all[n:]
	var held map[file.Key]*known.Generation
	if t.backlog.begun {
		held = t.known.Holders()
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
	for i, fl := range files {
		if !t.known.MakeRoom() { // the others have to wait for it
			t.backlog.files, t.backlog.full = all[i:], now
			for _, fl := range files[i:] {
				fl.Later()
			}
			break
		}
		c := t.known.Candidate(fl)
		if c != nil && held[c.Stat.Key] != nil { // it was moved there since: the next scan will tell
			c.Release()
			t.lock(func() { t.scanSoon = true })
			continue
		}
		if c != nil {
			cands = append(cands, c)
		}
	}
	t.identify(cands, t.backlog.here, now)
	if b := &t.backlog; len(b.files) == 0 && len(b.later) > 0 {
		b.files, b.later, b.last = b.later, nil, true
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
