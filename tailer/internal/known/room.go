package known

import (
	"cmp"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/place"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// OpenFamilies are those of which a file is open, the logs first that the rules
// know by their names.
func (x *Index) OpenFamilies() (list []*Family) {
	x.mu.Lock()
	seen := make(map[*Family]bool, len(x.opened))
	for g := range x.opened {
		switch {
		case g.Src() == nil:
			delete(x.opened, g)
		case !seen[g.fam]:
			seen[g.fam] = true
			list = append(list, g.fam)
		}
	}
	x.mu.Unlock()
	slices.SortFunc(list, func(a, b *Family) int {
		return cmp.Or(rules.Compare(a.Rule, b.Rule), cmp.Compare(a.Path, b.Path))
	})
	return list
}

// Waits says whether g's file is there, and is to be opened to be read. The scheduler asks.
func (g *Generation) Waits(now time.Time) bool { return g.at.IsFound() && g.WantsOpen(now) }

// Reopen opens g's file again if it is to be read, and is still the same one.
func (x *Index) Reopen(g *Generation, now time.Time) {
	if !g.Waits(now) || !x.MakeRoom() {
		return
	}
	c, st, err := g.OpenFile()
	if file.NoRoom(err) {
		x.shed(now)
		g.Postpone(now.Add(x.cfg.Scan))
		return
	}
	if err != nil {
		g.Fail(err)
		return
	}
	if st.Key != g.at.Key {
		c.Close() // the next scan will tell
		return
	}
	x.while(func() {
		x.opened[g] = struct{}{}
		g.at.Used = now
		g.Open(c)
	})
}

// EvictAtOnce is how many files are closed when there is no room for one more,
// so that they need not be gone through each time.
const EvictAtOnce = 32

// MakeRoom sees to it that one more file may be opened. It closes those that
// have been still the longest and of which everything is settled; they are
// opened again when they have grown. Deleted ones, which cannot be opened again,
// are closed only if there are no others, and the rules' own logs while they are
// written to only if most of the files are such: closed, they are seen to grow only by
// the next scan. It returns false if there are none to close: then what waits has to wait.
func (x *Index) MakeRoom() bool {
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
func (x *Index) evict(now time.Time) {
	var idle, busy, deleted []*Generation
	for g := range x.opened {
		switch {
		case g.Src() == nil:
			delete(x.opened, g)
		case !g.Idle():
		case !g.at.Unnamed() && rules.ByName(g.fam.Rule) && g.at.Quiet(now) < x.cfg.Still:
			busy = append(busy, g)
		case !g.at.Unnamed():
			idle = append(idle, g)
		case g.at.Quiet(now) >= x.cfg.RotateWait:
			deleted = append(deleted, g)
		}
	}
	if len(idle) == 0 {
		idle = deleted
	}
	if len(idle) == 0 && 2*len(busy) > len(x.opened) {
		idle = busy
	}
	slices.SortFunc(idle, func(a, b *Generation) int {
		return cmp.Or(rules.Compare(b.fam.Rule, a.fam.Rule), a.at.Changed.Compare(b.at.Changed))
	})
	for _, g := range idle[:min(EvictAtOnce, len(idle))] {
		if g.at.Unnamed() {
			x.letGo(g, "closed for want of descriptors (limits.open_files) while its writer may have gone on", now)
			continue
		}
		x.close(g, now)
	}
}

// shed closes some files, since there is no room for one more.
func (x *Index) shed(now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.evict(now)
}

// CloseAll closes all files: nothing more is read.
func (x *Index) CloseAll() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for g := range x.generations() {
		g.Close()
	}
}

// close closes g's file. One that was deleted is gone then. The caller holds
// x.mu.
func (x *Index) close(g *Generation, now time.Time) {
	g.Close()
	if g.at.Unnamed() {
		g.at.Leave(place.Missing, now)
		g.Lose()
		g.Touch() // more is saved of what has to be found again
	}
}
