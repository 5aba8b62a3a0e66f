package tailer

import (
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/inspect"
	"github.com/rtcship/rtcship/tailer/internal/known"
	"github.com/rtcship/rtcship/tailer/internal/match"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// inspect returns what c, a compressed file, holds. It returns nil if that will
// be known by a later scan only.
func (t *Tailer) inspect(known []*match.Known, c *known.Candidate) *inspect.Inspection {
	return t.desk.Inspect(t.ctx, known, inspect.Subject{
		Stat: c.Stat, Head: c.Head, Src: c.Src.(*file.Packed), Passed: c.Passed,
		Open: func() (file.Content, file.Stat, error) { return c.Fam.Src.Set.Open(c.Path, c.Class.Packed) },
	})
}

func (t *Tailer) isDraining() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.draining
}

// measure finds out how long a compressed file is that was passed over when its
// source was new.
func (t *Tailer) measure(f *known.Family, g *known.Generation) {
	fl := &known.Found{Src: f.Src, Fam: f, File: &rules.File{Path: g.Path, Stat: g.Stat, Class: rules.Class{Rule: f.Rule, Family: f.Path, Packed: g.Packed}}}
	c := t.candidate(fl)
	if c == nil {
		return
	}
	defer c.Src.Close()
	c.Passed = true
	v := t.known.View(f.Gens, nil)
	defer v.Close()
	in := t.inspect(v.Known, c)
	if in == nil || in.Changed() {
		return
	}
	g.Measured(in.End(), in.Broken() == nil && c.Stat.Key == g.Key)
}
