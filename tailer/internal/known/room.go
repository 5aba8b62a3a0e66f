package known

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// Reopen opens g's file again, if it is still the same one.
func (x *Index) Reopen(g *Generation, now time.Time) {
	if !x.MakeRoom() {
		return
	}
	c, st, err := g.Fam.Src.Set.Open(g.Path, g.Packed)
	if NoRoom(err) {
		x.Shed(now)
		g.Postpone(now.Add(x.cfg.Scan))
		return
	}
	if err != nil {
		g.Fail(err)
		return
	}
	if st.Key != g.Key {
		c.Close() // the next scan will tell
		return
	}
	x.Do(func() {
		x.opened[g] = struct{}{}
		g.Used = now
		g.Open(c)
	})
}

// EvictAtOnce is how many files are closed when there is no room for one more,
// so that they need not be gone through each time.
const EvictAtOnce = 32

// MakeRoom sees to it that one more file may be opened. It closes those that
// have been still the longest and of which everything is settled; they are
// opened again when they have grown. Deleted ones, which cannot be opened again,
// are closed only if there are no others. It returns false if there are none
// either: then what waits has to wait.
func (x *Index) MakeRoom() bool {
	limit := int64(x.cfg.OpenFiles)
	if x.Open.Load() < limit {
		return true
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.evict(time.Now())
	return x.Open.Load() < limit
}

// evict closes some files. The caller holds x.mu.
func (x *Index) evict(now time.Time) {
	var idle, deleted []*Generation
	for g := range x.opened {
		switch {
		case g.Src() == nil:
			delete(x.opened, g)
		case !g.Missing.IsZero() || !g.Idle():
		case g.State != Deleted && g.State != Moved:
			idle = append(idle, g)
		case now.Sub(g.Changed) >= x.cfg.RotateWait:
			deleted = append(deleted, g)
		}
	}
	if len(idle) == 0 {
		idle = deleted
	}
	slices.SortFunc(idle, func(a, b *Generation) int {
		return cmp.Or(rules.Compare(b.Fam.Rule, a.Fam.Rule), a.Changed.Compare(b.Changed))
	})
	for _, g := range idle[:min(EvictAtOnce, len(idle))] {
		if g.State == Deleted || g.State == Moved {
			x.letGo(g, "closed for want of descriptors (limits.open_files) while its writer may have gone on", now)
			continue
		}
		x.close(g, now)
	}
}

// Shed closes some files, since there is no room for one more.
func (x *Index) Shed(now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.evict(now)
}

// CloseAll closes all files: nothing more is read.
func (x *Index) CloseAll() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for g := range x.Generations() {
		g.Close()
	}
}

// close closes g's file. One that was deleted is gone then. The caller holds
// x.mu.
func (x *Index) close(g *Generation, now time.Time) {
	g.Close()
	delete(x.opened, g)
	if g.State == Deleted || g.State == Moved {
		g.State, g.Missing = Missing, now
		g.Lose()
	}
}

// NoRoom says whether an error is for want of descriptors: that passes, and says
// nothing about the file.
func NoRoom(err error) bool { return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) }
