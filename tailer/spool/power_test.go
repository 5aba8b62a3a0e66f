package spool_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rtcship/rtcship/tailer/spool"
)

// A machine that goes down may forget what was written to a segment since the
// last sync, although it was delivered and the position behind it is on disk.
// What is left of that segment is settled, and must not be sent again as
// something new.
func TestPositionBeyondWhatTheDiskKept(t *testing.T) {
	state, dir := t.TempDir(), t.TempDir()
	s := open(t, dir, spool.Config{})
	put(t, s, 0, 50)
	got := &sink{}
	stop := follow(t, state, s, got)
	eventually(t, "all messages", func() bool { return got.count() == 50 && s.Status().Unsettled == 0 })
	names, err := filepath.Glob(filepath.Join(dir, "spool", "*"+spool.Suffix))
	if err != nil || len(names) != 1 {
		t.Fatalf("segments %v, %v", names, err)
	}
	whole, err := os.Stat(names[0])
	if err != nil {
		t.Fatal(err)
	}
	stop()
	kept := filepath.Join(dir, "kept") // the same file: closing deletes what is settled
	if err := os.Link(names[0], kept); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Truncate(kept, whole.Size()*3/5), os.Rename(kept, names[0])); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, spool.Config{})
	put(t, s, 50, 60)
	stop = follow(t, state, s, got)
	defer stop()
	eventually(t, "the messages that are new", func() bool { return got.count() >= 60 && s.Status().Unsettled == 0 })
	if got.count() != 60 {
		t.Errorf("%d messages, want 60: settled ones came again", got.count())
	}
	eventually(t, "the old segment to go", func() bool {
		_, err := os.Stat(names[0])
		return os.IsNotExist(err)
	})
}
