package tailer

import (
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/match"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// identify finds out what some files are: the new place of a
// generation that has lost its own, a copy of one, or something new.
//
// What is known is copied under the lock; files are opened and compared, and it
// is decided, without it.
func (t *Tailer) identify(cands []*candidate, here map[*generation]bool, now time.Time) {
	if len(cands) == 0 {
		return
	}
	defer func() {
		for _, c := range cands {
			if c.gen != nil {
				here[c.gen] = true
			} else if c.src != nil {
				c.src.Close()
			}
		}
	}()
	if t.between != nil {
		t.between()
	}
	t.positions.recall(cands, now)
	t.verify(t.known.concerned(cands), here, now)
	gens := t.known.concerned(cands) // with those that were found to be something else
	for _, g := range gens {
		if !here[g] || g.isLittleKnown() {
			g.refresh()
		}
	}
	view := t.known.view(gens, here)
	defer view.close()
	in := match.Input{Known: view.known, RotateWait: t.cfg.RotateWait, Draining: t.isDraining()}
	for _, c := range cands {
		in.Found = append(in.Found, t.asFound(c, cands, view, now))
	}
	truncated := map[*family]bool{}
	for _, v := range match.Decide(in) {
		c := v.Found.Ref.(*candidate)
		if v.What == match.New && !c.Class.Live {
			if _, looked := truncated[c.fam]; !looked {
				truncated[c.fam] = t.truncatedMeanwhile(c.fam, now)
			}
			if truncated[c.fam] {
				continue
			}
		}
		if v.What == match.New && (!c.asOpened() || view.vanished(c.fam)) {
			c.fam.hidden++
			t.rescan()
			continue
		}
		t.carryOut(v, c, now)
	}
}

// concerned are the generations that cands may have to do with: those of their
// logs, and those of others that begin in the same way or have their inode.
func (x *index) concerned(cands []*candidate) (list []*generation) {
	fams, keys, heads := map[*family]bool{}, map[file.Key]bool{}, map[uint64]bool{}
	for _, c := range cands {
		fams[c.fam] = true
		keys[c.Stat.Key] = true
		if len(c.head) >= match.Little {
			heads[xxhash.Sum64(c.head[:match.Little])] = true
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for g := range x.generations() {
		if fams[g.fam] || g.fam.src.Format == nil && (keys[g.key] || heads[g.HashOf(match.Little)] || g.isLittleKnown()) {
			list = append(list, g)
		}
	}
	return list
}

// isLittleKnown says whether less is known of g than its file holds by now, and too
// little to tell a copy of it by. The scheduler asks.
func (g *generation) isLittleKnown() bool {
	return g.stat.Size >= match.Little && g.Src() != nil && g.HeadLen() < match.Little
}

// A view is what is known at one moment, with what it takes to look into files.
type view struct {
	known []*match.Known
	lazy  []viewed
	logs  map[*family]*match.Log
}

// view copies what is known of generations.
func (x *index) view(gens []*generation, here map[*generation]bool) *view {
	v := &view{logs: map[*family]*match.Log{}}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, g := range gens {
		p, print := g.Look()
		k := &match.Known{
			Ref: g, Log: v.log(g.fam), Fingerprint: print, Read: p.Read.Mark, Size: p.Size,
			Path: g.path, Key: g.key, Packed: g.packed, Stat: g.stat, Written: g.written,
			Here: here[g], Open: p.Src != nil && !here[g], Finished: p.Finished, Ended: p.Ended,
		}
		if p.Src != nil || g.missing.IsZero() {
			l := g.lazy(p.Src)
			v.lazy = append(v.lazy, viewed{l, g.fam, here[g]})
			k.Content = l
		}
		v.known = append(v.known, k)
	}
	return v
}

// lazy is what g's file holds, wherever that is.
func (g *generation) lazy(src file.Content) *file.Lazy {
	set, path, packed := g.fam.src.set, g.path, g.packed
	l := &file.Lazy{Key: g.key, Opener: func() (file.Content, file.Stat, error) { return set.Open(path, packed) }}
	if src != nil && packed == file.Unpacked {
		l.Lend(src)
	}
	return l
}

// log is what a decision has to know of a log.
func (v *view) log(f *family) *match.Log {
	if l := v.logs[f]; l != nil {
		return l
	}
	l := &match.Log{
		Path: f.path, Form: f.rule.Form, Vendor: rules.ByName(f.rule) && !f.rule.Ring, Shared: f.shared(), Framed: f.src.Format != nil,
		Small: f.rule.Small, Floor: max(f.floor, f.src.floor), AtEnd: f.src.Start.End, At: f.src.Start.At,
	}
	v.logs[f] = l
	return l
}

func (v *view) close() {
	for _, l := range v.lazy {
		l.Close()
	}
}

// A viewed file is one of a log's that decisions look into.
type viewed struct {
	*file.Lazy
	fam  *family
	here bool // a name led to it when the directory was listed
}

// vanished says whether a file of f was moved or removed after it had been listed:
// what was found meanwhile may be what it was.
func (v *view) vanished(f *family) bool {
	return slices.ContainsFunc(v.lazy, func(l viewed) bool { return l.Gone() && l.here && l.fam == f })
}

// asFound is a candidate as a decision sees it.
func (t *Tailer) asFound(c *candidate, cands []*candidate, v *view, now time.Time) *match.Found {
	f := &match.Found{
		Ref: c, Log: v.log(c.fam), Path: c.Path, Stat: c.Stat, Packed: c.Class.Packed, Live: c.Class.Live, Aside: c.Class.Aside,
		Head: c.head, Early: c.fam.src.early.of(c.File),
	}
	if c.Class.Packed == file.Unpacked {
		f.Content = c.src
	} else if !beingPacked(cands, c) {
		if c.insp = t.inspect(v.known, c); c.insp != nil {
			f.Archive = c.insp
		}
	}
	if s := c.fam.unknown[c.Stat.Key]; s != nil && s.stat.Like(c.Stat) {
		f.Unchanged, f.Refused = now.Sub(s.since), s.reason != ""
	}
	return f
}

// carryOut does what was decided about c.
func (t *Tailer) carryOut(v match.Verdict, c *candidate, now time.Time) {
	f := c.fam
	if c.insp != nil && c.insp.Missed() {
		t.desk.Drop(c.Stat.Key)
	}
	switch v.What {
	case match.Same:
		t.known.assign(v.Known.Ref.(*generation), c, v, now)
	case match.New:
		t.known.adopt(newGeneration(f, now), c, now)
	case match.Old, match.Copy:
		t.known.adoptFrom(c, v, now)
	case match.Leave:
		s := f.stranger(c, now)
		s.reason, s.copied = v.Reason, v.Reason == ""
	case match.Wait:
		if c.Class.Packed != file.Unpacked {
			f.hidden++ // what it holds is not lost
			t.neverWhole(f, c)
			return
		}
		f.stranger(c, now)
	}
}

// stranger is what is remembered of c, which is no generation so far.
func (f *family) stranger(c *candidate, now time.Time) *stranger {
	s := f.unknown[c.Stat.Key]
	if s == nil || !s.stat.Like(c.Stat) {
		s = &stranger{path: c.Path, stat: c.Stat, since: now}
		f.unknown[c.Stat.Key] = s
	}
	return s
}

// neverWhole shows a compressed file that breaks off and is not written to any
// more.
func (t *Tailer) neverWhole(f *family, c *candidate) {
	if c.insp == nil {
		return
	}
	s := f.stranger(c, time.Now())
	if time.Since(s.since) >= t.cfg.Still {
		t.known.refused(f, c.foundFile, c.insp.Broken())
	}
}

// verify makes sure that the open files of gens hold what they did, before others
// are compared with them: where one was truncated and written again, the other
// file with what it held is its copy.
func (t *Tailer) verify(gens []*generation, here map[*generation]bool, now time.Time) {
	for _, g := range gens {
		v := g.View()
		src := v.Src
		if src == nil || g.packed != file.Unpacked || v.Short || !here[g] {
			continue
		}
		if g.fam.rule.Form != entry.Lines || g.intact() {
			continue
		}
		g.Suspect()
		for range 5 { // a read that ends meanwhile leaves it undecided
			if t.known.statNow(g, now); !g.IsSuspect() || g.Src() != src {
				break
			}
		}
		for _, n := range g.fam.gens {
			if n.Src() == src {
				here[n] = true
			}
		}
		if g.Src() != src {
			delete(here, g)
		}
	}
}

// intact says whether g's open file still holds what it did. It changes nothing:
// a file that is as it was need not be read again.
func (g *generation) intact() bool {
	v, print := g.Look()
	st, err := v.Src.Stat()
	if err != nil || print.HeadLen == 0 {
		return true // nothing can be said
	}
	if st.Size < max(v.Size, v.Read.At) {
		return false
	}
	head, err := file.ReadHead(v.Src, st.Size)
	if err != nil {
		return true
	}
	_, same := print.Agrees(head)
	return same && v.Read.Mark.Holds(v.Src)
}

// refresh learns what there is to know of a generation whose file has no name
// any more but is still open, before it is looked for elsewhere.
func (g *generation) refresh() {
	src := g.Src()
	if src == nil || g.packed != file.Unpacked {
		return
	}
	st, err := src.Stat()
	if err != nil {
		return
	}
	if head, err := file.ReadHead(src, st.Size); err == nil {
		g.Refresh(head, st.Size)
	}
}

// truncatedMeanwhile looks once more at the open files of f. If one of them was
// truncated just now, each file that nobody knows may well be the copy that was made
// of it before, and the next scan, which is to follow at once, will find that out.
func (t *Tailer) truncatedMeanwhile(f *family, now time.Time) bool {
	for _, g := range slices.Clone(f.gens) {
		src := g.Src()
		if src == nil || g.packed != file.Unpacked {
			continue
		}
		if t.known.statNow(g, now); g.IsSuspect() || g.Src() != src {
			t.rescan()
			return true
		}
	}
	return false
}
