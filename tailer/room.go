package tailer

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// evictAtOnce is how many files are closed when there is no room for one more,
// so that they need not be gone through each time.
const evictAtOnce = 32

// makeRoom sees to it that one more file may be opened. It closes those that
// have been still the longest and of which everything is settled; they are
// opened again when they have grown. Deleted ones, which cannot be opened again,
// are closed only if there are no others. It returns false if there are none
// either: then what waits has to wait.
func (x *index) makeRoom() bool {
	limit := int64(x.cfg.OpenFiles)
	if x.open.Load() < limit {
		return true
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.evict(time.Now())
	return x.open.Load() < limit
}

// evict closes some files. The caller holds x.mu.
func (x *index) evict(now time.Time) {
	var idle, deleted []*generation
	for g := range x.opened {
		switch {
		case g.Src() == nil:
			delete(x.opened, g)
		case !g.missing.IsZero() || !g.Idle():
		case g.state != Deleted && g.state != Moved:
			idle = append(idle, g)
		case now.Sub(g.changed) >= x.cfg.RotateWait:
			deleted = append(deleted, g)
		}
	}
	if len(idle) == 0 {
		idle = deleted
	}
	slices.SortFunc(idle, func(a, b *generation) int {
		return cmp.Or(rules.Compare(b.fam.rule, a.fam.rule), a.changed.Compare(b.changed))
	})
	for _, g := range idle[:min(evictAtOnce, len(idle))] {
		if g.state == Deleted || g.state == Moved {
			x.letGo(g, "closed for want of descriptors (limits.open_files) while its writer may have gone on", now)
			continue
		}
		x.close(g, now)
	}
}

// shed closes some files, since there is no room for one more.
func (x *index) shed(now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.evict(now)
}

// closeAll closes all files: nothing more is read.
func (x *index) closeAll() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for g := range x.generations() {
		g.Close()
	}
}

// close closes g's file. One that was deleted is gone then. The caller holds
// x.mu.
func (x *index) close(g *generation, now time.Time) {
	g.Close()
	delete(x.opened, g)
	if g.state == Deleted || g.state == Moved {
		g.state, g.missing = Missing, now
		g.Lose()
	}
}

// noRoom says whether an error is for want of descriptors: that passes, and says
// nothing about the file.
func noRoom(err error) bool { return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) }
