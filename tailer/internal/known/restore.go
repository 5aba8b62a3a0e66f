package known

import (
	"cmp"
	"encoding/hex"
	"path/filepath"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/place"

	"github.com/rtcship/rtcship/tailer/internal/early"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// A Saved is what was saved of a log.
type Saved struct {
	Newest int64 // mtime of the newest settled write, 0 if that is not known
	Clock  time.Time
	Gens   []Restored
}

// A Restored is what was saved of a generation.
type Restored struct {
	ID    string // in hexadecimal
	Born  time.Time
	Place place.Place
	Read  progress.Restored
}

// restore makes known what was saved of f. The caller holds x.mu.
func (f *Family) restore(s *Saved, now time.Time) {
	if s.Newest > 0 {
		f.floor = s.Newest - int64(early.Margin)
	}
	f.Src.index.readers.Restore(f.settled, s.Newest, s.Clock)
	for i := range s.Gens {
		f.revive(&s.Gens[i], now)
	}
	f.search = now
}

// revive makes a generation known that was saved, where its id is one. The caller holds
// x.mu.
func (f *Family) revive(r *Restored, now time.Time) *Generation {
	g := newGeneration(f, r.Born)
	id, err := hex.DecodeString(r.ID)
	if err != nil || len(id) != len(g.id) {
		return nil
	}
	g.id = [16]byte(id)
	g.keyed(func() { g.at = r.Place })
	g.Restore(r.Read, now)
	f.add(g)
	return g
}

// BringBack makes a generation known again that was put away, with its log, if that is
// not known. It returns false if the log is not followed any more.
func (s *Followed) BringBack(path string, saved *Saved, now time.Time) bool {
	r := s.Set.RuleFor(filepath.Dir(path), filepath.Base(path))
	if r == nil || r.Small || s.Set.Shared(r) {
		return false
	}
	f := s.family(rules.Class{Rule: r, Family: path})
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	if newest, _ := s.index.readers.Settled(f.settled); newest == 0 {
		f.restore(&Saved{Newest: saved.Newest, Clock: saved.Clock}, now)
	}
	for i := range saved.Gens {
		if g := f.revive(&saved.Gens[i], now); g != nil {
			g.Touch()
		}
	}
	return true
}

// PutAway takes out of memory what is over, all but the most that have not been gone for
// as long as the others, and a log with the last of its generations. put is to remember
// each elsewhere; where it fails it stays.
func (x *Index) PutAway(most int, now time.Time, put func(Locked, *Generation) error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var over []*Generation
	for g := range x.generations() {
		if x.isOver(g, now) {
			over = append(over, g)
		}
	}
	if len(over) <= most+most/4 { // so that they need not be gone through each time
		return
	}
	slices.SortFunc(over, func(a, b *Generation) int {
		return cmp.Or(a.at.Missing.Compare(b.at.Missing), cmp.Compare(a.at.Path, b.at.Path))
	})
	for _, g := range over[:len(over)-most] {
		if err := put(Locked{x}, g); err != nil {
			x.log.Error("what is known of a file cannot be put away", "path", g.at.Path, "error", err)
			continue
		}
		x.forgetGeneration(g)
		if f := g.fam; len(f.gens) == 0 && f.files == 0 {
			x.forgetLog(f)
		}
	}
}

// isOver says whether nothing more is expected of g, whose file is gone.
func (x *Index) isOver(g *Generation, now time.Time) bool {
	still := x.cfg.Still
	if g.at.IsFound() || now.Sub(g.at.Missing) < still || now.Sub(g.at.Used) < still ||
		g.fam.Src.Format != nil || g.fam.Rule.Small || g.fam.Shared() {
		return false
	}
	v := g.View()
	n, unsaved := g.UnsavedHead()
	return v.Done && n > 0 && !unsaved && v.CopyOf == ""
}
