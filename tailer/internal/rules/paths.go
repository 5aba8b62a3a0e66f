package rules

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// A paths says which files of a source may be followed, judged by where they are
// and not by the name that leads to them. The scheduler alone uses it.
type paths struct {
	Where
	roots []string              // real directories below which links may lead
	kept  map[string]string     // real directories of links that are followed although they lead out, by path
	saved map[string][]file.Key // files that were read before there was such a rule, by path
}

// An IgnoredError is for a file that could be read and is not to be.
type IgnoredError struct{ Why string }

var (
	errOwnDirectory = errors.New("is the state directory, or within it: nothing there is followed; set another state_dir")
)

func (e *IgnoredError) Error() string { return e.Why }

// never are directories whose files are no logs, whatever leads there.
var never = []string{"/proc", "/sys", "/dev"}

func newPaths(w Where) *paths {
	if w.Open == nil {
		w.Open = &atomic.Int64{}
	}
	return &paths{Where: w, kept: map[string]string{}, saved: map[string][]file.Key{}}
}

func realPath(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(real)
}

// own says whether a directory is the state directory, or within it, by whatever
// name.
func (p *paths) own(dir string) bool {
	state, err := file.KeyOf(p.State)
	if err != nil {
		return false
	}
	real, err := realPath(dir)
	if err != nil {
		return false
	}
	for {
		if key, err := file.KeyOf(real); err == nil && key == state {
			return true
		}
		up := filepath.Dir(real)
		if up == real {
			return false
		}
		real = up
	}
}

// allow says whether what path leads to, which is at real, may be followed.
func (p *paths) allow(path, real string) error {
	for _, dir := range never {
		if within(real, dir) {
			return &IgnoredError{"is a link to " + real + ", where no logs are: it is never followed"}
		}
	}
	if p.own(filepath.Dir(real)) {
		return &IgnoredError{"leads into the state directory, where nothing is followed"}
	}
	if p.Links {
		return nil
	}
	for _, root := range p.roots {
		if within(real, root) {
			return nil
		}
	}
	if p.keeps(path, real) {
		return nil
	}
	return &IgnoredError{"is a link that leads out of the log directory, to " + real + ": set sora.follow_links to have it followed"}
}

// keeps says whether a link goes on although it leads out: what it leads to was
// read before, by a release that followed any link.
func (p *paths) keeps(path, real string) bool {
	if dir, ok := p.kept[path]; ok {
		return dir == filepath.Dir(real)
	}
	st, err := file.StatPath(real)
	if err != nil {
		return false
	}
	for _, key := range p.saved[path] {
		if key.Ino == st.Key.Ino { // the device may have another number by now
			p.kept[path] = filepath.Dir(real)
			p.Warn(path, real)
			return true
		}
	}
	return false
}

// within says whether path is dir or lies below it.
func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

// directory says whether the files of a directory may be followed.
func (p *paths) directory(dir string) error {
	if p.own(dir) {
		return fmt.Errorf("%s %w", dir, errOwnDirectory)
	}
	real, err := realPath(dir)
	if err != nil {
		return err
	}
	if err := p.allow(dir, filepath.Join(real, "*")); err != nil {
		return fmt.Errorf("%s %w", dir, err)
	}
	return nil
}

// look looks at the file that a path leads to, which may be a link.
func (p *paths) look(path string) (st file.Stat, link bool, err error) {
	st, link, err = file.Look(path)
	if err != nil || !link {
		return st, link, err
	}
	real, err := realPath(path)
	if err != nil {
		return st, true, err
	}
	if err := p.allow(path, real); err != nil {
		return st, true, err
	}
	st, err = file.StatPath(real)
	return st, true, err
}

// Refresh finds out anew where the directories are.
func (s *Set) Refresh() {
	p := s.paths
	p.roots = p.roots[:0]
	add := func(dir string) {
		if real, err := realPath(dir); err == nil {
			p.roots = append(p.roots, real)
		}
	}
	if s.Dir != "" {
		add(s.Dir)
	}
	for i := range s.rules {
		pattern := s.rules[i].Pattern
		if !s.rules[i].asked && !filepath.IsAbs(pattern) {
			continue
		}
		if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(s.Dir, pattern)
		}
		for pattern = filepath.Dir(pattern); file.HasMeta(pattern); {
			pattern = filepath.Dir(pattern)
		}
		add(pattern)
	}
}

// Allowed says whether the files of a directory may be followed, and why not.
func (s *Set) Allowed(dir string) error {
	if s.Framed {
		return nil
	}
	return s.paths.directory(dir)
}

// WasRead notes that a file was read at path before: it goes on, even if a link
// leads to it that would not be followed now.
func (s *Set) WasRead(path string, key file.Key) {
	s.paths.saved[path] = append(s.paths.saved[path], key)
}

// Open opens a file that is followed. Between looking at a name and opening it
// another file may have come there, and links on the way: what is opened is what
// was allowed, or nothing.
func (s *Set) Open(path string, packed file.Packing) (file.Content, file.Stat, error) {
	p := s.paths
	real, err := realPath(path)
	if err != nil {
		return nil, file.Stat{}, err
	}
	if !s.Framed {
		if err := p.allow(path, real); err != nil {
			return nil, file.Stat{}, err
		}
	}
	return file.Open(real, packed, p.Open)
}
