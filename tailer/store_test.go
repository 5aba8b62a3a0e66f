package tailer

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

// While the present checkpoint is damaged, the previous one is the only whole
// one: it must be there until the new one is in place.
func TestPreviousCheckpointOutlivesADamagedOne(t *testing.T) {
	s := newStore(t.TempDir(), slog.New(slog.DiscardHandler))
	for range 2 {
		if err := s.save([]byte(`{"version":1}`)); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(s.dir, positionsFile)
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := s.load(); err != nil || c.Version != version {
		t.Fatalf("%+v, %v", c, err)
	}
	if err := s.keepPrevious(path); err != nil { // and here the process is killed
		t.Fatal(err)
	}
	if c, err := s.load(); err != nil || c.Version != version {
		t.Errorf("%+v, %v: no whole checkpoint is left", c, err)
	}
}
