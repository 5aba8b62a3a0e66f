package known

import (
	"path/filepath"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// asides are the files of names in dir that are not followed and begin as a log's
// does of which something is missing, or are where a generation was found.
func (s *Followed) asides(dir string, names []rules.Named) (files []*rules.File) {
	if s.Format != nil {
		return nil
	}
	before := map[string]rules.Class{}
	var missing []rules.Class
	for _, f := range s.families {
		c := rules.Class{Rule: f.Rule, Family: f.Path}
		for _, g := range f.gens {
			if g.at.IsFound() && filepath.Dir(g.at.Path) == dir {
				before[g.at.Path] = c
			}
		}
		if filepath.Dir(f.Path) == dir && !f.Shared() && !f.Rule.Small && f.misses() {
			missing = append(missing, c)
		}
	}
	return s.Set.Asides(names, before, missing)
}

// misses says whether f has a generation whose file is not to be found.
func (f *Family) misses() bool {
	f.Src.index.mu.Lock()
	defer f.Src.index.mu.Unlock()
	return slices.ContainsFunc(f.gens, func(g *Generation) bool { return !g.at.IsFound() && g.Src() == nil })
}

// seal shows a file that may hold what is missing of its log and cannot be read.
func (fl *Found) seal() {
	for _, g := range fl.Fam.gens {
		if g.at.IsFound() || fl.Stat.Mtime < g.at.Written {
			continue
		}
		if v := g.View(); v.Src != nil || fl.Stat.Mtime == g.at.Written && v.Settled.At >= v.Size {
			continue
		}
		fl.refuse(&rules.IgnoredError{Why: "may hold what was not read of " + filepath.Base(fl.Fam.Path) +
			", and is compressed in a way that rtcship does not know: unpack it there, or name it in sora.exclude"})
		return
	}
}

// AtOnce is how many unknown files are looked into at once.
const AtOnce = 200

// Unknown are those of the loose files that are to be opened to find out what
// they are: not those that were looked at before and have not changed since. Logs
// that the rules name come first.
func (x *Index) Unknown(loose []*Found, draining bool, now time.Time) (files []*Found) {
	var waiting []*Found
	packing := map[*Family]bool{}
	for _, fl := range loose {
		packing[fl.Fam] = packing[fl.Fam] || fl.Class.Packed != file.Unpacked
	}
	slices.SortStableFunc(loose, func(a, b *Found) int { return rules.ByWeight(a.File, b.File) })
	for _, fl := range loose {
		f, wait := fl.Fam, x.cfg.RotateWait
		if draining || packing[f] || fl.Class.Live {
			wait = 0
		}
		left, rests := f.strangers.Rests(fl.File, 0, now), f.strangers.Rests(fl.File, wait, now)
		searching := now.Sub(f.search) < 2*x.cfg.RotateWait
		switch {
		case left && !searching || fl.Class.Aside && !f.misses():
		case rests && !searching:
			waiting = append(waiting, fl)
		default:
			files = append(files, fl)
		}
	}
	if len(files) > 0 && len(files)+len(waiting) <= AtOnce {
		files = append(files, waiting...) // one of them may be what another is a copy of
	}
	for f := range packing {
		f.strangers.Tidy()
	}
	return files
}
