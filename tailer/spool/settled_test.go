package spool_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rtcship/rtcship/tailer/spool"
)

// A process that is killed after a checkpoint and before it has deleted the
// segments must not leave them for ever: a spool that they fill takes nothing,
// so nothing would ever be saved again either.
func TestSegmentsSettledBeforeACrashAreDeleted(t *testing.T) {
	state, dir := t.TempDir(), t.TempDir()
	cfg := spool.Config{SegmentBytes: 4 << 10}
	s := open(t, dir, cfg)
	put(t, s, 0, 50)
	kept := map[string][]byte{}
	names, err := filepath.Glob(filepath.Join(dir, "spool", "*"+spool.Suffix))
	if err != nil || len(names) < 3 {
		t.Fatalf("segments %v, %v", names, err)
	}
	for _, name := range names {
		// A link keeps the file, and its inode, when the spool deletes it.
		if err := os.Link(name, name+".kept"); err != nil {
			t.Fatal(err)
		}
		kept[name] = nil
	}
	got := &sink{}
	stop := follow(t, state, s, got)
	eventually(t, "all messages", func() bool { return got.count() == 50 })
	stop()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name := range kept {
		os.Remove(name)
		if err := os.Rename(name+".kept", name); err != nil {
			t.Fatal(err)
		}
	}
	s = open(t, dir, cfg)
	stop = follow(t, state, s, got)
	defer stop()
	eventually(t, "settled segments to go", func() bool {
		left, err := filepath.Glob(filepath.Join(dir, "spool", "*"+spool.Suffix))
		return err == nil && len(left) == 0
	})
	if got.count() != 50 {
		t.Errorf("%d messages, want 50: settled ones came again", got.count())
	}
}
