package known

import (
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/rules"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// A SavedAs is what tells whether a source has to be saved.
type SavedAs struct {
	First time.Time
	Late  bool
	Early int // how many files
}

// An Early is what was there when a source was new, of which it is not decided
// yet what it is. Where Start says to begin is where such a file ended then,
// whenever it can first be opened.
type Early map[file.Key]file.Stat

// Of is how a file was then, nil if nothing is to be decided about it.
func (e Early) Of(fl *rules.File) *file.Stat {
	if st, ok := e[fl.Stat.Key]; ok {
		return &st
	}
	return nil
}

func (e Early) drop(fl *rules.File) { delete(e, fl.Stat.Key) }

// Begun takes note of what is found in a directory of s when s is new. Where that
// cannot be listed at first, what was written by then is told by its time.
func (s *Followed) Begun(files []*Found) {
	if !s.First.IsZero() && !s.Late {
		return
	}
	s.Index.mu.Lock() // the saver reads it
	defer s.Index.mu.Unlock()
	for _, fl := range files {
		if !fl.Hidden && !fl.Class.Aside && (s.First.IsZero() || fl.Stat.Mtime < s.First.Add(-coarse).UnixNano()) {
			s.Early[fl.Stat.Key] = fl.Stat
		}
	}
}

// Follow notes that s is followed, since now if it was not before; some says whether
// any directory of it could be listed. It returns whether that is to be saved.
func (s *Followed) Follow(some bool, now time.Time) bool {
	if !s.First.IsZero() && !(s.Late && some) {
		return false
	}
	s.Index.mu.Lock()
	defer s.Index.mu.Unlock()
	if s.First.IsZero() {
		s.First = now.UTC().Round(0)
		s.Floor = s.First.Add(-Margin).UnixNano()
	}
	s.Late = !some
	return true
}

// NoteFault notes why a directory of s cannot be listed, "" if all can.
func (s *Followed) NoteFault(fault string) {
	switch {
	case fault == s.fault:
	case fault == "":
		s.Index.Log.Info("all directories can be listed again", "source", s.Name)
	default:
		s.Index.Log.Warn("directory cannot be listed", "source", s.Name, "error", fault)
	}
	s.fault = fault
}

// coarse is by how much the kernel's clock for files may be behind: a tick is at
// most 10 ms. What was written about when s was new counts as new, since a line
// too many is better than one too few.
const coarse = 20 * time.Millisecond

// KeepEarly forgets the files that are not there any more.
func (s *Followed) KeepEarly(found []*Found) {
	if len(s.Early) == 0 {
		return
	}
	there := map[file.Key]bool{}
	for _, fl := range found {
		there[fl.Stat.Key] = true
	}
	s.Index.mu.Lock()
	defer s.Index.mu.Unlock()
	for key := range s.Early {
		if !there[key] {
			delete(s.Early, key)
		}
	}
}

// State is what is saved of e.
func (e Early) State() (list []saved.Early) {
	for key, st := range e {
		list = append(list, saved.Early{Device: key.Dev, Inode: key.Ino, Size: st.Size, Changed: st.Mtime})
	}
	return list
}

// RestoreEarly takes in what was saved.
func RestoreEarly(list []saved.Early) Early {
	e := Early{}
	for _, s := range list {
		key := file.Key{Dev: s.Device, Ino: s.Inode}
		e[key] = file.Stat{Key: key, Size: s.Size, Mtime: s.Changed}
	}
	return e
}

// Margin is how much older than the newest settled write of its log a rotated
// file may be that was never seen and is still taken for a new one. A log can
// be written again and settled before the file that was moved away is found.
// What is older was there long ago, and has been put back.
const Margin = time.Hour
