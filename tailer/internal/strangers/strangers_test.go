package strangers

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func rotated(ino uint64, size, mtime int64) *rules.File {
	return &rules.File{Path: fmt.Sprintf("/logs/sora.jsonl.%d", ino), Stat: file.Stat{Key: file.Key{Dev: 1, Ino: ino}, Size: size, Mtime: mtime}}
}

// A file is looked into once, and again when it has changed; one that may be a copy in
// the making when it has been as it is for long enough.
func TestRests(t *testing.T) {
	const wait = 5 * time.Second
	leave := func(reason string) func(*Set, *rules.File) {
		return func(s *Set, fl *rules.File) { s.Leave(fl, reason, noon) }
	}
	meet := func(s *Set, fl *rules.File) { s.Meet(fl, noon) }
	for _, test := range []struct {
		name  string
		first func(*Set, *rules.File)
		file  *rules.File
		after time.Duration
		want  bool
	}{
		{"never seen", func(*Set, *rules.File) {}, rotated(7, 10, 1), 0, false},
		{"another", meet, rotated(8, 10, 1), 0, false},
		{"met just now", meet, rotated(7, 10, 1), 0, true},
		{"met a while ago", meet, rotated(7, 10, 1), wait - 1, true},
		{"met long enough ago", meet, rotated(7, 10, 1), wait, false},
		{"grown since", meet, rotated(7, 11, 1), 0, false},
		{"written since", meet, rotated(7, 10, 2), 0, false},
		{"left alone", leave("old"), rotated(7, 10, 1), time.Hour, true},
		{"left alone as a copy", leave(""), rotated(7, 10, 1), time.Hour, true},
		{"left alone and written since", leave("old"), rotated(7, 10, 2), time.Hour, false},
	} {
		s := &Set{}
		test.first(s, rotated(7, 10, 1))
		if got := s.Rests(test.file, wait, noon.Add(test.after)); got != test.want {
			t.Errorf("%s: rests: %v", test.name, got)
		}
	}
}

// What is not there any more, or is another file by now, is forgotten.
func TestTidy(t *testing.T) {
	s := &Set{}
	for ino := range uint64(4) {
		s.Leave(rotated(ino, 10, 1), "old", noon)
	}
	for range 2 { // what is kept once is not kept for ever
		for _, fl := range []*rules.File{rotated(0, 10, 1), rotated(1, 11, 1)} {
			s.Rests(fl, 0, noon)
		}
		s.Tidy()
		if _, refused := s.Known(rotated(0, 10, 1), noon); len(s.known) != 1 || !refused {
			t.Errorf("%d are known, the one that is there: %v", len(s.known), refused)
		}
	}
	if s.Tidy(); len(s.known) != 0 {
		t.Errorf("%d are known that were not asked for", len(s.known))
	}
}

// For how long a file is as it is decides whether it is new.
func TestKnown(t *testing.T) {
	s := &Set{}
	later := noon.Add(time.Minute)
	if d, refused := s.Known(rotated(7, 10, 1), later); d != 0 || refused {
		t.Error("it is known before it was met")
	}
	if d := s.Meet(rotated(7, 10, 1), noon); d != 0 {
		t.Error("it was met before", d)
	}
	if d := s.Meet(rotated(7, 10, 1), later); d != time.Minute {
		t.Error("it was met first a minute ago, not", d)
	}
	if d, refused := s.Known(rotated(7, 10, 1), later); d != time.Minute || refused {
		t.Error(d, refused)
	}
	if d, _ := s.Known(rotated(7, 20, 2), later); d != 0 {
		t.Error("it has changed, and is as it was for", d)
	}
	if d := s.Meet(rotated(7, 20, 2), later); d != 0 {
		t.Error("it has changed, and is as it was for", d)
	}
	if s.Leave(rotated(7, 20, 2), "", later); true {
		if _, refused := s.Known(rotated(7, 20, 2), later); refused {
			t.Error("a copy is refused")
		}
	}
}

// Files that wait keep what their log misses from being given up, until the next scan.
func TestWaiting(t *testing.T) {
	s := &Set{}
	s.Later()
	s.Later()
	if s.TakenUp(); !s.Waiting() {
		t.Error("the second one does not wait")
	}
	if s.TakenUp(); s.Waiting() {
		t.Error("something waits that was taken up")
	}
	s.Later()
	if s.Begin(); s.Waiting() {
		t.Error("the next scan waits for what the last one found")
	}
}

// What cannot be opened is shown and logged once, whatever passes by itself is not.
func TestRefuse(t *testing.T) {
	gz := rotated(7, 10, 1)
	gz.Class.Packed = file.Gzip
	for _, test := range []struct {
		name string
		file *rules.File
		err  error
		want *Shown
	}{
		{"no permission", rotated(7, 10, 1), fs.ErrPermission, &Shown{Size: 10, Fault: "permission denied"}},
		{"compressed", gz, fs.ErrPermission, &Shown{Fault: "permission denied"}},
		{"not to be followed", rotated(7, 10, 1), fmt.Errorf("look: %w", &rules.IgnoredError{Why: "leads out"}), &Shown{Size: 10, Fault: "look: leads out", Ignored: true}},
		{"gone", rotated(7, 10, 1), fmt.Errorf("open: %w", fs.ErrNotExist), nil},
		{"a directory by now", rotated(7, 10, 1), fmt.Errorf("open: %w", file.ErrNotRegular), nil},
		{"no descriptors", rotated(7, 10, 1), &fs.PathError{Op: "open", Err: syscall.EMFILE}, nil},
		{"no descriptors in the system", rotated(7, 10, 1), &fs.PathError{Op: "open", Err: syscall.ENFILE}, nil},
	} {
		var text bytes.Buffer
		log := slog.New(slog.NewTextHandler(&text, nil))
		s := &Set{}
		for range 2 { // scans
			s.Begin()
			s.Refuse(test.file, test.err)
			s.Report(log)
			got, ok := s.Shown()[test.file.Path]
			if ok != (test.want != nil) || ok && got != *test.want {
				t.Errorf("%s: shown as %+v", test.name, got)
			}
		}
		if n := strings.Count(text.String(), "file cannot be read"); n != len(s.Shown()) {
			t.Errorf("%s: logged %d times", test.name, n)
		}
		s.Begin()
		if s.Report(log); len(s.Shown()) != 0 {
			t.Errorf("%s: shown when it is over", test.name)
		}
	}
}

// Somebody may look at what is shown while more is found.
func TestShownStaysAsItIs(t *testing.T) {
	s, log := &Set{}, slog.New(slog.DiscardHandler)
	s.Refuse(rotated(1, 10, 1), errors.New("bad"))
	s.Report(log)
	shown := s.Shown()
	before := maps.Clone(shown)
	s.Refuse(rotated(2, 10, 1), errors.New("bad"))
	if !maps.Equal(shown, before) {
		t.Error("what was shown has changed while somebody may look at it")
	}
	if s.Report(log); len(s.Shown()) != 2 {
		t.Error("what was found later is not shown")
	}
}

// What is left alone is shown with its reason, and only so many.
func TestLeftAloneIsShown(t *testing.T) {
	s := &Set{}
	s.Leave(rotated(1, 10, 1), "was there before", noon)
	s.Leave(rotated(2, 10, 1), "", noon)
	s.Meet(rotated(3, 10, 1), noon)
	s.Report(slog.New(slog.DiscardHandler))
	want := map[string]Shown{"/logs/sora.jsonl.1": {Reason: "was there before", Ignored: true}}
	if got := s.Shown(); !maps.Equal(got, want) {
		t.Errorf("shown: %+v", got)
	}
	for ino := range uint64(2 * most) {
		s.Refuse(rotated(100+ino, 10, 1), fs.ErrPermission)
		s.Leave(rotated(1000+ino, 10, 1), "was there before", noon)
	}
	if s.Report(slog.New(slog.DiscardHandler)); len(s.Shown()) != most {
		t.Errorf("%d are shown", len(s.Shown()))
	}
}
