package known

import (
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/match"
	"github.com/rtcship/rtcship/tailer/internal/progress"
)

// Assign gives a generation the file it was found in.
func (x *Index) Assign(g *Generation, c *Candidate, v match.Verdict, now time.Time) {
	end := file.Mark{}
	if v.Short {
		end = c.end()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.opened[g] = struct{}{}
	c.Gen = g
	if g.belongs(c.Found) {
		g.rehome(c.Fam)
	}
	home := g.locate(c.File)
	c.Fam.Src.Early.Decided(c.Stat.Key)
	g.Stat, g.Changed, g.Used = c.Stat, now, now
	g.settlePlace(now)
	gap, grown := g.Assign(progress.Found{Home: home, Src: c.Src, Head: c.Head, Stat: c.Stat, Short: v.Short, Whole: v.Whole, End: end}, now)
	if !v.Short && grown {
		g.Written = c.Stat.Mtime
	}
	if gap.Bytes > 0 {
		x.tellGap(g, gap.At, gap.Bytes, gap.Reason)
	}
	x.Log.Debug("generation found", "path", g.Path, "generation", g.HexID(), "read", g.View().Read.At, "whole", !v.Short)
}

// AdoptFrom makes a new generation of c that does not begin at its beginning: of
// what stands before either nobody wants to know, or another one has it.
func (x *Index) AdoptFrom(c *Candidate, v match.Verdict, now time.Time) {
	s := progress.Start{Head: c.Head, At: file.Mark{At: v.At}} // of a compressed file, which does not grow, only the head is known
	s.Ended = c.Class.Packed != file.Unpacked || v.What == match.Old && !c.Class.Live
	if c.Class.Packed != file.Unpacked && c.Insp == nil {
		s.Unsized, s.At.At = true, c.size()
	}
	if c.Class.Packed == file.Unpacked {
		var err error
		if s.At, err = file.ReadMark(c.Src, v.At); err != nil {
			if !c.Class.Live {
				c.Fam.Stranger(c, now).Reason = match.LeftOld
			}
			return // again with the next scan
		}
	}
	if v.What == match.Copy {
		s.CopyOf = x.idOf(v.Known)
	}
	g := NewGeneration(c.Fam, now)
	g.SkipTo(s)
	x.Adopt(g, c, now)
}

// Adopt makes g, which is in the file c, one of its family.
func (x *Index) Adopt(g *Generation, c *Candidate, now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	c.Gen = g
	x.opened[g] = struct{}{}
	home := g.locate(c.File)
	g.Stat, g.Written = c.Stat, c.Stat.Mtime
	g.settlePlace(now)
	c.Fam.Src.Early.Decided(c.Stat.Key)
	g.Fam.Gens = append(g.Fam.Gens, g)
	g.Begin(home, c.Src, c.Head, c.Stat, now)
	x.Log.Debug("generation begun", "path", g.Path, "generation", g.HexID(), "from", g.View().Read.At)
}
