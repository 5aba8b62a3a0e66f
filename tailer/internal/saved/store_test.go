package saved

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// While the present checkpoint is damaged, the previous one is the only whole
// one: it must be there until the new one is in place.
func TestPreviousCheckpointOutlivesADamagedOne(t *testing.T) {
	s := NewStore(t.TempDir(), slog.New(slog.DiscardHandler))
	for range 2 {
		if err := s.Replace(&Checkpoint{}, false, none); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(s.Dir, PositionsFile)
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := s.Load(nil); err != nil || c.Version != plainVersion {
		t.Fatalf("%+v, %v", c, err)
	}
	if err := s.KeepPrevious(path); err != nil { // and here the process is killed
		t.Fatal(err)
	}
	if c, err := s.Load(nil); err != nil || c.Version != plainVersion {
		t.Errorf("%+v, %v: no whole checkpoint is left", c, err)
	}
}

func TestDamagedCheckpointsDoNotPileUp(t *testing.T) {
	dir := t.TempDir()
	s := NewStore(dir, slog.New(slog.DiscardHandler))
	path := filepath.Join(dir, PositionsFile)
	for i := range 20 {
		if err := os.WriteFile(path+fmt.Sprintf(".damaged-203103%02dT000000", i+1), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(nil); err != nil {
		t.Fatal(err)
	}
	kept, err := filepath.Glob(path + ".damaged-*")
	if err != nil || len(kept) != MostDamaged || !slices.Contains(kept, path+".damaged-20310320T000000") {
		t.Errorf("%d are kept: %v, %v", len(kept), kept, err)
	}
}

// none are the generations of a checkpoint without any.
func none(func([]byte, error) bool) {}
