package tailer

import (
	"io"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/match"
	"github.com/rtcship/rtcship/tailer/internal/progress"
)

// assign gives a generation the file it was found in.
func (x *index) assign(g *generation, c *candidate, v match.Verdict, now time.Time) {
	end := file.Mark{}
	if v.Short {
		end = c.end()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.opened[g] = struct{}{}
	c.gen = g
	if g.belongs(c.foundFile) {
		g.rehome(c.fam)
	}
	home := g.locate(c.File)
	c.fam.src.early.drop(c.File)
	g.stat, g.changed, g.used = c.Stat, now, now
	g.settlePlace(now)
	gap, grown := g.Assign(progress.Found{Home: home, Src: c.src, Head: c.head, Stat: c.Stat, Short: v.Short, Whole: v.Whole, End: end}, now)
	if !v.Short && grown {
		g.written = c.Stat.Mtime
	}
	if gap.Bytes > 0 {
		x.tellGap(g, gap.At, gap.Bytes, gap.Reason)
	}
	x.log.Debug("generation found", "path", g.path, "generation", g.hexID(), "read", g.View().Read.At, "whole", !v.Short)
}

// adoptFrom makes a new generation of c that does not begin at its beginning: of
// what stands before either nobody wants to know, or another one has it.
func (x *index) adoptFrom(c *candidate, v match.Verdict, now time.Time) {
	s := progress.Start{Head: c.head, At: file.Mark{At: v.At}} // of a compressed file, which does not grow, only the head is known
	s.Ended = c.Class.Packed != file.Unpacked || v.What == match.Old && !c.Class.Live
	if c.Class.Packed != file.Unpacked && c.insp == nil {
		s.Unsized, s.At.At = true, c.size()
	}
	if c.Class.Packed == file.Unpacked {
		var err error
		if s.At, err = file.ReadMark(c.src, v.At); err != nil {
			if !c.Class.Live {
				c.fam.stranger(c, now).reason = match.LeftOld
			}
			return // again with the next scan
		}
	}
	if v.What == match.Copy {
		s.CopyOf = x.idOf(v.Known)
	}
	g := newGeneration(c.fam, now)
	g.SkipTo(s)
	x.adopt(g, c, now)
}

// adopt makes g, which is in the file c, one of its family.
func (x *index) adopt(g *generation, c *candidate, now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	c.gen = g
	x.opened[g] = struct{}{}
	home := g.locate(c.File)
	g.stat, g.written = c.Stat, c.Stat.Mtime
	g.settlePlace(now)
	c.fam.src.early.drop(c.File)
	g.fam.gens = append(g.fam.gens, g)
	g.Begin(home, c.src, c.head, c.Stat, now)
	x.log.Debug("generation begun", "path", g.path, "generation", g.hexID(), "from", g.View().Read.At)
}

// end is what c, a copy that is shorter than what was read, can be known by again:
// its end. It is zero if that cannot be read.
func (c *candidate) end() file.Mark {
	var src io.ReaderAt = c.src
	if c.insp != nil {
		src = c.insp
	}
	m, err := file.ReadMark(src, c.size())
	if err != nil {
		return file.Mark{}
	}
	return m
}
