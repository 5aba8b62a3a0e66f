package tailer

import (
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/rules"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// An early is what was there when a source was new, of which it is not decided
// yet what it is. Where Start says to begin is where such a file ended then,
// whenever it can first be opened.
type early map[file.Key]file.Stat

func (e early) of(fl *rules.File) *file.Stat {
	if st, ok := e[fl.Stat.Key]; ok {
		return &st
	}
	return nil
}

func (e early) drop(fl *rules.File) { delete(e, fl.Stat.Key) }

// begun takes note of what is found in a directory of s when s is new. Where that
// cannot be listed at first, what was written by then is told by its time.
func (s *source) begun(files []*foundFile) {
	if !s.first.IsZero() && !s.late {
		return
	}
	s.x.mu.Lock() // the saver reads it
	defer s.x.mu.Unlock()
	for _, fl := range files {
		if !fl.Hidden && !fl.Class.Aside && (s.first.IsZero() || fl.Stat.Mtime < s.first.Add(-coarse).UnixNano()) {
			s.early[fl.Stat.Key] = fl.Stat
		}
	}
}

// follow notes that s is followed, since now if it was not before; some says whether
// any directory of it could be listed. It returns whether that is to be saved.
func (s *source) follow(some bool, now time.Time) bool {
	if !s.first.IsZero() && !(s.late && some) {
		return false
	}
	s.x.mu.Lock()
	defer s.x.mu.Unlock()
	if s.first.IsZero() {
		s.first = now.UTC().Round(0)
		s.floor = s.first.Add(-margin).UnixNano()
	}
	s.late = !some
	return true
}

// noteFault notes why a directory of s cannot be listed, "" if all can.
func (s *source) noteFault(fault string) {
	switch {
	case fault == s.fault:
	case fault == "":
		s.x.log.Info("all directories can be listed again", "source", s.Name)
	default:
		s.x.log.Warn("directory cannot be listed", "source", s.Name, "error", fault)
	}
	s.fault = fault
}

// coarse is by how much the kernel's clock for files may be behind: a tick is at
// most 10 ms. What was written about when s was new counts as new, since a line
// too many is better than one too few.
const coarse = 20 * time.Millisecond

// keepEarly forgets the files that are not there any more.
func (s *source) keepEarly(l *listing) {
	if len(s.early) == 0 {
		return
	}
	there := map[file.Key]bool{}
	for _, fl := range l.files {
		there[fl.Stat.Key] = true
	}
	s.x.mu.Lock()
	defer s.x.mu.Unlock()
	for key := range s.early {
		if !there[key] {
			delete(s.early, key)
		}
	}
}

// state is what is saved of e.
func (e early) state() (list []saved.Early) {
	for key, st := range e {
		list = append(list, saved.Early{Device: key.Dev, Inode: key.Ino, Size: st.Size, Changed: st.Mtime})
	}
	return list
}

func restoreEarly(list []saved.Early) early {
	e := early{}
	for _, s := range list {
		key := file.Key{Dev: s.Device, Ino: s.Inode}
		e[key] = file.Stat{Key: key, Size: s.Size, Mtime: s.Changed}
	}
	return e
}

// margin is how much older than the newest settled write of its log a rotated
// file may be that was never seen and is still taken for a new one. A log can
// be written again and settled before the file that was moved away is found.
// What is older was there long ago, and has been put back.
const margin = time.Hour
