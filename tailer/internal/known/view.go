package known

import (
	"iter"
	"maps"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/match"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// A View is what is known at one moment, with what it takes to look into files.
type View struct {
	Known []*match.Known
	lazy  []viewed
	logs  map[*Family]*match.Log
}

// A viewed file is one of a log's that decisions look into.
type viewed struct {
	*file.Lazy
	fam  *Family
	here bool // a name led to it when the directory was listed
}

// Concerned are the generations that cands may have to do with: those of their logs, and
// those of others that begin in the same way, by now at least, or have their inode.
func (x *Index) Concerned(cands []*Candidate) (list []*Generation) {
	taken := map[*Generation]bool{}
	take := func(gens []*Generation, of func(*Generation) bool) {
		for _, g := range gens {
			if !taken[g] && of(g) {
				taken[g] = true
				list = append(list, g)
			}
		}
	}
	all := func(*Generation) bool { return true }
	unframed := func(g *Generation) bool { return g.fam.Src.Format == nil }
	fams, starts := map[*Family]bool{}, map[uint64]bool{}
	for _, c := range cands {
		fams[c.Fam] = true
		if len(c.Head) >= match.Little {
			starts[xxhash.Sum64(c.Head[:match.Little])] = true
		}
	}
	var open []*Generation
	x.while(func() {
		x.learnStarts()
		for f := range fams {
			take(f.gens, all)
		}
		for start := range starts {
			take(x.byStart[start], unframed)
		}
		for _, c := range cands {
			take(x.byKey[c.Stat.Key], unframed)
		}
		open = slices.Collect(maps.Keys(x.opened))
		take(open, func(g *Generation) bool { return unframed(g) && g.IsLittleKnown() })
	})
	take(open, func(g *Generation) bool {
		return len(starts) > 0 && g.fam.mayBeCopiedOver() && !g.at.IsPacked() && starts[g.HashSince(g.at.Stat, match.Little)]
	})
	return list
}

// View copies what is known of generations.
func (x *Index) View(gens iter.Seq[*Generation], here map[*Generation]bool) *View {
	v := &View{logs: map[*Family]*match.Log{}}
	x.mu.Lock()
	defer x.mu.Unlock()
	for g := range gens {
		p, print := g.Look()
		k := &match.Known{
			Ref: g, Log: v.Log(g.fam), Fingerprint: print, Read: p.Read.Mark, From: p.From, Size: p.Size,
			Path: g.at.Path, Astray: g.at.Astray, Key: g.at.Key, Packed: g.at.Packed, Stat: g.at.Stat, Written: g.at.Written,
			Here: here[g], Open: p.Src != nil && !here[g], Finished: p.Finished, Ended: p.Ended,
		}
		if p.Src != nil || g.at.IsFound() {
			l := g.lazy(p.Src)
			v.lazy = append(v.lazy, viewed{l, g.fam, here[g]})
			k.Content = l
		}
		v.Known = append(v.Known, k)
	}
	return v
}

// IsLittleKnown says whether less is known of g than its file holds by now, and too
// little to tell a copy of it by. The scheduler asks.
func (g *Generation) IsLittleKnown() bool {
	return g.at.Stat.Size >= match.Little && g.Src() != nil && g.HeadLen() < match.Little
}

// lazy is what g's file holds, wherever that is.
func (g *Generation) lazy(src file.Content) *file.Lazy {
	set, path, packed := g.fam.Src.Set, g.at.Path, g.at.Packed
	open := func() (file.Content, file.Stat, error) { return set.Open(path, packed) }
	l := &file.Lazy{Key: g.at.Key, Opener: open, Few: g.fam.Src.index.few}
	if src != nil && packed == file.Unpacked {
		l.Lend(src)
	}
	return l
}

// Log is what a decision has to know of a log.
func (v *View) Log(f *Family) *match.Log {
	if l := v.logs[f]; l != nil {
		return l
	}
	l := &match.Log{
		Path: f.Path, Form: f.Rule.Form, Vendor: rules.ByName(f.Rule) && !f.Rule.Ring, Shared: f.Shared(), Framed: f.Src.Format != nil,
		Small: f.Rule.Small, Floor: max(f.floor, f.Src.Early.Floor()), AtEnd: f.Src.Start.End, At: f.Src.Start.At,
	}
	v.logs[f] = l
	return l
}

// Close closes what was opened to look into.
func (v *View) Close() {
	for _, l := range v.lazy {
		l.Close()
	}
}

// Vanished says whether a file of f was moved or removed after it had been listed:
// what was found meanwhile may be what it was.
func (v *View) Vanished(f *Family) bool {
	return slices.ContainsFunc(v.lazy, func(l viewed) bool { return l.Gone() && l.here && l.fam == f })
}
