package tailer

import (
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
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
			if g := c.Release(); g != nil {
				here[g] = true
			}
		}
	}()
	if t.between != nil {
		t.between()
	}
	t.positions.Recall(cands, now)
	if t.verify(t.known.Concerned(cands), here, now) {
		for _, c := range cands {
			c.Later() // what it holds is not lost
		}
		return
	}
	gens := t.known.Concerned(cands) // with those that were found to be something else
	for _, g := range gens {
		if !here[g] || g.IsLittleKnown() {
			g.Reread()
		}
	}
	view := t.known.View(slices.Values(gens), here)
	defer view.Close()
	in := match.Input{Known: view.Known, RotateWait: t.cfg.RotateWait, Draining: t.isDraining()}
	for _, c := range cands {
		if c.IsPacked() && !known.BeingPacked(cands, c) {
			c.Holds(t.desk.Inspect(t.ctx, view.Known, c.Opened, false))
		}
		in.Found = append(in.Found, c.AsFound(view, now))
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
			c.Later()
			t.rescan()
			continue
		}
		if v.Unsure && t.postpone(c.Found) {
			continue
		}
		if in := c.Inspected(); in != nil && in.Missed() {
			t.desk.Drop(c.Stat.Key)
		}
		t.known.Apply(v, c, now)
	}
}

// verify makes sure that the open files of gens hold what they did, before others
// are compared with them: where one was truncated and written again, the other
// file with what it held is its copy. It says whether one of them is nobody's by now:
// then it is to be looked at with the others, which the next scan does.
func (t *Tailer) verify(gens []*known.Generation, here map[*known.Generation]bool, now time.Time) (loose bool) {
	for _, g := range gens {
		v := g.View()
		src := v.Src
		if src == nil || g.IsPacked() || v.Short || !here[g] {
			continue
		}
		if g.Family().Rule.Form != entry.Lines || g.Intact() {
			continue
		}
		g.Suspect()
		for range 5 { // a read that ends meanwhile leaves it undecided
			if t.known.StatNow(g, now); !g.IsSuspect() || g.Src() != src {
				break
			}
		}
		if g.Src() == src {
			continue
		}
		delete(here, g)
		taken := false
		for n := range g.Family().Generations() {
			if n.Src() == src {
				here[n], taken = true, true
			}
		}
		loose = loose || !taken
	}
	return loose
}

// truncatedMeanwhile looks once more at the open files of f. If one of them was
// truncated just now, each file that nobody knows may well be the copy that was made
// of it before, and the next scan, which is to follow at once, will find that out.
func (t *Tailer) truncatedMeanwhile(f *known.Family, now time.Time) bool {
	for g := range f.Generations() {
		src := g.Src()
		if src == nil || g.IsPacked() {
			continue
		}
		if t.known.StatNow(g, now); g.IsSuspect() || g.Src() != src {
			t.rescan()
			return true
		}
	}
	return false
}
