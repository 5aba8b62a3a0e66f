package tailer

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
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

// The positions of files in a directory that cannot be looked at for a whole run
// are still there in the next one.
func TestPositionsInADirectoryThatIsAway(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.Sources[0].Include = []string{"sub/*.log"}
		if err := os.Mkdir(w.path("sub"), 0o755); err != nil {
			w.t.Fatal(err)
		}
		w.write("sub/a.log", lines(0, 10))
		w.write("sora.jsonl", lines(10, 10))
		w.start()
		w.end()
		w.rename("sub", "away")
		w.start()
		w.write("sora.jsonl", lines(20, 10)) // so that positions are saved
		w.pass(3 * time.Second)
		w.end()
		w.rename("away", "sub")
		w.start()
		w.wantLines(30)
	})
}

func TestDamagedCheckpointsDoNotPileUp(t *testing.T) {
	dir := t.TempDir()
	s := newStore(dir, slog.New(slog.DiscardHandler))
	path := filepath.Join(dir, positionsFile)
	for i := range 20 {
		if err := os.WriteFile(path+fmt.Sprintf(".damaged-203103%02dT000000", i+1), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.load(); err != nil {
		t.Fatal(err)
	}
	kept, err := filepath.Glob(path + ".damaged-*")
	if err != nil || len(kept) != mostDamaged || !slices.Contains(kept, path+".damaged-20310320T000000") {
		t.Errorf("%d are kept: %v, %v", len(kept), kept, err)
	}
}
