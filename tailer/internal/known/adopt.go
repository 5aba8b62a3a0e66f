package known

import (
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/match"
	"github.com/rtcship/rtcship/tailer/internal/progress"
)

// Apply does what was decided about c.
func (x *Index) Apply(v match.Verdict, c *Candidate, now time.Time) {
	s := &c.Fam.strangers
	switch v.What {
	case match.Same:
		x.assign(v.Known.Ref.(*Generation), c, v, now)
	case match.New:
		x.adopt(newGeneration(c.Fam, now), c, now)
	case match.Old, match.Copy:
		x.adoptFrom(c, v, now)
	case match.Leave:
		s.Leave(c.File, v.Reason, now)
		if v.Reason == match.LeftOld && c.Fam.Src.Early.Leave(c.Stat) {
			x.changed(false)
		}
	case match.Wait:
		remember(v, c)
		if c.IsPacked() {
			c.Later()
		}
		if c.IsPacked() && c.Inspected() == nil {
			return
		}
		if since := s.Meet(c.File, now); c.IsPacked() && since >= x.cfg.Still && c.Inspected().Broken() != nil {
			c.refuse(c.Inspected().Broken()) // it breaks off and is not written to any more
		}
	}
}

// remember keeps up to where a copy goes that may still be copied: what it is a copy of may
// be gone when it is known for what it is.
func remember(v match.Verdict, c *Candidate) {
	if v.Known == nil || v.At == 0 || c.IsPacked() {
		return
	}
	g, ok := v.Known.Ref.(*Generation)
	if !ok {
		return
	}
	if m, err := file.ReadMark(c.Content(), v.At); err == nil {
		g.Remember(m)
	}
}

// assign gives a generation the file it was found in.
func (x *Index) assign(g *Generation, c *Candidate, v match.Verdict, now time.Time) {
	end := file.Mark{}
	if v.Short {
		end = c.End()
	}
	src := c.Take(x.MakeRoom)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.opened[g] = struct{}{}
	c.gen = g
	if g.belongs(c.Found) {
		g.rehome(c.Fam)
	}
	home := g.locate(c.File, now)
	c.Fam.Src.Early.Decided(c.Stat.Key)
	g.at.Stat, g.at.Changed, g.at.Used = c.Stat, now, now
	gap, grown := g.Assign(progress.Found{Home: home, Src: src, Head: c.Head, Stat: c.Stat, Short: v.Short, Whole: v.Whole, End: end}, now)
	if !v.Short && grown {
		g.at.Written = c.Stat.Mtime
	}
	if gap.Bytes > 0 {
		x.tellGap(g, gap.At, gap.Bytes, gap.Reason)
	}
	x.log.Debug("generation found", "path", g.at.Path, "generation", g.HexID(), "read", g.View().Read.At, "whole", !v.Short)
}

// adoptFrom makes a new generation of c that does not begin at its beginning: of
// what stands before either nobody wants to know, or another one has it.
func (x *Index) adoptFrom(c *Candidate, v match.Verdict, now time.Time) {
	s := progress.Start{Head: c.Head, At: file.Mark{At: v.At}} // of a compressed file, which does not grow, only the head is known
	s.Ended = c.IsPacked() || v.What == match.Old && !c.Class.Live
	if c.IsPacked() && c.Inspected() == nil {
		s.Unsized, s.At.At = true, c.Size()
	}
	if !c.IsPacked() {
		var err error
		if s.At, err = file.ReadMark(c.Content(), v.At); err != nil {
			if !c.Class.Live {
				c.Fam.strangers.Leave(c.File, match.LeftOld, now)
			}
			return // again with the next scan
		}
	}
	if v.What == match.Copy {
		if s.CopyOf = x.idOf(v.Known); s.CopyOf == "" {
			return // what it is a copy of was found as well, and is no generation yet: it may be gone
		}
	}
	g := newGeneration(c.Fam, now)
	g.SkipTo(s)
	x.adopt(g, c, now)
}

// adopt makes g, which is in the file c, one of its family.
func (x *Index) adopt(g *Generation, c *Candidate, now time.Time) {
	src := c.Take(x.MakeRoom)
	x.mu.Lock()
	defer x.mu.Unlock()
	c.gen = g
	x.opened[g] = struct{}{}
	home := g.locate(c.File, now)
	g.at.Stat, g.at.Written = c.Stat, c.Stat.Mtime
	c.Fam.Src.Early.Decided(c.Stat.Key)
	g.fam.add(g)
	g.Begin(home, src, c.Head, c.Stat, now)
	x.log.Debug("generation begun", "path", g.at.Path, "generation", g.HexID(), "from", g.View().Read.At)
}
