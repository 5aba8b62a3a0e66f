package tailer

import (
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/inspect"
	"github.com/rtcship/rtcship/tailer/internal/match"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// inspect returns what c, a compressed file, holds. It returns nil if that will
// be known by a later scan only.
func (t *Tailer) inspect(known []*match.Known, c *candidate) *inspect.Inspection {
	return t.desk.Inspect(t.ctx, known, inspect.Subject{
		Stat: c.Stat, Head: c.head, Src: c.src.(*file.Packed), Passed: c.passed,
		Open: func() (file.Content, file.Stat, error) { return c.fam.src.set.Open(c.Path, c.Class.Packed) },
	})
}

func (t *Tailer) isDraining() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.draining
}

// measure finds out how long a compressed file is that was passed over when its
// source was new.
func (t *Tailer) measure(f *family, g *generation) {
	fl := &foundFile{src: f.src, fam: f, File: &rules.File{Path: g.path, Stat: g.stat, Class: rules.Class{Rule: f.rule, Family: f.path, Packed: g.packed}}}
	c := t.candidate(fl)
	if c == nil {
		return
	}
	defer c.src.Close()
	c.passed = true
	v := t.known.view(f.gens, nil)
	defer v.close()
	in := t.inspect(v.known, c)
	if in == nil || in.Changed() {
		return
	}
	g.Measured(in.End(), in.Broken() == nil && c.Stat.Key == g.key)
}
