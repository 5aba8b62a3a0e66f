package tailer

import (
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/known"
)

// lull is how long no file has grown when the time between two polls becomes twice as
// long: most of what an idle rtcship costs is that it wakes up.
const lull = 5 * time.Second

// poll looks at the files that move, and starts reading where there is
// something to read. It returns after how long it is to be called again; 0 is
// that no file moves.
func (t *Tailer) poll(now time.Time) (step time.Duration) {
	for _, f := range t.known.OpenFamilies() {
		step = sooner(step, t.pollFamily(f, now))
	}
	if step > 0 {
		t.readers.TellBlocked()
	}
	t.polled = time.Now()
	return step
}

func (t *Tailer) pollFamily(f *known.Family, now time.Time) (step time.Duration) {
	for g := range f.Generations() {
		if g.Src() == nil || !t.moves(g, now) {
			continue
		}
		t.known.StatNow(g, now)
		step = sooner(step, t.step(g, now))
	}
	if step > 0 && !f.Shared() && f.NameMoved() {
		t.rescan() // it may be rotated several times before the next one, and few kept
	}
	if step > 0 {
		t.feed(f, now)
	}
	return step
}

// sooner returns the shorter of two times, of which 0 is never.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// step is how long a file that moves is left alone.
func (t *Tailer) step(g *known.Generation, now time.Time) time.Duration {
	if g.Quiet(now) < lull || g.Moves() {
		return t.cfg.Poll
	}
	return 2 * t.cfg.Poll
}

// moves says whether g is to be looked at with each poll.
func (t *Tailer) moves(g *known.Generation, now time.Time) bool {
	if !g.IsPacked() && (g.Quiet(now) < t.cfg.Still || t.isDraining()) {
		return true
	}
	return g.Moves()
}

func (t *Tailer) lock(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f()
}

// feed starts the reading of what f has to offer, oldest first.
func (t *Tailer) feed(f *known.Family, now time.Time) {
	for g := range f.Generations() {
		t.known.Reopen(g, now)
		t.introduce(g)
		t.complete(g, now)
	}
	f.Feed(now)
}

// introduce sees to it that a checkpoint tells g by its content before its first
// entry is handed on.
func (t *Tailer) introduce(g *known.Generation) {
	src, size, want, known := g.Introduced()
	if src == nil {
		return
	}
	var head []byte
	if !known {
		var err error
		if head, err = file.ReadHead(src, size); err != nil {
			return // the read itself will tell
		}
	}
	same, enough := g.Introduce(head, want)
	switch {
	case !same:
		t.nudge()
	case enough && !g.Family().Rule.Small:
		t.hurry()
	default:
		g.Touch()
	}
}

// complete notes that what is in g's file is complete as it stands, if enough
// time has passed.
func (t *Tailer) complete(g *known.Generation, now time.Time) {
	if !g.Incomplete() {
		return
	}
	if wait, ok := t.completeAfter(g, now); ok && g.Quiet(now) >= wait {
		g.Complete()
	}
}

// completeAfter returns for how long g's file must not have grown before it is
// taken as it stands, false if it never is.
func (t *Tailer) completeAfter(g *known.Generation, now time.Time) (time.Duration, bool) {
	if g.Family().Src.Format != nil {
		return 0, g.Family().NewestPath() != g.Path()
	}
	if t.isDraining() {
		return t.cfg.DrainQuiet, true
	}
	switch g.Family().Rule.Form {
	case entry.Reports, entry.Whole, entry.Quoted:
		return t.cfg.Quiet, true
	case entry.Dump:
		return t.cfg.DumpQuiet, true
	}
	return t.cfg.RotateWait, g.Away(now) >= t.cfg.RotateWait || g.Family().Rule.Small
}
