package early

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func stat(ino uint64, size int64, mtime time.Time) file.Stat {
	return file.Stat{Key: file.Key{Dev: 1, Ino: ino}, Size: size, Mtime: mtime.UnixNano()}
}

// What is there when a source is new is told from what comes then, whenever its
// directory can first be listed.
func TestWhatWasThere(t *testing.T) {
	for _, test := range []struct {
		name   string
		before func(*Source)
		mtime  time.Time
		want   bool
	}{
		{"first listing", func(*Source) {}, noon, true},
		{"first listing, of a file from the future", func(*Source) {}, noon.Add(time.Hour), true},
		{"later listing", func(s *Source) { s.Follow(true, noon) }, noon.Add(-time.Hour), false},
		{"directory listed late, written before", func(s *Source) { s.Follow(false, noon) }, noon.Add(-time.Second), true},
		{"directory listed late, written a tick before", func(s *Source) { s.Follow(false, noon) }, noon.Add(-coarse), false},
		{"directory listed late, written since", func(s *Source) { s.Follow(false, noon) }, noon.Add(time.Second), false},
		{"after the late listing", func(s *Source) { s.Follow(false, noon); s.Follow(true, noon.Add(time.Minute)) }, noon.Add(-time.Second), false},
		{"after a restart", func(s *Source) { s.Restore(saved.Source{Followed: noon}, noon.Add(time.Hour)) }, noon.Add(-time.Second), false},
		{"after a restart, not listed yet", func(s *Source) { s.Restore(saved.Source{Followed: noon, Late: true}, noon.Add(time.Hour)) }, noon.Add(-time.Second), true},
		{"first listing after a file of nothing", func(s *Source) { s.Restore(saved.Source{}, noon) }, noon, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &Source{}
			test.before(s)
			st := stat(7, 100, test.mtime)
			s.Note(st)
			switch was := s.Was(st.Key); {
			case test.want && (was == nil || *was != st):
				t.Errorf("it was %v", was)
			case !test.want && was != nil:
				t.Errorf("it was there")
			}
			if got := s.New(); !got && test.want {
				t.Error("files are not to be noted")
			}
		})
	}
}

// A file is forgotten when it is known what it is, or when it has gone.
func TestForgotten(t *testing.T) {
	s := &Source{}
	for ino := range uint64(4) {
		s.Note(stat(ino, 1, noon))
	}
	s.Follow(true, noon)
	s.Decided(file.Key{Dev: 1, Ino: 0})
	s.Keep(func(k file.Key) bool { return k.Ino != 1 })
	for ino, want := range []bool{false, false, true, true} {
		if got := s.Was(file.Key{Dev: 1, Ino: uint64(ino)}) != nil; got != want {
			t.Errorf("file %d is known: %v", ino, got)
		}
	}
	if s.Was(file.Key{Dev: 2, Ino: 3}) != nil {
		t.Error("an inode of another device is the same file")
	}
	if s.Len() != 2 {
		t.Errorf("%d files are left", s.Len())
	}
}

// Follow says what has to be saved, and since when a source is followed stays.
func TestFollow(t *testing.T) {
	for _, test := range []struct {
		name  string
		some  []bool // each a minute after the one before
		saves []bool
		late  bool
	}{
		{"listed", []bool{true, true, false, true}, []bool{true, false, false, false}, false},
		{"listed late", []bool{false, false, true, false}, []bool{true, false, true, false}, false},
		{"never listed", []bool{false, false}, []bool{true, false}, true},
	} {
		s := &Source{}
		for i, some := range test.some {
			if got := s.Follow(some, noon.Add(time.Duration(i)*time.Minute)); got != test.saves[i] {
				t.Errorf("%s: look %d is to be saved: %v", test.name, i, got)
			}
		}
		state, ok := s.State()
		if !ok || !state.Followed.Equal(noon) || state.Late != test.late || s.Floor() != noon.Add(-Margin).UnixNano() {
			t.Errorf("%s: saved as %+v, floor %d", test.name, state, s.Floor())
		}
	}
}

// No beginning in the future is believed, neither when it is loaded nor when the clock
// is set back: where times cannot be believed no file is left alone for them.
func TestFuture(t *testing.T) {
	for _, test := range []struct {
		name    string
		loaded  time.Time
		doubted time.Time // zero is not
		first   time.Time
		floor   int64
	}{
		{"past", noon.Add(-time.Hour), time.Time{}, noon.Add(-time.Hour), noon.Add(-time.Hour - Margin).UnixNano()},
		{"past, and doubted for nothing", noon.Add(-time.Hour), noon, noon.Add(-time.Hour), noon.Add(-time.Hour - Margin).UnixNano()},
		{"now", noon, noon, noon, noon.Add(-Margin).UnixNano()},
		{"future when loaded", noon.Add(time.Hour), time.Time{}, noon, 0},
		{"future since the clock was set back", noon, noon.Add(-3 * time.Hour), noon.Add(-3 * time.Hour), 0},
	} {
		s := &Source{}
		s.Restore(saved.Source{Followed: test.loaded}, noon)
		if !test.doubted.IsZero() {
			if got := s.Doubt(test.doubted); got != (test.floor == 0) {
				t.Errorf("%s: doubted: %v", test.name, got)
			}
		}
		if state, _ := s.State(); !state.Followed.Equal(test.first) || s.Floor() != test.floor {
			t.Errorf("%s: since %v, floor %d, want %v and %d", test.name, state.Followed, s.Floor(), test.first, test.floor)
		}
	}
}

// What is saved comes back, and is not saved again for every file that is decided
// about.
func TestSaved(t *testing.T) {
	s := &Source{}
	if _, ok := s.State(); ok || !s.IsSaved() {
		t.Error("something is saved of a source that was never followed")
	}
	for ino := range uint64(10) {
		s.Note(stat(ino, int64(ino), noon.Add(-time.Hour)))
	}
	if _, ok := s.State(); ok {
		t.Error("files are saved of a source that is not followed yet")
	}
	s.Follow(false, noon)
	if s.IsSaved() {
		t.Error("a source that is followed since just now counts as saved")
	}
	state, _ := s.State()
	text, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	var back saved.Source
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	r := &Source{}
	r.Restore(back, noon.Add(time.Hour))
	if !r.New() || r.Len() != 10 || *r.Was(file.Key{Dev: 1, Ino: 9}) != stat(9, 9, noon.Add(-time.Hour)) {
		t.Errorf("%s is restored as %+v", text, r)
	}

	for ino := range uint64(10) {
		s.Decided(file.Key{Dev: 1, Ino: ino})
		if got, want := s.IsSaved(), ino < 4; got != want {
			t.Errorf("with %d files decided it counts as saved: %v", ino+1, got)
		}
	}
	s.State()
	if !s.IsSaved() {
		t.Error("it does not count as saved")
	}
	s.Note(stat(99, 1, noon.Add(-time.Hour)))
	if s.IsSaved() {
		t.Error("a further file is not saved")
	}
	s.State()
	if s.Follow(true, noon); s.IsSaved() {
		t.Error("that the directory could be listed is not saved")
	}
	s.State()
	if s.Doubt(noon.Add(-time.Hour)); s.IsSaved() {
		t.Error("another beginning is not saved")
	}
}
