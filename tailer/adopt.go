package tailer

import (
	"io"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/match"
)

// assign gives a generation the file it was found in.
func (t *Tailer) assign(g *generation, c *candidate, v match.Verdict, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if g.src != nil {
		g.src.Close()
	}
	t.holds(g, c.src)
	if g.belongs(c.foundFile) {
		g.rehome(c.fam)
	}
	g.locate(c.File)
	c.fam.src.early.drop(c.File)
	g.stat, g.changed, g.used = c.Stat, now, now
	if !v.Short && c.Stat.Size > g.size {
		g.written = c.Stat.Mtime
	}
	g.tried, g.flush, g.scanned, g.ended, g.suspect = -1, -1, 0, false, false
	g.wasEnded = false
	if g.short = v.Short; g.short {
		g.endsAt(c)
	}
	if len(c.head) < g.fingerprint.HeadLen && !v.Short {
		g.fingerprint.HeadLen = 0
		g.fingerprint.Grow(c.head)
	}
	g.settlePlace(now)
	if g.gapNoted && len(g.gaps) > 0 {
		g.gaps = g.gaps[:len(g.gaps)-1] // it was found after all
		g.gapNoted = false
	}
	t.resize(g, c, v, now)
	t.touch(g)
	t.log.Debug("generation found", "path", g.path, "generation", g.hexID(), "read", g.read.At, "whole", !v.Short)
}

// resize takes the size of g from its file, and counts what that
// lacks. The caller holds t.mu.
func (t *Tailer) resize(g *generation, c *candidate, v match.Verdict, now time.Time) {
	switch {
	case g.short, v.Whole:
		g.ended = true
		if n := g.size - g.read.At; n > 0 {
			reason := "written after the copy was made, then truncated"
			if g.fam.src.Format != nil {
				reason = "removed from the end of the file"
			}
			t.gap(g, g.read.At, n, reason, now)
		}
		g.size = g.read.At
	case g.packed == file.Unpacked:
		if n := g.size - c.Stat.Size; n > 0 {
			t.gap(g, c.Stat.Size, n, "removed from the end of the file", now)
		}
		g.size = c.Stat.Size
	default:
		g.size = max(g.size, g.read.At)
	}
}

// adoptFrom makes a new generation of c that does not begin at its beginning: of
// what stands before either nobody wants to know, or another one has it.
func (t *Tailer) adoptFrom(c *candidate, v match.Verdict, now time.Time) {
	g := newGeneration(c.fam, now)
	at := v.At
	if c.Class.Packed != file.Unpacked && c.insp == nil {
		g.unsized, at = true, c.size()
	}
	if err := g.skipTo(c, at); err != nil {
		if !c.Class.Live {
			c.fam.stranger(c, now).reason = match.LeftOld
		}
		return // again with the next scan
	}
	if v.What == match.Copy {
		g.copyOf = t.idOf(v.Known)
	}
	g.ended = c.Class.Packed != file.Unpacked || v.What == match.Old && !c.Class.Live
	t.adopt(g, c, now)
}

// adopt makes g, which is in the file c, one of its family.
func (t *Tailer) adopt(g *generation, c *candidate, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.taken = true
	g.inherit()
	g.fingerprint.Grow(c.head)
	t.holds(g, c.src)
	g.locate(c.File)
	g.stat, g.size, g.written = c.Stat, max(c.Stat.Size, g.read.At), c.Stat.Mtime
	if c.Class.Packed != file.Unpacked {
		g.size = g.read.At
	}
	if g.size > g.settled.At {
		g.behind = now
	}
	g.settlePlace(now)
	c.fam.src.early.drop(c.File)
	g.fam.gens = append(g.fam.gens, g)
	t.touch(g)
	t.log.Debug("generation begun", "path", g.path, "generation", g.hexID(), "from", g.read.At)
}

// skipTo makes a new generation begin at an offset.
func (g *generation) skipTo(c *candidate, at int64) error {
	m := file.Mark{At: at} // of a compressed file, which does not grow, only the head is known
	if c.Class.Packed == file.Unpacked {
		var err error
		if m, err = file.ReadMark(c.src, at); err != nil {
			return err
		}
	}
	g.fingerprint.Grow(c.head)
	g.fingerprint.Note(m)
	g.read.Mark, g.settled.Mark = m, m
	return nil
}

// endsAt remembers the end of a copy that is shorter than what was read. It is
// all that the copy can be known by again.
func (g *generation) endsAt(c *candidate) {
	var src io.ReaderAt = c.src
	if c.insp != nil {
		src = c.insp
	}
	if m, err := file.ReadMark(src, c.size()); err == nil {
		g.fingerprint.Recent = []file.Mark{m}
	}
}
