package small

import (
	"path/filepath"
	"sync"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/rules"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// Files are the small files of one source. One goroutine lists them and shelves them;
// any may ask for sums, and for what is to be saved.
type Files struct {
	set  *rules.Set
	dirs map[string]*dir // by path

	mu    sync.Mutex
	shelf *saved.Shelf // of those that are settled; nil before Load
}

// A dir is a directory of small files. It is listed only when it has changed, since
// it may hold tens of thousands.
type dir struct {
	mtime int64
	again int           // listings that are due although it has not changed
	rest  []rules.Named // new files for the next scans
}

// New makes the small files that set has.
func New(set *rules.Set) *Files { return &Files{set: set, dirs: map[string]*dir{}} }

// listAgain is how often a directory is listed again after a change: one that
// follows at once may leave the time as it is.
const listAgain = 2

// AtOnce is how many new small files are taken up with one scan.
const AtOnce = 200

// List finds some of the files in path that are new: neither followed nor on the
// shelf. more says whether there are further ones. What was on the shelf and has been
// gone for as long as forget is not known there any more.
func (s *Files) List(path string, followed func(path string) bool, now time.Time, forget time.Duration) (files []*rules.File, more bool, err error) {
	d := s.dirs[path]
	if d == nil {
		d = &dir{}
		s.dirs[path] = d
	}
	mtime, err := file.StatDir(path)
	if err != nil {
		return nil, false, err
	}
	if mtime != d.mtime {
		d.again = listAgain
	}
	if mtime != d.mtime || d.again > 0 {
		d.again--
		d.mtime = mtime
		if err := s.find(path, d, followed, now, forget); err != nil {
			d.mtime = 0
			return nil, false, err
		}
	}
	n := min(AtOnce, len(d.rest))
	for _, m := range d.rest[:n] {
		fl := s.set.Look(m.Path, m.Class)
		if fl != nil && !s.isRenamed(fl, now) {
			files = append(files, fl)
		}
	}
	d.rest = d.rest[n:]
	return files, len(d.rest) > 0, nil
}

// find lists a directory for files that are not known yet.
func (s *Files) find(path string, d *dir, followed func(path string) bool, now time.Time, forget time.Duration) error {
	names, err := rules.ReadNames(path)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d.rest = d.rest[:0]
	s.shelf.BeginListing(path)
	for _, base := range names {
		full := filepath.Join(path, base)
		if s.shelf.Has(full) || followed(full) {
			continue
		}
		if c, ok := s.classify(full); ok {
			d.rest = append(d.rest, rules.Named{Path: full, Class: c, Followed: true})
		}
	}
	s.shelf.EndListing(now, forget)
	return nil
}

func (s *Files) classify(path string) (rules.Class, bool) {
	return s.set.Classify(filepath.Dir(path), filepath.Base(path), func(string) bool { return false })
}
