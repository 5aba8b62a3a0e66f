package tailer

import "slices"

// evictAtOnce is how many files are closed when there is no room for one more,
// so that they need not be gone through each time.
const evictAtOnce = 32

// makeRoom sees to it that one more file may be opened. It closes those that
// have been still the longest and of which everything is settled; they are
// opened again when they have grown. It returns false if there are none: then
// what waits has to wait.
func (t *Tailer) makeRoom() bool {
	limit := int64(t.cfg.OpenFiles)
	if t.open.Load() < limit {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var idle []*generation
	for g := range t.generations() {
		if g.src != nil && g.pumps == 0 && !g.suspect && g.state != Deleted && g.missing.IsZero() && g.done() && t.surely(g) {
			idle = append(idle, g)
		}
	}
	slices.SortFunc(idle, func(a, b *generation) int { return a.changed.Compare(b.changed) })
	for _, g := range idle[:min(evictAtOnce, len(idle))] {
		g.src.Close()
		g.src = nil
	}
	return t.open.Load() < limit
}
