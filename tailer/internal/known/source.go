package known

import (
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/early"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/rules"
	"github.com/rtcship/rtcship/tailer/internal/small"
)

// A Source is one set of files that are followed in the same way.
type Source struct {
	Name   string // names the source in checkpoints and Status, and must stay the same: "sora", "spool"
	Origin string // Origin.Source of its batches: "sora" or "pexip"

	// Dir is the directory to follow; "" if Include has absolute patterns only.
	Dir string

	// Rules say, in order, which files below Dir are followed and how. See
	// SoraRules.
	Rules []rules.Rule

	// Include are further patterns (path.Match syntax), relative to Dir or
	// absolute, of files followed line by line, and Exclude are patterns of
	// live files to leave alone, whatever the rules say. Patterns name live
	// files; the rotated generations of a live file come with it.
	Include, Exclude []string

	Start    Start          // where a source starts that was never followed before
	Timezone *time.Location // of the clocks in run_erl's files. nil is UTC

	// Format, if set, cuts all files of this source into entries. Such files
	// are never rotated: each is a generation of its own, in the order of
	// their names, and is complete as soon as a later one exists. Its first 64
	// bytes are not those of any other.
	Format entry.Format

	// Settled, if set, is called each time a checkpoint has been saved in
	// which a file has a new position: everything before offset is settled and
	// will never be asked for again. It is called from one goroutine.
	Settled func(path string, offset int64)

	// Damaged, if set, is called when bytes were passed over in which Format
	// found no entry; again if they are read again. It must not block.
	Damaged func(path string, gap entry.Gap)
}

// A Start says where to begin with files that exist when a source is followed
// for the first time. The zero value takes live files from their beginning and
// leaves rotated ones alone.
type Start struct {
	End bool      // take only what is written from now on
	At  time.Time // if not zero: take every generation that may hold entries from then on, rotated ones too
}

// A Followed is a Source while it is followed. The scheduler alone uses it, except for
// what a Family says of itself.
type Followed struct {
	Source
	Set       *rules.Set // its rules and directories
	Families  map[string]*Family
	fault     string // why a directory cannot be listed
	Small     *small.Files
	Index     *Index
	common    progress.Source // what its Progresses have in common
	Early     early.Source    // since when, and what was there then
	MovedFrom string          // where the directory was when positions were saved, if elsewhere
}

// A Found is a file that was found, and whose it is.
type Found struct {
	*rules.File
	Src *Followed
	Fam *Family // nil while nothing is known of its log
}

func newSource(cfg Source, x *Index) *Followed {
	s := &Followed{Source: cfg, Index: x, Families: map[string]*Family{}}
	s.Set = rules.New(Asked(&cfg), rules.Where{State: x.cfg.StateDir, Links: x.cfg.FollowLinks, Open: &x.Open, Warn: x.keptLink}, s.isKnown)
	s.Small = small.New(s.Set)
	if s.Timezone == nil {
		s.Timezone = time.UTC
	}
	s.common = progress.Source{Format: s.Format, Zone: s.Timezone, Damaged: s.Damaged}
	return s
}

// Asked is what s says of which files are followed.
func Asked(s *Source) rules.Asked {
	return rules.Asked{Dir: s.Dir, Rules: s.Rules, Include: s.Include, Exclude: s.Exclude, Framed: s.Format != nil}
}

// isKnown says whether a log is known, be there a file of it or not.
func (s *Followed) isKnown(path string) bool {
	return s.Families[path] != nil || s.Index.notice.Saved(s, path)
}

// Family returns the family that c belongs to, with what a checkpoint knows of it.
func (s *Followed) Family(c rules.Class) *Family {
	f := s.Families[c.Family]
	if f == nil {
		s.Index.mu.Lock()
		defer s.Index.mu.Unlock()
		f = newFamily(s, c)
		s.Families[c.Family] = f
		s.Index.notice.Family(f)
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
		return s.listSmall(dir, now)
	}
	all, err := s.Set.Names(dir)
	if err != nil {
		return nil, false, err
	}
	return s.Own(append(s.asides(dir, all), s.Set.LookAll(all, glance)...)), false, nil
}

// Name is the file, without whose it is.
func (fl *Found) Name() *rules.File { return fl.File }

// Own are files of s.
func (s *Followed) Own(files []*rules.File) []*Found {
	list := make([]*Found, len(files))
	for i, f := range files {
		list[i] = &Found{File: f, Src: s}
	}
	return list
}

// keptLink is told of a link that is followed although it leads out.
func (x *Index) keptLink(path, to string) {
	x.Log.Warn("a link that leads out of the log directory is followed since it was read before; the next release will need sora.follow_links for it", "path", path, "to", to)
}
