package rules

import (
	"path"
	"path/filepath"
	"slices"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// A Class says what a file is: which log it belongs to, and whether it is that
// log's live file or a rotated generation.
type Class struct {
	Rule   *Rule
	Family string // path of the live file, or of the pattern if all files of it are live
	Live   bool
	Packed file.Packing
	Aside  bool // its name only begins as a log's does: it is looked at for what is missing
}

// A Named is what a name in a directory says about its file.
type Named struct {
	Path     string
	Class    Class
	Followed bool
}

// Classify says what the file base in dir is, or returns false if it is not
// followed. present says whether dir holds a name or a log of that name is
// known. A name is read as a rotated generation only if that log is known,
// since "gateway-1.log" may well be a log of its own.
func (s *Set) Classify(dir, base string, present func(string) bool) (Class, bool) {
	if r := s.RuleFor(dir, base); r != nil && (r.Ring || r.Small || s.Framed) {
		return s.liveClass(r, dir, base), true
	}
	name, packed := file.UnpackedName(base)
	if live, ok := s.rotatedFrom(dir, name, present); ok {
		c := s.liveClass(s.RuleFor(dir, live), dir, live)
		c.Live, c.Packed = false, packed
		return c, true
	}
	r := s.RuleFor(dir, name)
	if r == nil || r.Ring || r.Small {
		return Class{}, false
	}
	c := s.liveClass(r, dir, name)
	c.Live, c.Packed = packed == file.Unpacked, packed
	return c, true
}

// rotatedFrom finds the live name of which name is a rotated form.
func (s *Set) rotatedFrom(dir, name string, present func(string) bool) (string, bool) {
	after, before := file.LiveNames(name)
	if after != "" {
		if live, ok := s.rotatedFrom(dir, after, present); ok {
			return live, true
		}
		if r := s.RuleFor(dir, after); r != nil && !r.Ring && !r.Small {
			return after, true
		}
	}
	if before != "" {
		r := s.RuleFor(dir, before)
		if r != nil && !r.Ring && !r.Small && (!file.HasMeta(r.Pattern) || present(before)) {
			return before, true
		}
	}
	return "", false
}

// liveClass is the class of a live file that r applies to.
func (s *Set) liveClass(r *Rule, dir, base string) Class {
	family := base
	if r.Ring || s.Framed {
		family = path.Base(r.Pattern)
	}
	return Class{Rule: r, Family: filepath.Join(dir, family), Live: true}
}

// LogOf is the name of the log that c belongs to.
func (s *Set) LogOf(c Class) string {
	if c.Rule.Log == "" && !s.Framed {
		return file.LogName(filepath.Base(c.Family))
	}
	return c.Rule.Log
}

// RuleFor returns the rule for the live file base in dir, nil if there is none.
func (s *Set) RuleFor(dir, base string) *Rule {
	full := filepath.Join(dir, base)
	if len(s.Exclude) > 0 && s.Excluded(full) {
		return nil
	}
	for i := range s.rules {
		r := &s.rules[i]
		switch {
		case r.plain:
			if r.full == full {
				return r
			}
		default:
			if ok, err := filepath.Match(r.full, full); ok && err == nil {
				return r
			}
		}
	}
	return nil
}

// RuleOf returns the rule for a log that was followed before, nil if it is not any
// more.
func (s *Set) RuleOf(path string) *Rule {
	base := filepath.Base(path)
	r := s.RuleFor(filepath.Dir(path), base)
	if r != nil && s.Shared(r) {
		r = nil
	}
	for i := range s.rules {
		if o := &s.rules[i]; r == nil && s.Shared(o) && filepath.Base(o.Pattern) == base {
			r = o
		}
	}
	return r
}

// SmallRule returns the rule for the files in dir if they are small.
func (s *Set) SmallRule(dir string) *Rule {
	for i := range s.rules {
		r := &s.rules[i]
		if r.Small && filepath.Join(s.Dir, filepath.Dir(r.Pattern)) == dir {
			return r
		}
	}
	return nil
}

// HasSmall says whether any files are small.
func (s *Set) HasSmall() bool {
	return slices.ContainsFunc(s.rules, func(r Rule) bool { return r.Small })
}

// IsVendors says whether a log of that name lies in the directory itself, by a rule
// that knows it by its name.
func (s *Set) IsVendors(base string) bool {
	return slices.ContainsFunc(s.rules, func(r Rule) bool {
		return r.weight == byName && !r.asked && !r.Ring && !r.Small && !filepath.IsAbs(r.Pattern) && !file.HasMeta(r.Pattern) && r.Pattern == base
	})
}

// Excluded says whether a file is not to be followed, whatever the rules say.
func (s *Set) Excluded(path string) bool {
	for _, p := range s.Exclude {
		if s.matches(p, path) {
			return true
		}
	}
	return false
}

// matches says whether the file full is named by pattern, which is relative to
// the source's directory unless it is absolute.
func (s *Set) matches(pattern, full string) bool {
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(s.Dir, pattern)
	}
	ok, err := filepath.Match(pattern, full)
	return ok && err == nil
}

// classifyAll finds out what names in dir stand for. Matching patterns takes far
// longer than stat(2), so what does not depend on other names is remembered.
func (s *Set) classifyAll(dir string, names []string) []Named {
	known := s.seen[dir]
	if known == nil || len(known) > 2*len(names)+100 { // mostly files that are gone
		known = make(map[string]Named, len(names))
		s.seen[dir] = known
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
		return set[name] || s.known(filepath.Join(dir, name))
	}
	all := make([]Named, len(names))
	for i, name := range names {
		n, ok := known[name]
		if !ok {
			asked = false
			n.Path = filepath.Join(dir, name)
			n.Class, n.Followed = s.Classify(dir, name, present)
			if !asked {
				known[name] = n
			}
		}
		all[i] = n
	}
	return all
}
