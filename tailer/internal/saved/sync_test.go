package saved

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Whatever is written is on disk before anybody is told that it is saved: what is
// in a file before its name is, and its name before all that follows.
func TestWhatIsSavedIsOnDisk(t *testing.T) {
	s := newStore(t)
	s.NoSync = false
	var synced []string
	s.synced = func(f *os.File) {
		name := filepath.Base(f.Name())
		if f.Name() == s.Dir { // by then the new name must be there, and the old one not
			list, err := filepath.Glob(filepath.Join(s.Dir, "*.new"))
			if name = "names"; err != nil || len(list) > 0 {
				t.Errorf("the directory was synced before %v was renamed", list)
			}
		} else if info, err := os.Stat(f.Name()); err != nil || info.Size() == 0 {
			t.Errorf("%s was synced before it was written", name)
		}
		synced = append(synced, name)
	}
	step := func(what string, want string, act func() error) {
		t.Helper()
		synced = nil
		if err := act(); err != nil {
			t.Fatal(what, err)
		}
		if !slices.Equal(synced, strings.Fields(want)) {
			t.Errorf("%s: synced %q, want %q", what, synced, want)
		}
	}
	one := gen(1, 1)
	step("checkpoint", "positions.json.new names", func() error { return s.Replace(&Checkpoint{}, true, encoded(gen(1, 0))) })
	step("journal", "positions.journal names", func() error { return s.Append([]Change{{Generation: &one}}) })
	step("more of it", "positions.journal", func() error { return s.Append([]Change{{Generation: &one}}) })

	gone := loadGone(t, s, time.Time{}, stays)
	add := func() error { return gone.Add(missing(1, time.Now())) }
	step("gone", "gone.jsonl names", func() error { _ = add(); return gone.Save(s) })
	step("more of it", "gone.jsonl", func() error { _ = add(); return gone.Save(s) })
	gone.SaveAgain()
	step("anew", "gone.jsonl.new names", func() error { return gone.Save(s) })

	shelf, err := LoadShelf(ShelfFile(s.Dir, "sora"))
	if err != nil {
		t.Fatal(err)
	}
	put := func() error {
		shelf.Put(&Shelved{Path: "/log/small", ID: gen(1, 0).ID, Size: 1})
		w, err := shelf.Write()
		if err == nil {
			err = w.Save(s)
			w.Done(err)
		}
		return err
	}
	step("shelf", "small.sora.jsonl names", put)
	step("more of it", "small.sora.jsonl", put)
	shelf.SaveAgain()
	step("anew", "small.sora.jsonl.new names", put)
}
