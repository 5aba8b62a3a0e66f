package rules

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// A Set is the rules of one source, and the directories that they name. One
// goroutine uses it.
type Set struct {
	Asked
	rules []Rule
	seen  map[string]map[string]Named // what names were found to be, by directory
	known func(path string) bool      // whether a log of that path is known, be there a file of it or not
	paths *paths
}

// An Asked is what somebody wants to have followed.
type Asked struct {
	Dir              string // that patterns are relative to
	Rules            []Rule
	Include, Exclude []string
	Framed           bool // the files are those of a Format: none is a rotated one of another
}

// A Where says where files may be.
type Where struct {
	State string                // the state directory, in which nothing is followed
	Links bool                  // links may lead anywhere
	Open  *atomic.Int64         // counts open files; may be nil
	Warn  func(path, to string) // of a link that is followed although it leads out
}

// New makes the Set of what is asked for. known says whether a log of that path is
// known, be there a file of it or not.
func New(a Asked, w Where, known func(path string) bool) *Set {
	s := &Set{Asked: a, known: known, seen: map[string]map[string]Named{}}
	for _, r := range a.Rules {
		switch {
		case !file.HasMeta(r.Pattern) || r.Ring || r.Small:
			r.weight = byName
		case filepath.IsAbs(r.Pattern):
			r.weight = byPattern
		default:
			r.weight = byDefault
		}
		s.rules = append(s.rules, r)
	}
	for _, p := range a.Include {
		s.rules = append(s.rules, Rule{Pattern: p, weight: byPattern, asked: true})
	}
	for i := range s.rules {
		r := &s.rules[i]
		if r.full = r.Pattern; !filepath.IsAbs(r.full) {
			r.full = filepath.Join(s.Dir, r.full)
		}
		r.full = filepath.Clean(r.full)
		r.plain = !file.HasMeta(r.full)
	}
	s.paths = newPaths(w)
	s.Refresh()
	return s
}

// Dirs returns the directories that the rules name.
func (s *Set) Dirs() []string {
	seen := map[string]bool{}
	var dirs []string
	for i := range s.rules {
		p := s.rules[i].Pattern
		if !filepath.IsAbs(p) {
			p = filepath.Join(s.Dir, p)
		}
		dir := filepath.Dir(p)
		found := []string{dir}
		if file.HasMeta(dir) {
			found, _ = filepath.Glob(dir)
		}
		for _, d := range found {
			if !seen[d] {
				seen[d] = true
				dirs = append(dirs, d)
			}
		}
	}
	return dirs
}

// Shared says whether all files of a rule are one family.
func (s *Set) Shared(r *Rule) bool { return r.Ring || s.Framed }

// Look looks at a file; nil if there is none of that name that can be followed.
func (s *Set) Look(path string, c Class) *File {
	f := &File{Path: path, Class: c}
	var err error
	f.Stat, f.link, err = s.paths.look(path)
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, file.ErrNotRegular):
		return nil
	case c.Aside:
		return nil
	default:
		f.Hidden, f.Err = true, err
	}
	return f
}

// LookAll looks at all files that are followed. glance is called now and then.
func (s *Set) LookAll(all []Named, glance func()) (files []*File) {
	for _, n := range all {
		if !n.Followed {
			continue
		}
		glance()
		if f := s.Look(n.Path, n.Class); f != nil {
			files = append(files, f)
		}
	}
	return files
}

// Files are those in dir that are followed, as far as names tell.
func (s *Set) Files(dir string) ([]*File, error) {
	if err := s.Allowed(dir); err != nil {
		return nil, err
	}
	all, err := s.Names(dir)
	return s.LookAll(all, func() {}), err
}

// Names are those in dir, with what they say.
func (s *Set) Names(dir string) ([]Named, error) {
	names, err := ReadNames(dir)
	if err != nil {
		return nil, err
	}
	return s.classifyAll(dir, names), nil
}

// ManyNames in a directory keep the first scan from reading anything for long.
const ManyNames = 1000

// VendorFiles are the logs in dir that the rules know by their names, with what was
// rotated of them; nothing of a directory that is listed soon enough as a whole.
func (s *Set) VendorFiles(dir string) (files []*File) {
	if s.paths.directory(dir) != nil || s.SmallRule(dir) != nil {
		return nil
	}
	names, err := ReadNames(dir)
	if err != nil || len(names) < ManyNames {
		return nil
	}
	var stems []string
	for i := range s.rules {
		if r := &s.rules[i]; r.weight == byName && r.plain && !r.Small && filepath.Dir(r.full) == filepath.Clean(dir) {
			base := filepath.Base(r.full)
			stems = append(stems, strings.TrimSuffix(base, filepath.Ext(base)))
		}
	}
	var some []string
	for _, name := range names {
		for _, stem := range stems {
			if strings.HasPrefix(name, stem) {
				some = append(some, name)
				break
			}
		}
	}
	for _, n := range s.classifyAll(dir, some) {
		if !n.Followed || n.Class.Rule.weight != byName {
			continue
		}
		if f := s.Look(n.Path, n.Class); f != nil {
			files = append(files, f)
		}
	}
	return files
}

// ReadNames returns the names in a directory.
func ReadNames(dir string) ([]string, error) {
	// What is no directory is not opened: a pipe would wait for its writer.
	d, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(-1)
}
