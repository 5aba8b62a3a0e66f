package tailer

import (
	"path"
	"path/filepath"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// A class says what a file is: which log it belongs to, and whether it is that
// log's live file or a rotated generation.
type class struct {
	rule   *Rule
	family string // path of the live file, or of the pattern if all files of it are live
	live   bool
	packed file.Packing
	aside  bool // its name only begins as a log's does: it is looked at for what is missing
}

// classify says what the file base in dir is, or returns false if it is not
// followed. present says whether dir holds a name or a log of that name is
// known. A name is read as a rotated generation only if that log is known,
// since "gateway-1.log" may well be a log of its own.
func (s *source) classify(dir, base string, present func(string) bool) (class, bool) {
	if r := s.ruleFor(dir, base); r != nil && (r.Ring || r.Small || s.Format != nil) {
		return s.liveClass(r, dir, base), true
	}
	name, packed := file.UnpackedName(base)
	if live, ok := s.rotatedFrom(dir, name, present); ok {
		c := s.liveClass(s.ruleFor(dir, live), dir, live)
		c.live, c.packed = false, packed
		return c, true
	}
	r := s.ruleFor(dir, name)
	if r == nil || r.Ring || r.Small {
		return class{}, false
	}
	c := s.liveClass(r, dir, name)
	c.live, c.packed = packed == file.Unpacked, packed
	return c, true
}

// rotatedFrom finds the live name of which name is a rotated form.
func (s *source) rotatedFrom(dir, name string, present func(string) bool) (string, bool) {
	after, before := file.LiveNames(name)
	if after != "" {
		if live, ok := s.rotatedFrom(dir, after, present); ok {
			return live, true
		}
		if r := s.ruleFor(dir, after); r != nil && !r.Ring && !r.Small {
			return after, true
		}
	}
	if before != "" {
		r := s.ruleFor(dir, before)
		if r != nil && !r.Ring && !r.Small && (!file.HasMeta(r.Pattern) || present(before)) {
			return before, true
		}
	}
	return "", false
}

// liveClass is the class of a live file that r applies to.
func (s *source) liveClass(r *Rule, dir, base string) class {
	family := base
	if r.Ring || s.Format != nil {
		family = path.Base(r.Pattern)
	}
	return class{rule: r, family: filepath.Join(dir, family), live: true}
}

// ruleFor returns the rule for the live file base in dir, nil if there is none.
func (s *source) ruleFor(dir, base string) *Rule {
	full := filepath.Join(dir, base)
	if len(s.Exclude) > 0 && s.excluded(full) {
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

// matches says whether the file full is named by pattern, which is relative to
// the source's directory unless it is absolute.
func (s *source) matches(pattern, full string) bool {
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(s.Dir, pattern)
	}
	ok, err := filepath.Match(pattern, full)
	return ok && err == nil
}
