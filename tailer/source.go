package tailer

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// A source is a Source while it is followed. The scheduler alone uses it,
// except for what a family says of itself.
type source struct {
	Source
	rules     []Rule
	families  map[string]*family
	first     time.Time // when it was followed for the first time; zero if never
	loaded    map[string]*familyState
	names     map[string]map[string]named // what names were found to be, by directory
	fault     string                      // why a directory cannot be listed
	shelf     *saved.Shelf                // of settled small files, nil if none are small
	smalls    map[string]*smallDir        // by path
	empty     int64                       // lines that hold nothing, of files that are gone as well; under mu
	paths     *paths
	early     early       // what was there when the source was new, and is not decided yet
	movedFrom string      // where the directory was when positions were saved, if elsewhere
	late      bool        // its directory could not be listed when it was new
	floor     int64       // rotated files last written before are of no interest, whatever their log
	mu        *sync.Mutex // Tailer.mu, for changing the maps
	savedAs   sourceState
	gone      func() *saved.Gone // Tailer.gone
}

func newSource(cfg Source, mu *sync.Mutex) *source {
	s := &source{Source: cfg, mu: mu, gone: func() *saved.Gone { return nil }, early: early{}, families: map[string]*family{}, loaded: map[string]*familyState{}, smalls: map[string]*smallDir{}, names: map[string]map[string]named{}}
	for _, r := range cfg.Rules {
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
	for _, p := range cfg.Include {
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
	if s.Timezone == nil {
		s.Timezone = time.UTC
	}
	return s
}

// A foundFile is a name in a directory that is followed.
type foundFile struct {
	src    *source
	fam    *family // nil while nothing is known of its log
	path   string
	class  class
	stat   file.Stat
	link   bool       // its name is a symbolic link
	other  *foundFile // the name under which it is followed, if that is not this one
	hidden bool       // it is there, but nothing can be said about it
	err    error      // why
}

// dirs returns the directories that the rules name.
func (s *source) dirs() []string {
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

// family returns the family that c belongs to, with what a checkpoint knows of it.
func (s *source) family(c class) *family {
	f := s.families[c.family]
	if f == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		f = newFamily(s, c)
		s.families[c.family] = f
		if l := s.loaded[c.family]; l != nil {
			l.restore(f)
			delete(s.loaded, c.family)
		} else if newest, known := s.gone().Log(s.Name, saved.Path(c.family)); known && newest > 0 {
			(&familyState{log: saved.Log{Newest: time.Unix(0, newest)}, now: time.Now()}).restore(f)
		}
	}
	return f
}

// restoreAll makes all logs known that a checkpoint says something of and that
// are followed still, so that their files are found wherever they are by now, and
// missed if they are gone.
func (s *source) restoreAll() {
	for path := range s.loaded {
		dir, base := filepath.Dir(path), filepath.Base(path)
		r := s.ruleFor(dir, base)
		if r != nil && s.shared(r) {
			r = nil
		}
		for i := range s.rules {
			if o := &s.rules[i]; r == nil && s.shared(o) && filepath.Base(o.Pattern) == base {
				r = o
			}
		}
		if r != nil {
			s.family(class{rule: r, family: path})
		}
	}
}

// shared says whether all files of a rule are one family.
func (s *source) shared(r *Rule) bool { return r.Ring || s.Format != nil }

// listAllowed is list for a directory of which it is not known yet whether its
// files may be followed.
func (s *source) listAllowed(dir string, glance func()) ([]*foundFile, error) {
	if s.Format == nil {
		if err := s.paths.directory(dir); err != nil {
			return nil, err
		}
	}
	return s.list(dir, glance)
}

// list finds the files in dir that are followed. glance is called now and then.
func (s *source) list(dir string, glance func()) ([]*foundFile, error) {
	names, err := readNames(dir)
	if err != nil {
		return nil, err
	}
	all := s.classifyAll(dir, names)
	files := s.asides(dir, all)
	for _, n := range all {
		if !n.followed {
			continue
		}
		glance()
		if f := s.look(n.path, n.class); f != nil {
			files = append(files, f)
		}
	}
	return files, nil
}

// look looks at a file; nil if there is none of that name that can be followed.
func (s *source) look(path string, c class) *foundFile {
	f := &foundFile{src: s, path: path, class: c}
	var err error
	f.stat, f.link, err = s.paths.look(path)
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, file.ErrNotRegular):
		return nil
	case c.aside:
		return nil
	default:
		f.hidden, f.err = true, err
	}
	return f
}

// A named is what a name in a directory says about its file.
type named struct {
	path     string
	class    class
	followed bool
}

// classifyAll finds out what names in dir stand for. Matching patterns takes far
// longer than stat(2), so what does not depend on other names is remembered.
func (s *source) classifyAll(dir string, names []string) []named {
	known := s.names[dir]
	if known == nil || len(known) > 2*len(names)+100 { // mostly files that are gone
		known = make(map[string]named, len(names))
		s.names[dir] = known
	}
	var set map[string]bool // of names, made when it is needed
	asked := false
	present := func(name string) bool {
		asked = true
		if set == nil {
			set = make(map[string]bool, len(names))
			for _, n := range names {
				set[n] = true
			}
		}
		path := filepath.Join(dir, name)
		if set[name] || s.families[path] != nil || s.loaded[path] != nil {
			return true
		}
		_, known := s.gone().Log(s.Name, saved.Path(path))
		return known
	}
	all := make([]named, len(names))
	for i, name := range names {
		n, ok := known[name]
		if !ok {
			asked = false
			n.path = filepath.Join(dir, name)
			n.class, n.followed = s.classify(dir, name, present)
			if !asked {
				known[name] = n
			}
		}
		all[i] = n
	}
	return all
}

func readNames(dir string) ([]string, error) {
	// What is no directory is not opened: a pipe would wait for its writer.
	d, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(-1)
}
