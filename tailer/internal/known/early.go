package known

import (
	"github.com/rtcship/rtcship/tailer/internal/file"
)

// begun takes note of what is found in a directory of s when s is new, or no clock can
// be vouched for.
func (s *Followed) begun(files []*Found) {
	if !s.Early.New() && !s.Early.IsDistrusted() {
		return
	}
	for _, fl := range files {
		if fl.Hidden || fl.Class.Aside {
			continue
		}
		s.Early.Note(fl.Stat)
		if !fl.Class.Live {
			s.Early.Came(fl.Stat)
		}
	}
}

// KeepEarly forgets what was there when s was new and is not any more.
func (s *Followed) KeepEarly(found []*Found) {
	if s.fault == "" {
		s.Early.KeepLeft(func(yield func(file.Stat) bool) {
			for _, fl := range found {
				if !yield(fl.Stat) {
					return
				}
			}
		})
	}
	if s.Early.IsEmpty() {
		return
	}
	there := map[file.Key]bool{}
	for _, fl := range found {
		there[fl.Stat.Key] = true
	}
	s.Early.Keep(func(key file.Key) bool { return there[key] })
}

// NoteFault notes why a directory of s cannot be listed, "" if all can.
func (s *Followed) NoteFault(fault string) {
	switch {
	case fault == s.fault:
	case fault == "":
		s.index.log.Info("all directories can be listed again", "source", s.Name)
	default:
		s.index.log.Warn("directory cannot be listed", "source", s.Name, "error", fault)
	}
	s.fault = fault
}
