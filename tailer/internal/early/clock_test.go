package early

import (
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

func TestVouched(t *testing.T) {
	at := func(boot string, d time.Duration) saved.Clock { return saved.Clock{Boot: boot, At: noon.Add(d)} }
	for name, test := range map[string]struct {
		was, is saved.Clock
		want    bool
	}{
		"the same":          {at("a", 0), at("a", 0), true},
		"slewed":            {at("a", 0), at("a", -Margin/2+1), true},
		"set forward":       {at("a", 0), at("a", Margin/2), false},
		"set back":          {at("a", 0), at("a", -Margin/2), false},
		"booted":            {at("a", 0), at("b", 0), false},
		"never saved":       {saved.Clock{}, at("a", 0), true},
		"not told any more": {at("a", 0), saved.Clock{}, true},
	} {
		if got := IsVouched(test.was, test.is); got != test.want {
			t.Errorf("%s: vouched for: %v", name, got)
		}
	}
	if a, b := Clock(), Clock(); a.Boot == "" || !IsVouched(a, b) || a.At.After(time.Now()) {
		t.Errorf("this machine was booted at %v and at %v", a, b)
	}
}

// What the first listing finds after a time for which no clock can be vouched has no
// time, but for what was left alone before.
func TestUntimed(t *testing.T) {
	file1, file2 := stat(1, 10, noon), stat(2, 10, noon)
	follow := func(state saved.Source) *Source {
		s := &Source{}
		s.Restore(state, noon.Add(time.Hour))
		return s
	}
	s := follow(saved.Source{Followed: noon})
	if s.Came(file1); s.Untimed(file1) {
		t.Error("nothing was said against the clock")
	}
	if s.Distrust(); !s.IsDistrusted() {
		t.Error("it is believed nevertheless")
	}
	if s.Follow(false, noon); !s.IsDistrusted() {
		t.Error("believed again before anything could be listed")
	}
	s.Came(file1)
	s.Leave(file2)
	s.Came(file2)
	if s.Follow(true, noon); s.IsDistrusted() || !s.Untimed(file1) || s.Untimed(file2) {
		t.Error("not what came and was not left alone has no time")
	}
	if s.Came(stat(3, 10, noon)); s.Untimed(stat(3, 10, noon)) {
		t.Error("so has what came later")
	}
	if s.Decided(file1.Key); s.Untimed(file1) {
		t.Error("so has what is decided about")
	}
	s = follow(saved.Source{Followed: noon})
	s.Distrust()
	s.Came(file1)
	s.Follow(true, noon)
	if s.Keep(func(file.Key) bool { return false }); s.Untimed(file1) || !s.IsEmpty() {
		t.Error("what went is remembered")
	}
	if s = (&Source{}); s.IsDistrusted() {
		t.Error("a new source doubts")
	}
	if s.Distrust(); s.IsDistrusted() {
		t.Error("of a new source everything was there at first")
	}
}

// What was left alone is known again after a boot, by which its device has another
// number, and after it was renamed; not once it was written to.
func TestLeft(t *testing.T) {
	s := &Source{}
	s.Follow(true, noon)
	s.State()
	if !s.Leave(stat(1, 10, noon)) || s.Leave(stat(1, 10, noon)) || !s.Leave(stat(2, 20, noon)) {
		t.Error("news are not told from what is none")
	}
	if s.IsSaved() {
		t.Error("it counts as saved")
	}
	state, _ := s.State()
	if !s.IsSaved() {
		t.Error("it does not count as saved")
	}
	r := &Source{}
	r.Restore(state, noon.Add(time.Hour))
	other := stat(1, 10, noon)
	other.Key.Dev++
	if !r.WasLeft(other) || !r.WasLeft(stat(2, 20, noon)) || r.WasLeft(stat(1, 11, noon)) || r.WasLeft(stat(1, 10, noon.Add(1))) || r.WasLeft(stat(3, 10, noon)) {
		t.Error("after a boot something else is known")
	}
	if again, _ := r.State(); string(again.Left) != string(state.Left) || len(state.Left) != 16 {
		t.Errorf("saved as %x, and then as %x", state.Left, again.Left)
	}
	r.KeepLeft(func(yield func(file.Stat) bool) { _ = yield(stat(2, 20, noon)) && yield(stat(5, 5, noon)) })
	if r.WasLeft(other) || !r.WasLeft(stat(2, 20, noon)) || r.WasLeft(stat(5, 5, noon)) || r.IsSaved() {
		t.Error("not what is there is kept")
	}
	r.Restore(saved.Source{Followed: noon, Left: []byte{1, 2, 3, 4, 5}}, noon) // damaged
}
