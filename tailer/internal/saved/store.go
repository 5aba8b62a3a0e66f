package saved

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// A Store keeps checkpoints in a directory. There is always at least one whole
// file: the new one is written and synced beside the present one, which becomes
// the previous one.
type Store struct {
	Dir    string // "" keeps nothing
	log    *slog.Logger
	NoSync bool                  // tests: a killed process loses nothing that it has written
	Fail   atomic.Pointer[error] // tests: what saving fails with
}

// The checkpoint, and the one before it.
const (
	PositionsFile = "positions.json"
	previousFile  = "positions.previous.json"
)

// NewStore makes a Store in dir.
func NewStore(dir string, log *slog.Logger) *Store { return &Store{Dir: dir, log: log} }

// Load reads the newest checkpoint that is whole. A damaged one is set aside.
// Without any the checkpoint is empty.
func (s *Store) Load() (*Checkpoint, error) {
	if s.Dir == "" {
		return &Checkpoint{}, nil
	}
	for _, name := range []string{PositionsFile, previousFile} {
		c, err := ReadCheckpoint(filepath.Join(s.Dir, name))
		switch {
		case err == nil:
			return c, nil
		case errors.Is(err, fs.ErrNotExist):
		case errors.Is(err, errDamaged):
			s.setAside(name, err)
		default:
			return nil, err
		}
	}
	return &Checkpoint{}, nil
}

var errDamaged = errors.New("file is damaged")

// ReadCheckpoint reads one file; it is an error if anything in it is damaged.
func ReadCheckpoint(path string) (*Checkpoint, error) {
	b, err := readRegular(path, mostCheckpoint)
	if err != nil {
		return nil, err
	}
	c := &Checkpoint{}
	if err := json.Unmarshal(b, c); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, errDamaged, err)
	}
	if c.Version > Version {
		return nil, fmt.Errorf("%s was written by a newer release (version %d, this one knows %d)", path, c.Version, Version)
	}
	if c.Version < 1 {
		return nil, fmt.Errorf("%s: %w: no version", path, errDamaged)
	}
	for i := range c.Generations {
		if err := c.Generations[i].Check(); err != nil {
			return nil, fmt.Errorf("%s: %w: %w", path, errDamaged, err)
		}
	}
	return c, nil
}

// MostDamaged is how many damaged checkpoints are kept of each kind.
const MostDamaged = 5

// setAside keeps a damaged checkpoint for whoever wants to look at it. A disk
// that goes on damaging them is not filled with them.
func (s *Store) setAside(name string, why error) {
	path := filepath.Join(s.Dir, name)
	to := path + ".damaged-" + time.Now().UTC().Format("20060102T150405")
	if old, _ := filepath.Glob(path + ".damaged-*"); len(old) >= MostDamaged { // the oldest first, by their names
		for _, name := range old[:len(old)-MostDamaged+1] {
			_ = os.Remove(name) // tried again the next time
		}
	}
	err := os.Rename(path, to)
	s.log.Error("checkpoint is damaged, the previous one is used", "error", why, "kept", to, "rename", err)
}

// Save replaces the checkpoint.
func (s *Store) Save(b []byte) error {
	if err := s.Fail.Load(); err != nil {
		return *err
	}
	if s.Dir == "" {
		return nil
	}
	path := filepath.Join(s.Dir, PositionsFile)
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return fmt.Errorf("make state directory: %w", err)
	}
	temp := path + ".new"
	if err := s.write(temp, b); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	if err := s.KeepPrevious(path); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("replace checkpoint: %w", err)
	}
	return s.syncDir()
}

// KeepPrevious makes the present checkpoint the previous one. Where there is no
// present one, since it was damaged, the previous one is all there is.
func (s *Store) KeepPrevious(path string) error {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	previous := filepath.Join(s.Dir, previousFile)
	if err := os.Remove(previous); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove previous checkpoint: %w", err)
	}
	if err := os.Link(path, previous); err != nil {
		// A file system without links does without the previous one.
		s.log.Debug("previous checkpoint is not kept", "error", err)
	}
	return nil
}

func (s *Store) write(path string, b []byte) (err error) {
	makeWay(path)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(b); err != nil {
		return err
	}
	if s.NoSync {
		return nil
	}
	return f.Sync()
}

func (s *Store) syncDir() error {
	if s.NoSync {
		return nil
	}
	d, err := os.Open(s.Dir)
	if err != nil {
		return fmt.Errorf("open state directory: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync state directory: %w", err)
	}
	return nil
}
