package tailer

import (
	"sync"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/rules"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// A source is a Source while it is followed. The scheduler alone uses it,
// except for what a family says of itself.
type source struct {
	Source
	set       *rules.Set // its rules and directories
	families  map[string]*family
	first     time.Time            // when it was followed for the first time; zero if never
	fault     string               // why a directory cannot be listed
	shelf     *saved.Shelf         // of settled small files, nil if none are small
	smalls    map[string]*smallDir // by path
	x         *index
	common    progress.Source // what its Progresses have in common
	early     early           // what was there when the source was new, and is not decided yet
	movedFrom string          // where the directory was when positions were saved, if elsewhere
	late      bool            // its directory could not be listed when it was new
	floor     int64           // rotated files last written before are of no interest, whatever their log
	mu        *sync.Mutex     // Tailer.mu, for changing the maps
	savedAs   savedAs
}

func newSource(cfg Source, x *index) *source {
	s := &source{Source: cfg, x: x, early: early{}, families: map[string]*family{}, smalls: map[string]*smallDir{}}
	s.set = rules.New(asked(&cfg), rules.Where{State: x.cfg.StateDir, Links: x.cfg.FollowLinks, Open: &x.open, Warn: x.keptLink}, s.isKnown)
	if s.Timezone == nil {
		s.Timezone = time.UTC
	}
	s.common = progress.Source{Format: s.Format, Zone: s.Timezone, Damaged: s.Damaged}
	return s
}

// asked is what s says of which files are followed.
func asked(s *Source) rules.Asked {
	return rules.Asked{Dir: s.Dir, Rules: s.Rules, Include: s.Include, Exclude: s.Exclude, Framed: s.Format != nil}
}

// isKnown says whether a log is known, be there a file of it or not.
func (s *source) isKnown(path string) bool {
	return s.families[path] != nil || s.x.notice.Saved(s, path)
}

// A foundFile is a file that was found, and whose it is.
type foundFile struct {
	*rules.File
	src *source
	fam *family // nil while nothing is known of its log
}

// family returns the family that c belongs to, with what a checkpoint knows of it.
func (s *source) family(c rules.Class) *family {
	f := s.families[c.Family]
	if f == nil {
		s.x.mu.Lock()
		defer s.x.mu.Unlock()
		f = newFamily(s, c)
		s.families[c.Family] = f
		s.x.notice.Family(f)
	}
	return f
}

// listAllowed is list for a directory of which it is not known yet whether its
// files may be followed.
func (s *source) listAllowed(dir string, glance func()) ([]*foundFile, error) {
	if err := s.set.Allowed(dir); err != nil {
		return nil, err
	}
	return s.list(dir, glance)
}

// list finds the files in dir that are followed. glance is called now and then.
func (s *source) list(dir string, glance func()) ([]*foundFile, error) {
	all, err := s.set.Names(dir)
	if err != nil {
		return nil, err
	}
	return s.own(append(s.asides(dir, all), s.set.LookAll(all, glance)...)), nil
}

func (fl *foundFile) name() *rules.File { return fl.File }

// own are files of s.
func (s *source) own(files []*rules.File) []*foundFile {
	list := make([]*foundFile, len(files))
	for i, f := range files {
		list[i] = &foundFile{File: f, src: s}
	}
	return list
}

// keptLink is told of a link that is followed although it leads out.
func (x *index) keptLink(path, to string) {
	x.log.Warn("a link that leads out of the log directory is followed since it was read before; the next release will need sora.follow_links for it", "path", path, "to", to)
}
