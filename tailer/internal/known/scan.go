package known

import (
	"path/filepath"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/place"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// Reconcile brings what is known together with files, all that were found by a scan
// that began at the tick since and could list dirs. It returns the generations whose files
// are there, and the files that are none of theirs.
func (x *Index) Reconcile(files []*Found, dirs map[string]bool, since uint64, now time.Time) (here map[*Generation]bool, loose []*Found) {
	here = map[*Generation]bool{}
	packedFrom := x.packedFrom()
	for _, s := range x.sources {
		for _, f := range s.families {
			f.strangers.Begin()
			f.files = 0
		}
	}
	for _, fl := range files {
		if fl.Fam = fl.Src.families[fl.Class.Family]; fl.Fam != nil && !fl.Class.Aside {
			fl.Fam.files++
		}
		switch g := x.holder(fl.Stat.Key); {
		case fl.Hidden:
			fl.join()
			fl.Later()
			x.hide(fl, here)
		case g != nil && g.still(fl):
			here[g] = true
			x.found(g, fl, since, now)
		case fl.Class.Aside && fl.Fam == nil:
		case fl.Class.Aside && rules.IsSealed(fl.Path):
			fl.seal()
		default:
			fl.put(packedFrom)
			loose = append(loose, fl)
		}
		fl.Fam.nameSeen(fl)
	}
	x.miss(here, dirs, now)
	return here, loose
}

// put says which log a file is of that is none of a generation's.
func (fl *Found) put(packedFrom func(*Found) *Family) {
	if fl.Class.Aside {
		return
	}
	if f := packedFrom(fl); f != nil {
		fl.Fam = f
	}
	fl.join()
}

// miss notes which generations are not to be found any more, of all whose directories
// could be listed.
func (x *Index) miss(here map[*Generation]bool, dirs map[string]bool, now time.Time) {
	for _, f := range x.Listed(dirs) {
		for _, g := range slices.Clone(f.gens) {
			if !here[g] && x.looked(g, dirs) {
				x.lost(g, now)
			}
		}
	}
}

// Later notes that what fl holds is found out later: what its log misses is not lost
// meanwhile.
func (fl *Found) Later() { fl.Fam.strangers.Later() }

// TakenUp takes Later back.
func (fl *Found) TakenUp() { fl.Fam.strangers.TakenUp() }

// refuse shows that fl cannot be opened.
func (fl *Found) refuse(err error) { fl.Fam.strangers.Refuse(fl.File, err) }

// packedFrom returns what tells the log of a compressed file whose name says nothing of
// that, or only what it is called in another directory: the one whose file lay there under
// the same name before. It is nil if there is none, or if the name says it.
func (x *Index) packedFrom() func(fl *Found) *Family {
	var lies map[string][]*Family
	return func(fl *Found) *Family {
		plain, packed := file.UnpackedName(fl.Path)
		if packed == file.Unpacked || fl.Src.Format != nil {
			return nil
		}
		if lies == nil {
			lies = x.lying()
		}
		i := slices.IndexFunc(lies[plain], func(f *Family) bool {
			unsaid := fl.Class.Family == plain || filepath.Base(fl.Class.Family) == filepath.Base(f.Path)
			return f.Src == fl.Src && f.Rule.Form == fl.Class.Rule.Form && unsaid
		})
		if i < 0 || slices.Contains(lies[plain], fl.Fam) {
			return nil
		}
		return lies[plain][i]
	}
}

// lying are the logs of which a file has a name, or had it last.
func (x *Index) lying() map[string][]*Family {
	m := map[string][]*Family{}
	for g := range x.generations() {
		if !g.at.IsPacked() && !g.fam.Shared() && !g.fam.Rule.Small {
			m[g.at.Path] = append(m[g.at.Path], g.fam)
		}
	}
	return m
}

// join makes the family of fl known.
func (fl *Found) join() {
	if fl.Fam == nil {
		fl.Fam = fl.Src.family(fl.Class)
		fl.Fam.files++
	}
}

// hide keeps the generations that may be in a file of which nothing is known at
// present from being taken for deleted.
func (x *Index) hide(fl *Found, here map[*Generation]bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	known := false
	for _, g := range fl.Fam.gens {
		if g.at.Path == fl.Path && g.at.IsFound() {
			known, here[g] = true, true
			if g.Src() == nil {
				g.at.State = place.Unreadable
			}
		}
	}
	if !known {
		fl.refuse(fl.Err)
	}
}

// found notes where g's file is now.
func (x *Index) found(g *Generation, fl *Found, since uint64, now time.Time) {
	rehomed := g.belongs(fl)
	if rehomed {
		fl.join()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if rehomed {
		g.rehome(fl.Fam)
	}
	if rehomed || !g.at.IsAt(fl.File, g.fam.Path) {
		g.Place(g.locate(fl.File, now))
		g.Touch()
	}
	fl.Src.Early.Decided(fl.Stat.Key)
	x.observe(g, fl.Stat, since, now)
}

// still says whether the file with g's inode is g's without a doubt. While it
// is open the inode cannot have been used again.
func (g *Generation) still(fl *Found) bool {
	return g.Src() != nil || fl.Stat.Like(g.at.Stat)
}

// lost notes that no name leads to g's file any more.
func (x *Index) lost(g *Generation, now time.Time) {
	if !g.at.IsFound() {
		return
	}
	state := place.Missing
	if src := g.Src(); src != nil {
		state = place.Moved
		if st, err := src.Stat(); err == nil && st.Nlink == 0 {
			state = place.Deleted
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if g.at.State == state && !g.at.Live {
		return
	}
	g.at.Leave(state, now)
	g.fam.search = now
	if state == place.Missing {
		g.Lose()
	}
	g.Touch()
}

// looked says whether the directory was listed in which g's file was last.
func (x *Index) looked(g *Generation, dirs map[string]bool) bool {
	dir := filepath.Dir(g.at.Path)
	return dirs[dir] || !slices.ContainsFunc(x.sources, func(s *Followed) bool { return slices.Contains(s.Set.Dirs(), dir) })
}

// Listed are those whose directory was listed.
func (x *Index) Listed(dirs map[string]bool) (list []*Family) {
	for _, s := range x.sources {
		for _, f := range s.families {
			if f.files > 0 || dirs[filepath.Dir(f.Path)] {
				list = append(list, f)
			}
		}
	}
	return list
}
