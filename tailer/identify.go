package tailer

import (
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/known"
	"github.com/rtcship/rtcship/tailer/internal/match"
)

// identify finds out what some files are: the new place of a
// generation that has lost its own, a copy of one, or something new.
//
// What is known is copied under the lock; files are opened and compared, and it
// is decided, without it.
func (t *Tailer) identify(cands []*known.Candidate, here map[*known.Generation]bool, now time.Time) {
	if len(cands) == 0 {
		return
	}
	defer func() {
		for _, c := range cands {
			if c.Gen != nil {
				here[c.Gen] = true
			} else if c.Src != nil {
				c.Src.Close()
			}
		}
	}()
	if t.between != nil {
		t.between()
	}
	t.positions.Recall(cands, now)
	t.verify(t.known.Concerned(cands), here, now)
	gens := t.known.Concerned(cands) // with those that were found to be something else
	for _, g := range gens {
		if !here[g] || g.IsLittleKnown() {
			g.Reread()
		}
	}
	view := t.known.View(gens, here)
	defer view.Close()
	in := match.Input{Known: view.Known, RotateWait: t.cfg.RotateWait, Draining: t.isDraining()}
	for _, c := range cands {
		in.Found = append(in.Found, t.asFound(c, cands, view, now))
	}
	truncated := map[*known.Family]bool{}
	for _, v := range match.Decide(in) {
		c := v.Found.Ref.(*known.Candidate)
		if v.What == match.New && !c.Class.Live {
			if _, looked := truncated[c.Fam]; !looked {
				truncated[c.Fam] = t.truncatedMeanwhile(c.Fam, now)
			}
			if truncated[c.Fam] {
				continue
			}
		}
		if v.What == match.New && (!c.AsOpened() || view.Vanished(c.Fam)) {
			c.Fam.Hidden++
			t.rescan()
			continue
		}
		if v.Unsure && t.postpone(c.Found) {
			continue
		}
		t.carryOut(v, c, now)
	}
}

// asFound is a candidate as a decision sees it.
func (t *Tailer) asFound(c *known.Candidate, cands []*known.Candidate, v *known.View, now time.Time) *match.Found {
	f := &match.Found{
		Ref: c, Log: v.Log(c.Fam), Path: c.Path, Stat: c.Stat, Packed: c.Class.Packed, Live: c.Class.Live, Aside: c.Class.Aside,
		Head: c.Head, Early: c.Fam.Src.Early.Was(c.Stat.Key),
	}
	if c.Class.Packed == file.Unpacked {
		f.Content = c.Src
	} else if !known.BeingPacked(cands, c) {
		if c.Insp = t.inspect(v.Known, c); c.Insp != nil {
			f.Archive = c.Insp
		}
	}
	if s := c.Fam.Unknown[c.Stat.Key]; s != nil && s.Stat.Like(c.Stat) {
		f.Unchanged, f.Refused = now.Sub(s.Since), s.Reason != ""
	}
	return f
}

// carryOut does what was decided about c.
func (t *Tailer) carryOut(v match.Verdict, c *known.Candidate, now time.Time) {
	f := c.Fam
	if c.Insp != nil && c.Insp.Missed() {
		t.desk.Drop(c.Stat.Key)
	}
	switch v.What {
	case match.Same:
		t.known.Assign(v.Known.Ref.(*known.Generation), c, v, now)
	case match.New:
		t.known.Adopt(known.NewGeneration(f, now), c, now)
	case match.Old, match.Copy:
		t.known.AdoptFrom(c, v, now)
	case match.Leave:
		s := f.Stranger(c, now)
		s.Reason, s.Copied = v.Reason, v.Reason == ""
	case match.Wait:
		if c.Class.Packed != file.Unpacked {
			f.Hidden++ // what it holds is not lost
			t.neverWhole(f, c)
			return
		}
		f.Stranger(c, now)
	}
}

// neverWhole shows a compressed file that breaks off and is not written to any
// more.
func (t *Tailer) neverWhole(f *known.Family, c *known.Candidate) {
	if c.Insp == nil {
		return
	}
	s := f.Stranger(c, time.Now())
	if time.Since(s.Since) >= t.cfg.Still {
		t.known.Refused(f, c.Found, c.Insp.Broken())
	}
}

// verify makes sure that the open files of gens hold what they did, before others
// are compared with them: where one was truncated and written again, the other
// file with what it held is its copy.
func (t *Tailer) verify(gens []*known.Generation, here map[*known.Generation]bool, now time.Time) {
	for _, g := range gens {
		v := g.View()
		src := v.Src
		if src == nil || g.Packed != file.Unpacked || v.Short || !here[g] {
			continue
		}
		if g.Fam.Rule.Form != entry.Lines || g.Intact() {
			continue
		}
		g.Suspect()
		for range 5 { // a read that ends meanwhile leaves it undecided
			if t.known.StatNow(g, now); !g.IsSuspect() || g.Src() != src {
				break
			}
		}
		for _, n := range g.Fam.Gens {
			if n.Src() == src {
				here[n] = true
			}
		}
		if g.Src() != src {
			delete(here, g)
		}
	}
}

// truncatedMeanwhile looks once more at the open files of f. If one of them was
// truncated just now, each file that nobody knows may well be the copy that was made
// of it before, and the next scan, which is to follow at once, will find that out.
func (t *Tailer) truncatedMeanwhile(f *known.Family, now time.Time) bool {
	for _, g := range slices.Clone(f.Gens) {
		src := g.Src()
		if src == nil || g.Packed != file.Unpacked {
			continue
		}
		if t.known.StatNow(g, now); g.IsSuspect() || g.Src() != src {
			t.rescan()
			return true
		}
	}
	return false
}
