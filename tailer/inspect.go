package tailer

import "github.com/rtcship/rtcship/tailer/internal/known"

func (t *Tailer) isDraining() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.draining
}

// measure finds out how long a compressed file is that was passed over when its
// source was new.
func (t *Tailer) measure(g *known.Generation) {
	c := t.known.Candidate(g.AsFound())
	if c == nil {
		return
	}
	defer c.Release()
	v := t.known.View(g.Family().Generations(), nil)
	defer v.Close()
	if in := t.desk.Inspect(t.ctx, v.Known, c.Opened, true); in != nil && !in.Changed() {
		g.Measured(in.End(), in.Broken() == nil && g.IsIn(c))
	}
}
