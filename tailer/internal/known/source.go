package known

import (
	"iter"
	"maps"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/early"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/rules"
	"github.com/rtcship/rtcship/tailer/internal/small"
)

// A Followed is a Source while it is followed. The scheduler alone uses it, except for
// Early and Small.
type Followed struct {
	rules.Source
	Set   *rules.Set   // its rules and directories
	Early early.Source // since when, and what was there then
	Small *small.Files

	index    *Index
	families map[string]*Family // by path
	common   progress.Source    // what those have in common
	fault    string             // why a directory cannot be listed
}

// A Found is a file that was found, and whose it is.
type Found struct {
	*rules.File
	Src *Followed
	Fam *Family // nil while nothing is known of its log
}

func newSource(cfg rules.Source, x *Index) *Followed {
	s := &Followed{Source: cfg, index: x, families: map[string]*Family{}}
	s.Set = rules.New(cfg.Asked(), rules.Where{State: x.cfg.StateDir, Links: x.cfg.FollowLinks, Open: &x.open, Warn: x.keptLink}, s.isKnown)
	s.Small = small.New(s.Set)
	if s.Timezone == nil {
		s.Timezone = time.UTC
	}
	s.common = progress.Source{Format: s.Format, Zone: s.Timezone, Damaged: s.Damaged}
	return s
}

// isKnown says whether a log is known, be there a file of it or not.
func (s *Followed) isKnown(path string) bool {
	return s.families[path] != nil || s.index.notice.IsSaved(s, path)
}

// Families are the logs of s that are known. The scheduler asks.
func (s *Followed) Families() iter.Seq[*Family] { return maps.Values(s.families) }

// Know makes a log known that was followed before, with what is saved of it, if it is
// followed still.
func (s *Followed) Know(path string) {
	if r := s.Set.RuleOf(path); r != nil {
		s.family(rules.Class{Rule: r, Family: path})
	}
}

// family returns the family that c belongs to, with what is saved of it.
func (s *Followed) family(c rules.Class) *Family {
	f := s.families[c.Family]
	if f == nil {
		s.index.mu.Lock()
		defer s.index.mu.Unlock()
		f = newFamily(s, c)
		s.families[c.Family] = f
		if r, ok := s.index.notice.Saved(s, f.Path); ok {
			f.restore(&r, time.Now())
		}
	}
	return f
}

// List finds the files in dir that are followed, unless nothing is that lies there.
// more says that there are further ones for another scan. glance is called now and then.
func (s *Followed) List(dir string, now time.Time, glance func()) (found []*Found, more bool, err error) {
	if err := s.Set.Allowed(dir); err != nil {
		return nil, false, err
	}
	if s.Set.SmallRule(dir) != nil {
		found, more, err = s.listSmall(dir, now)
		s.begun(found)
		return found, more, err
	}
	all, err := s.Set.Names(dir)
	if err != nil {
		return nil, false, err
	}
	found = s.own(append(s.asides(dir, all), s.Set.LookAll(all, glance)...))
	s.begun(found)
	return found, false, nil
}

// ListNamed finds the logs in dir that the rules know by their names, where it holds
// very much else besides.
func (s *Followed) ListNamed(dir string) []*Found {
	found := s.own(s.Set.VendorFiles(dir))
	s.begun(found)
	return found
}

// Name is the file, without whose it is.
func (fl *Found) Name() *rules.File { return fl.File }

// own are files of s.
func (s *Followed) own(files []*rules.File) []*Found {
	list := make([]*Found, len(files))
	for i, f := range files {
		list[i] = &Found{File: f, Src: s}
	}
	return list
}

// keptLink is told of a link that is followed although it leads out.
func (x *Index) keptLink(path, to string) {
	x.log.Warn("a link that leads out of the log directory is followed since it was read before; the next release will need sora.follow_links for it", "path", path, "to", to)
}
