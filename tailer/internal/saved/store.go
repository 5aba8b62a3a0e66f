package saved

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// A Store keeps checkpoints in a directory. There is always at least one whole
// file: the new one is written and synced beside the present one, which becomes
// the previous one. Where there is much to save, what changes goes into a journal
// beside the checkpoint instead, see Append.
//
// Its methods are called by one goroutine at a time.
type Store struct {
	Dir     string // "" keeps nothing
	log     *slog.Logger
	NoSync  bool                  // tests: a killed process loses nothing that it has written
	synced  func(*os.File)        // tests: called when a file, or the directory, was synced
	Fail    atomic.Pointer[error] // tests: what saving fails with
	Written atomic.Int64          // bytes that were written so far

	journal   string // names the journal that belongs to the checkpoint; "" if there is none
	partial   bool   // the checkpoint on disk is not all there is: it has a journal
	whole     int64  // bytes of the checkpoint
	journaled int64  // bytes of the journal
}

// The checkpoint, and the one before it.
const (
	PositionsFile = "positions.json"
	previousFile  = "positions.previous.json"

	journalFile         = "positions.journal"
	previousJournalFile = "positions.previous.journal"
)

// NewStore makes a Store in dir.
func NewStore(dir string, log *slog.Logger) *Store { return &Store{Dir: dir, log: log} }

// Load reads the newest checkpoint that is whole, with its journal. A damaged one
// is set aside. Without any the checkpoint is empty. begin, if not nil, is told
// all but the generations, and returns which of those are to be left out.
func (s *Store) Load(begin func(*Checkpoint) (skip func(*Generation) bool, err error)) (*Checkpoint, error) {
	if s.Dir == "" {
		return &Checkpoint{}, nil
	}
	for _, name := range []string{PositionsFile, previousFile} {
		c, err := s.read(filepath.Join(s.Dir, name), begin)
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

// ReadCheckpoint reads one checkpoint, without its journal; it is an error if
// anything in it is damaged.
func ReadCheckpoint(path string) (*Checkpoint, error) {
	c := &Checkpoint{}
	if err := scanCheckpoint(path, c, nil); err != nil {
		return nil, err
	}
	err := scanCheckpoint(path, &Checkpoint{}, func(g *Generation) { c.Generations = append(c.Generations, *g) })
	return c, err
}

// read reads a checkpoint and what its journal says has changed since.
func (s *Store) read(path string, begin func(*Checkpoint) (func(*Generation) bool, error)) (*Checkpoint, error) {
	c := &Checkpoint{}
	if err := scanCheckpoint(path, c, nil); err != nil {
		return nil, err
	}
	s.partial = c.Journal != ""
	j := s.readJournal(c.Journal)
	skip, err := func(*Generation) bool { return false }, error(nil)
	if begin != nil {
		if skip, err = begin(c); err != nil {
			return nil, err
		}
	}
	keep := func(g *Generation) {
		if !skip(g) {
			c.Generations = append(c.Generations, *g)
		}
	}
	err = scanCheckpoint(path, &Checkpoint{}, func(g *Generation) {
		if _, changed := j.generations[g.ID]; !changed {
			keep(g)
		}
	})
	if err != nil {
		return nil, err
	}
	j.apply(c, keep)
	return c, nil
}

// scanCheckpoint reads a checkpoint of any size. Its generations are not gathered
// in c but handed to each, which is nil if only the rest is of interest.
func scanCheckpoint(path string, c *Checkpoint, each func(*Generation)) error {
	f, err := openRegular(path)
	if err != nil {
		return err
	}
	defer f.Close()
	d := json.NewDecoder(&lineLimit{r: io.LimitReader(f, mostCheckpoint)})
	if err := c.decode(d, each); err != nil {
		return fmt.Errorf("%s: %w: %w", path, errDamaged, err)
	}
	if c.Version > Version {
		return fmt.Errorf("%s was written by a newer release (version %d, this one knows %d)", path, c.Version, Version)
	}
	if c.Version < 1 {
		return fmt.Errorf("%s: %w: no version", path, errDamaged)
	}
	return nil
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

// Replace writes a whole checkpoint in the place of the present one: c, whose
// generations are the lines that each hands on. If it is to have a journal, Append
// can be called afterwards. An older release reads it only if it has none.
func (s *Store) Replace(c *Checkpoint, journal bool, each iter.Seq2[[]byte, error]) error {
	if err := s.Fail.Load(); err != nil {
		return *err
	}
	if s.Dir == "" {
		return nil
	}
	s.journal, s.journaled = "", 0
	c.Version, c.Journal = plainVersion, ""
	if journal {
		c.Version, c.Journal = Version, rand.Text()
	}
	path := filepath.Join(s.Dir, PositionsFile)
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return fmt.Errorf("make state directory: %w", err)
	}
	temp := path + ".new"
	n, err := s.create(temp, func(w io.Writer) error { return c.encode(w, each) })
	if err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	if err := s.KeepPrevious(path); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("replace checkpoint: %w", err)
	}
	if err := s.syncDir(); err != nil {
		return err
	}
	s.journal, s.whole, s.partial = c.Journal, n, c.Journal != ""
	return nil
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
	if err := os.Rename(filepath.Join(s.Dir, journalFile), filepath.Join(s.Dir, previousJournalFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep previous journal: %w", err)
	}
	return nil
}

// create writes a file, and returns when it is on disk.
func (s *Store) create(path string, fill func(io.Writer) error) (n int64, err error) {
	makeWay(path)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return s.fill(f, fill)
}

// appendTo appends to a file, which it makes if need be, and returns when it is on
// disk, and its name as well.
func (s *Store) appendTo(path string, text []byte) (err error) {
	makeWay(path)
	_, statErr := os.Lstat(path)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := s.fill(f, func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
		return err
	}
	if errors.Is(statErr, fs.ErrNotExist) {
		return s.syncDir()
	}
	return nil
}

func (s *Store) fill(f *os.File, fill func(io.Writer) error) (n int64, err error) {
	count := &counter{w: f}
	w := bufio.NewWriterSize(count, 64<<10)
	if err := errors.Join(fill(w), w.Flush()); err != nil {
		return 0, err
	}
	s.Written.Add(count.n)
	return count.n, s.sync(f)
}

// sync returns when what was written to f is on disk.
func (s *Store) sync(f *os.File) error {
	if s.NoSync {
		return nil
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if s.synced != nil {
		s.synced(f)
	}
	return nil
}

// A counter counts what is written.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
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
	if err := s.sync(d); err != nil {
		return fmt.Errorf("sync state directory: %w", err)
	}
	return nil
}
