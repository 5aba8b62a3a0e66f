package known

import (
	"github.com/rtcship/rtcship/tailer/internal/file"
)

// begun takes note of what is found in a directory of s when s is new.
func (s *Followed) begun(files []*Found) {
	if !s.Early.New() {
		return
	}
	for _, fl := range files {
		if !fl.Hidden && !fl.Class.Aside {
			s.Early.Note(fl.Stat)
		}
	}
}

// KeepEarly forgets what was there when s was new and is not any more.
func (s *Followed) KeepEarly(found []*Found) {
	if s.Early.Len() == 0 {
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
