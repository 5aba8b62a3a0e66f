package known

import (
	"cmp"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/place"
	"github.com/rtcship/rtcship/tailer/internal/progress"
)

// Finish ends what is over in a log when all its files were looked at, and shows what
// could not be looked into.
func (x *Index) Finish(f *Family, now time.Time) {
	f.strangers.Report(x.log)
	x.mu.Lock()
	defer x.mu.Unlock()
	f.sort()
	x.tidy(f, now)
	if f.files == 0 {
		x.forget(f, now)
	}
}

// FinishSome is Finish while not all files were looked at yet.
func (x *Index) FinishSome(f *Family) {
	f.strangers.Report(x.log)
	x.mu.Lock()
	defer x.mu.Unlock()
	f.sort()
}

// tidy closes files that need not be open any more, and ends generations whose bytes
// are lost or whose position need not be kept. The caller holds x.mu.
func (x *Index) tidy(f *Family, now time.Time) {
	for _, g := range slices.Clone(f.gens) {
		if v := g.View(); v.Src != nil && x.closable(g, &v, now) {
			x.close(g, now)
		}
		if v := g.View(); !g.at.IsFound() && v.UnderWay == 0 {
			x.bury(g, &v, now)
		}
	}
	x.shelve(f.Src, f, now)
}

// closable says whether g's file can be closed: it is out of the way, settled,
// and has not grown for a while. A deleted file is kept while nothing has taken
// its place, since its writer may well still have it open, but not for ever.
func (x *Index) closable(g *Generation, v *progress.View, now time.Time) bool {
	quiet := now.Sub(g.at.Rotated) >= x.cfg.RotateWait && g.at.Quiet(now) >= x.cfg.RotateWait
	switch {
	case v.Active || v.Suspect || !v.Done:
		return false
	case v.Short:
		return true
	case g.fam.Src.Format != nil:
		return g.at.State == place.Deleted
	case g.at.Live && g.fam.Rule.Small:
		return true
	case g.at.Live:
		return false
	case g.at.State == place.Moved:
		return g.at.Quiet(now) >= x.cfg.Forget
	case g.at.State == place.Deleted:
		return quiet && (g.fam.hasLive() || g.at.Quiet(now) >= x.cfg.Forget)
	}
	return quiet
}

func (f *Family) hasLive() bool {
	for _, g := range f.gens {
		if g.at.Live {
			return true
		}
	}
	return false
}

// bury counts the unread bytes of a generation that cannot be found as a gap,
// and forgets it after a while.
func (x *Index) bury(g *Generation, v *progress.View, now time.Time) {
	gone := now.Sub(g.at.Missing)
	noted := v.GapNoted
	if !noted && gone >= x.cfg.RotateWait && !g.fam.strangers.Waiting() {
		noted = true
		g.NoteGap()
		if n := v.Size - v.Settled.At; n > 0 {
			x.gap(g, v.Settled.At, n, "the file is gone", now)
		}
	}
	unknown := noted && g.HeadLen() == 0 // by now nothing that is known of it tells its file
	if gone >= x.cfg.Forget || unknown || g.fam.Src.Format != nil && (noted || v.Done) {
		x.forgetGeneration(g)
	}
}

// HoldDeleted lets go of deleted files when they keep too much of the disk.
func (x *Index) HoldDeleted(now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var held []*Generation
	var total int64
	for g := range x.generations() {
		if g.at.State == place.Deleted && g.Src() != nil {
			held = append(held, g)
			total += g.at.Stat.Blocks
		}
	}
	slices.SortFunc(held, func(a, b *Generation) int {
		if done := a.Done(); done != b.Done() {
			if done {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.at.Stat.Mtime, b.at.Stat.Mtime)
	})
	for _, g := range held {
		if total <= x.cfg.DeletedBytes {
			return
		}
		total -= g.at.Stat.Blocks
		x.letGo(g, "deleted, and larger than limits.deleted_bytes", now)
	}
}

// letGo closes a file that no name leads to and whose writer may go on in it. The
// caller holds x.mu.
func (x *Index) letGo(g *Generation, reason string, now time.Time) {
	x.close(g, now)
	v := g.View() // of a read under way nothing counts any more
	g.NoteGap()
	x.gap(g, v.Read.At, max(0, v.Size-v.Read.At), reason, now)
}

// LookAtMoved looks at the files that no name leads to: nothing else would see that
// their writers go on, or that they were deleted since.
func (x *Index) LookAtMoved(now time.Time) {
	x.mu.Lock()
	var list []*Generation
	for g := range x.opened {
		if g.Src() != nil && g.at.Unnamed() {
			list = append(list, g)
		}
	}
	x.mu.Unlock()
	for _, g := range list {
		x.StatNow(g, now)
		x.while(func() {
			if g.at.State == place.Moved && g.at.Stat.Nlink == 0 {
				g.at.State = place.Deleted
			}
		})
	}
}
