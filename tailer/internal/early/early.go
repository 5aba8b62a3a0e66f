package early

import (
	"encoding/binary"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// Margin is how much older than the newest settled write of its log a rotated
// file may be that was never seen and is still taken for a new one. A log can
// be written again and settled before the file that was moved away is found.
// What is older was there long ago, and has been put back.
const Margin = time.Hour

// coarse is by how much the kernel's clock for files may be behind: a tick is at
// most 10 ms. What was written about when a source was new counts as new, since a
// line too many is better than one too few.
const coarse = 20 * time.Millisecond

// A Source is how a source began. The zero value is one that was never followed.
type Source struct {
	mu    sync.Mutex
	first time.Time              // when it was followed for the first time; zero if never
	late  bool                   // none of its directories could be listed then
	floor int64                  // what was rotated and last written before is of no interest
	files map[file.Key]file.Stat // what was there, and is not decided about

	distrusted bool              // no clock can be vouched for until the next listing
	came       map[file.Key]bool // what that found, and is not decided about
	left       map[uint64]bool   // hashes of what is left alone since it is old
	news       int               // how often that has changed

	saved savedAs
}

// A savedAs is what tells whether a source has to be saved.
type savedAs struct {
	first time.Time
	late  bool
	files int
	left  int // Source.news
}

// New says whether files are still to be noted as having been there at first.
func (s *Source) New() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isNew()
}

func (s *Source) isNew() bool { return s.first.IsZero() || s.late }

// Note takes note of a file of a source that is new. Where no directory could be
// listed at first, what was written by then is told by its time.
func (s *Source) Note(st file.Stat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.isNew() || !s.first.IsZero() && st.Mtime >= s.first.Add(-coarse).UnixNano() {
		return
	}
	if s.files == nil {
		s.files = map[file.Key]file.Stat{}
	}
	s.files[st.Key] = st
}

// Follow notes that the source is followed, since now if it was not before; some says
// whether any directory of it could be listed. It returns whether that is to be saved.
func (s *Source) Follow(some bool, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.distrusted = s.distrusted && !some
	if !s.first.IsZero() && !(s.late && some) {
		return false
	}
	if s.first.IsZero() {
		s.begin(now.UTC().Round(0))
	}
	s.late = !some
	return true
}

func (s *Source) begin(first time.Time) {
	s.first, s.floor = first, first.Add(-Margin).UnixNano()
}

// Was is how a file was at first, nil if nothing is to be decided about it. Where
// a source begins with what comes then is where the file ended then, whenever it can
// first be opened.
func (s *Source) Was(key file.Key) *file.Stat {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st, ok := s.files[key]; ok {
		return &st
	}
	return nil
}

// Decided forgets a file of which it is known by now what it is.
func (s *Source) Decided(key file.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.files, key)
	delete(s.came, key)
}

// Keep forgets the files that are not there any more.
func (s *Source) Keep(there func(file.Key) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.files {
		if !there(key) {
			delete(s.files, key)
		}
	}
	maps.DeleteFunc(s.came, func(key file.Key, _ bool) bool { return !there(key) })
}

// Len is how many files are not decided about.
func (s *Source) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.files)
}

// IsEmpty says whether there is nothing that Keep could forget.
func (s *Source) IsEmpty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.files) == 0 && len(s.came) == 0
}

// Floor is the time of a rotated file's last write before which it is of no interest,
// whatever its log.
func (s *Source) Floor() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.floor
}

// Doubt gives up a beginning that lies in the future: the clock was wrong, then or
// now, and no file is left alone for that. It says whether it did.
func (s *Source) Doubt(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now = now.Round(0); !s.first.After(now) {
		return false
	}
	s.first, s.floor = now.UTC(), 0
	return true
}

// State is what is saved of s, false if it was never followed. It counts as saved from
// then on.
func (s *Source) State() (state saved.Source, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first.IsZero() {
		return saved.Source{}, false
	}
	s.saved = savedAs{s.first, s.late, len(s.files), s.news}
	state = saved.Source{Followed: s.first, Late: s.late, Left: s.leftAsSaved()}
	for key, st := range s.files {
		state.Early = append(state.Early, saved.Early{Device: key.Dev, Inode: key.Ino, Size: st.Size, Changed: st.Mtime})
	}
	return state, true
}

// IsSaved says whether what was saved of s last is good enough. Files that were
// there at first and are decided about by now do no harm there; they are saved
// when they have become half as many.
func (s *Source) IsSaved() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was, n := s.saved, len(s.files)
	return was.first.Equal(s.first) && was.late == s.late && n <= was.files && (n > was.files/2 || n == was.files) && was.left == s.news
}

// Restore takes in what was saved. A time that lies in the future says that a clock
// was wrong, now or then, and is not believed.
func (s *Source) Restore(c saved.Source, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first, s.late, s.floor, s.files = time.Time{}, c.Late, 0, map[file.Key]file.Stat{}
	s.left = map[uint64]bool{}
	for some := range slices.Chunk(c.Left, 8) {
		s.left[binary.BigEndian.Uint64(append(some, make([]byte, 7)...))] = true
	}
	for _, e := range c.Early {
		key := file.Key{Dev: e.Device, Ino: e.Inode}
		s.files[key] = file.Stat{Key: key, Size: e.Size, Mtime: e.Changed}
	}
	switch {
	case c.Followed.IsZero():
	case c.Followed.After(now):
		s.first = now
	default:
		s.begin(c.Followed)
	}
}
