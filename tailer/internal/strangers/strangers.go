package strangers

import (
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// A Set is the strangers of one log. One goroutine changes it; any may ask what is
// shown. The zero value has none.
type Set struct {
	known   map[file.Key]*stranger
	refused map[string]Shown // by path, as the scan under way finds them
	waiting int              // files that are looked into later, or cannot be read at present

	mu    sync.Mutex
	shown map[string]Shown // by path, as it was reported last
}

// A stranger is a file that was looked into.
type stranger struct {
	path   string
	stat   file.Stat
	since  time.Time // unchanged since
	left   bool      // it is left alone until it changes
	reason string    // why that is to be shown; "" if it is not
	met    bool      // it was asked for since Tidy was called last
}

// Shown is what people hear of a file that is there and is not followed.
type Shown struct {
	Size    int64  // 0 if unknown
	Fault   string // why it cannot be read, or somebody should do something
	Reason  string // why it is left alone, if that is as it should be
	Ignored bool   // it could be read, but is not to be
}

// most is how many files of a log are shown.
const most = 64

// Begin begins a scan.
func (s *Set) Begin() { s.refused, s.waiting = nil, 0 }

// Later notes that what a file holds is found out later: what its log misses is not
// lost meanwhile.
func (s *Set) Later() { s.waiting++ }

// TakenUp takes Later back.
func (s *Set) TakenUp() { s.waiting-- }

// Waiting says whether there is a file that is looked into later.
func (s *Set) Waiting() bool { return s.waiting > 0 }

// Rests says whether a file need not be looked into again: it is left alone, or has not
// been as it is for as long as wait, and may be a copy in the making.
func (s *Set) Rests(fl *rules.File, wait time.Duration, now time.Time) bool {
	o := s.known[fl.Stat.Key]
	if o == nil || o.stat.Size != fl.Stat.Size || o.stat.Mtime != fl.Stat.Mtime {
		return false
	}
	o.met = true
	return o.left || now.Sub(o.since) < wait
}

// Tidy forgets the files that Rests was not asked for, or has found changed, since it
// was called last.
func (s *Set) Tidy() {
	maps.DeleteFunc(s.known, func(_ file.Key, o *stranger) bool { return !o.met })
	for _, o := range s.known {
		o.met = false
	}
}

// Known is for how long a file was seen as it is, 0 if it was not, and whether it was
// found to be left alone for a reason.
func (s *Set) Known(fl *rules.File, now time.Time) (unchanged time.Duration, refused bool) {
	if o := s.known[fl.Stat.Key]; o != nil && o.stat.Like(fl.Stat) {
		return now.Sub(o.since), o.reason != ""
	}
	return 0, false
}

// Meet remembers a file, and returns for how long it was seen as it is.
func (s *Set) Meet(fl *rules.File, now time.Time) time.Duration {
	return now.Sub(s.meet(fl, now).since)
}

func (s *Set) meet(fl *rules.File, now time.Time) *stranger {
	o := s.known[fl.Stat.Key]
	if o == nil || !o.stat.Like(fl.Stat) {
		o = &stranger{path: fl.Path, stat: fl.Stat, since: now}
		if s.known == nil {
			s.known = map[file.Key]*stranger{}
		}
		s.known[fl.Stat.Key] = o
	}
	return o
}

// Leave has a file left alone until it changes, and shows why if there is a reason.
func (s *Set) Leave(fl *rules.File, reason string, now time.Time) {
	o := s.meet(fl, now)
	o.left, o.reason = true, reason
}

// Refuse notes that a file cannot be opened. What has just gone away, or waits for
// a free descriptor, is no fault.
func (s *Set) Refuse(fl *rules.File, err error) {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, file.ErrNotRegular) || file.NoRoom(err) {
		return
	}
	shown := Shown{Fault: err.Error()}
	var ignored *rules.IgnoredError
	shown.Ignored = errors.As(err, &ignored)
	if fl.Class.Packed == file.Unpacked {
		shown.Size = fl.Stat.Size
	}
	s.refuse(fl.Path, shown)
}

func (s *Set) refuse(path string, shown Shown) {
	if len(s.refused) >= most {
		return
	}
	if s.refused == nil {
		s.refused = map[string]Shown{}
	}
	s.refused[path] = shown
}

// Report shows what was found by now in place of what was shown before. What is new
// is logged.
func (s *Set) Report(log *slog.Logger) {
	for _, o := range s.known {
		if o.reason != "" {
			s.refuse(o.path, Shown{Reason: o.reason, Ignored: true})
		}
	}
	for path, now := range s.refused {
		if _, before := s.shown[path]; !before && now.Fault != "" {
			log.Warn("file cannot be read", "path", path, "error", now.Fault)
		}
	}
	now := maps.Clone(s.refused) // more may be refused while somebody looks
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = now
}

// Shown is what is shown, by path. It is not to be changed.
func (s *Set) Shown() map[string]Shown {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown
}
