package known

import (
	"cmp"
	"path/filepath"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// OpenFamilies are those of which a file is open, the logs first that the rules
// know by their names.
func (x *Index) OpenFamilies() (list []*Family) {
	x.mu.Lock()
	seen := make(map[*Family]bool, len(x.opened))
	for g := range x.opened {
		switch {
		case g.Src() == nil:
			delete(x.opened, g)
		case !seen[g.Fam]:
			seen[g.Fam] = true
			list = append(list, g.Fam)
		}
	}
	x.mu.Unlock()
	slices.SortFunc(list, func(a, b *Family) int {
		return cmp.Or(rules.Compare(a.Rule, b.Rule), cmp.Compare(a.Path, b.Path))
	})
	return list
}

// PackedFrom returns what tells the log of a compressed file whose name says nothing of
// that: the one whose file lay there under the same name before. It is nil if there is
// none, or if the name says it.
func (x *Index) PackedFrom() func(fl *Found) *Family {
	var lies map[string][]*Family
	return func(fl *Found) *Family {
		plain, packed := file.UnpackedName(fl.Path)
		if packed == file.Unpacked || fl.Src.Format != nil || fl.Class.Family != plain {
			return nil
		}
		if lies == nil {
			lies = x.lying()
		}
		i := slices.IndexFunc(lies[plain], func(f *Family) bool { return f.Src == fl.Src && f.Rule.Form == fl.Class.Rule.Form })
		if i < 0 || slices.Contains(lies[plain], fl.Fam) {
			return nil
		}
		return lies[plain][i]
	}
}

// lying are the logs of which a file has a name, or had it last.
func (x *Index) lying() map[string][]*Family {
	m := map[string][]*Family{}
	for g := range x.Generations() {
		if g.Packed == file.Unpacked && !g.Fam.Shared() && !g.Fam.Rule.Small {
			m[g.Path] = append(m[g.Path], g.Fam)
		}
	}
	return m
}

// Join makes the family of fl known.
func (fl *Found) Join() {
	if fl.Fam == nil {
		fl.Fam = fl.Src.Family(fl.Class)
		fl.Fam.Files++
	}
}

// Looked says whether the directory was listed in which g's file was last.
func (x *Index) Looked(g *Generation, dirs map[string]bool) bool {
	dir := filepath.Dir(g.Path)
	return dirs[dir] || !slices.ContainsFunc(x.Sources, func(s *Followed) bool { return slices.Contains(s.Set.Dirs(), dir) })
}

// Holders are the generations whose files were found, by what the file system
// knows those by.
func (x *Index) Holders() map[file.Key]*Generation {
	m := map[file.Key]*Generation{}
	for g := range x.Generations() {
		if g.Missing.IsZero() && g.Fam.Src.Format == nil {
			m[g.Key] = g
		}
	}
	for g := range x.Generations() {
		if g.Missing.IsZero() && g.Fam.Src.Format != nil {
			m[g.Key] = g
		}
	}
	return m
}

// ListedFamilies are those whose directory was listed.
func (x *Index) ListedFamilies(dirs map[string]bool) (list []*Family) {
	for _, s := range x.Sources {
		for _, f := range s.Families {
			if f.Files > 0 || dirs[filepath.Dir(f.Path)] {
				list = append(list, f)
			}
		}
	}
	return list
}

// Still says whether the file with g's inode is g's without a doubt. While it
// is open the inode cannot have been used again.
func (g *Generation) Still(fl *Found) bool {
	return g.Src() != nil || fl.Stat.Like(g.Stat)
}

// Found notes where g's file is now.
func (x *Index) Found(g *Generation, fl *Found, since uint64, now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	rehomed := g.belongs(fl)
	if rehomed {
		x.mu.Unlock()
		fl.Join() // takes the lock
		x.mu.Lock()
		g.rehome(fl.Fam)
	}
	if live := fl.Class.Live && fl.Class.Family == g.Fam.Path; rehomed || g.Path != fl.Path || g.Live != live || g.State == Unreadable || g.State == Deleted || g.State == Moved {
		g.Place(g.locate(fl.File))
		g.Touch()
	}
	fl.Src.Early.Decided(fl.Stat.Key)
	g.settlePlace(now)
	x.observe(g, fl.Stat, since, now)
}

// Lost notes that no name leads to g's file any more.
func (x *Index) Lost(g *Generation, now time.Time) {
	if !g.Missing.IsZero() {
		return
	}
	state := Missing
	if src := g.Src(); src != nil {
		state = Moved
		if st, err := src.Stat(); err == nil && st.Nlink == 0 {
			state = Deleted
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if g.State == state && !g.Live {
		return
	}
	g.State = state
	g.displace(now)
	g.Fam.Search = now
	if state == Missing {
		g.Missing = now
		g.Lose()
	}
	g.Touch()
}

// Tidy ends what is over: files that need not be open any more, generations
// whose bytes are lost or whose position need not be kept.
func (x *Index) Tidy(f *Family, now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, g := range slices.Clone(f.Gens) {
		if v := g.View(); v.Src != nil && x.closable(g, &v, now) {
			x.close(g, now)
		}
		if v := g.View(); !g.Missing.IsZero() && v.UnderWay == 0 {
			x.bury(g, &v, now)
		}
	}
	x.shelve(f.Src, f, now)
}

// closable says whether g's file can be closed: it is out of the way, settled,
// and has not grown for a while. A deleted file is kept while nothing has taken
// its place, since its writer may well still have it open, but not for ever.
func (x *Index) closable(g *Generation, v *progress.View, now time.Time) bool {
	quiet := now.Sub(g.Rotated) >= x.cfg.RotateWait && now.Sub(g.Changed) >= x.cfg.RotateWait
	switch {
	case v.Active || v.Suspect || !v.Done:
		return false
	case v.Short:
		return true
	case g.Fam.Src.Format != nil:
		return g.State == Deleted
	case g.Live && g.Fam.Rule.Small:
		return true
	case g.Live:
		return false
	case g.State == Moved:
		return now.Sub(g.Changed) >= x.cfg.Forget
	case g.State == Deleted:
		return quiet && (g.Fam.hasLive() || now.Sub(g.Changed) >= x.cfg.Forget)
	}
	return quiet
}

func (f *Family) hasLive() bool {
	for _, g := range f.Gens {
		if g.Live {
			return true
		}
	}
	return false
}

// bury counts the unread bytes of a generation that cannot be found as a gap,
// and forgets it after a while.
func (x *Index) bury(g *Generation, v *progress.View, now time.Time) {
	if g.HeadLen() == 0 {
		x.ForgetGeneration(g) // nothing is known of it by which it could be found
		return
	}
	gone := now.Sub(g.Missing)
	noted := v.GapNoted
	if !noted && gone >= x.cfg.RotateWait && g.Fam.Hidden == 0 {
		noted = true
		g.NoteGap()
		if n := v.Size - v.Settled.At; n > 0 {
			x.gap(g, v.Settled.At, n, "the file is gone", now)
		}
	}
	if gone >= x.cfg.Forget || g.Fam.Src.Format != nil && (noted || v.Done) {
		x.ForgetGeneration(g)
	}
}

// HoldDeleted lets go of deleted files when they keep too much of the disk.
func (x *Index) HoldDeleted(now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var held []*Generation
	var total int64
	for g := range x.Generations() {
		if g.State == Deleted && g.Src() != nil {
			held = append(held, g)
			total += g.Stat.Blocks
		}
	}
	if total <= x.cfg.DeletedBytes {
		return
	}
	slices.SortFunc(held, func(a, b *Generation) int {
		if done := a.Done(); done != b.Done() {
			if done {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Stat.Mtime, b.Stat.Mtime)
	})
	for _, g := range held {
		if total <= x.cfg.DeletedBytes {
			return
		}
		total -= g.Stat.Blocks
		x.letGo(g, "deleted, and larger than limits.deleted_bytes", now)
	}
}

// letGo closes a file that no name leads to and whose writer may go on in it. The
// caller holds x.mu.
func (x *Index) letGo(g *Generation, reason string, now time.Time) {
	v := g.View()
	x.close(g, now)
	g.NoteGap()
	x.gap(g, v.Read.At, max(0, v.Size-v.Read.At), reason, now)
}

// LookAtMoved looks at the files that no name leads to: nothing else would see that
// their writers go on, or that they were deleted since.
func (x *Index) LookAtMoved(now time.Time) {
	x.mu.Lock()
	var list []*Generation
	for g := range x.opened {
		if g.Src() != nil && (g.State == Moved || g.State == Deleted) {
			list = append(list, g)
		}
	}
	x.mu.Unlock()
	for _, g := range list {
		x.StatNow(g, now)
		x.Do(func() {
			if g.State == Moved && g.Stat.Nlink == 0 {
				g.State = Deleted
			}
		})
	}
}
