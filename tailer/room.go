package tailer

import (
	"slices"
	"time"
)

// evictAtOnce is how many files are closed when there is no room for one more,
// so that they need not be gone through each time.
const evictAtOnce = 32

// makeRoom sees to it that one more file may be opened. It closes those that
// have been still the longest and of which everything is settled; they are
// opened again when they have grown. Deleted ones, which cannot be opened again,
// are closed only if there are no others. It returns false if there are none
// either: then what waits has to wait.
func (t *Tailer) makeRoom() bool {
	limit := int64(t.cfg.OpenFiles)
	if t.open.Load() < limit {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var idle, deleted []*generation
	now := time.Now()
	for g := range t.generations() {
		switch {
		case g.src == nil || g.pumps > 0 || g.suspect || !g.missing.IsZero() || !g.done() || !t.surely(g):
		case g.state != Deleted:
			idle = append(idle, g)
		case now.Sub(g.changed) >= t.cfg.RotateWait:
			deleted = append(deleted, g)
		}
	}
	if len(idle) == 0 {
		idle = deleted
	}
	slices.SortFunc(idle, func(a, b *generation) int { return a.changed.Compare(b.changed) })
	for _, g := range idle[:min(evictAtOnce, len(idle))] {
		t.close(g, now)
	}
	return t.open.Load() < limit
}

// close closes g's file. One that was deleted is gone then. The caller holds
// t.mu.
func (t *Tailer) close(g *generation, now time.Time) {
	g.src.Close()
	g.src = nil
	if g.state == Deleted {
		g.state, g.missing = Missing, now
	}
}
