package small

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"iter"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/match"
	"github.com/rtcship/rtcship/tailer/internal/rules"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// A Change is a file on the shelf that is not any more as it was settled.
type Change struct {
	Class rules.Class
	Key   file.Key
	Grown *saved.Shelved // what was settled of it; nil if it holds something else
}

// Changed finds some of those, in turn. They stay on the shelf until they are taken off.
func (s *Files) Changed() (list []Change) {
	s.mu.Lock()
	some := s.shelf.Next()
	s.mu.Unlock()
	for _, e := range some {
		st, err := file.StatPath(string(e.Path))
		if err != nil || st.Size == e.Size && st.Mtime == e.MTime && e.Head != 0 {
			continue
		}
		if c, ok := s.lookInto(e); ok {
			list = append(list, c)
		}
	}
	return list
}

// lookInto looks into a file whose time or size has changed. It returns false if it
// holds what it did, or that cannot be told now.
func (s *Files) lookInto(e *saved.Shelved) (Change, bool) {
	class, ok := s.classify(string(e.Path))
	if !ok {
		return Change{}, false
	}
	src, st, err := s.set.Open(string(e.Path), file.Unpacked)
	if err != nil {
		return Change{}, false
	}
	defer src.Close()
	c := Change{Class: class, Key: st.Key}
	switch same := st.Size >= e.Size && (e.Head == 0 || holds(src, e)); {
	case same && st.Size == e.Size:
		s.confirm(e, src, st)
		return c, false
	case same:
		c.Grown = e
	}
	return c, true
}

// confirm notes that a file still holds what it did.
func (s *Files) confirm(e *saved.Shelved, src file.Content, st file.Stat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.MTime, e.Ino = st.Mtime, st.Key.Ino
	if e.Head == 0 { // a release saved it that did not look at what it holds
		m, err := file.ReadMark(src, e.Size)
		if err != nil {
			return
		}
		e.Head, e.End = headHash(src, e.Size), saved.Hash(m.Hash)
	}
	s.shelf.Put(e)
}

// isRenamed says whether a new file holds what one does that is on the shelf: it is
// that one under another name, or a copy. It notes that.
func (s *Files) isRenamed(fl *rules.File, now time.Time) bool {
	if fl.Hidden || fl.Stat.Size == 0 {
		return false
	}
	c, _, err := s.set.Open(fl.Path, file.Unpacked)
	if err != nil {
		return false // the scan will tell
	}
	defer c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.shelf.Like(headHash(c, fl.Stat.Size))
	if e == nil || e.Size != fl.Stat.Size || !holds(c, e) {
		return false
	}
	old, err := file.StatPath(string(e.Path))
	if err == nil && old.Key.Ino == e.Ino && old.Size == e.Size && old.Mtime == e.MTime {
		if e.Size < match.Little {
			return false // too little to be sure
		}
		s.shelf.Put(copyOf(e, fl))
		return true
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	s.shelf.Rename(e, fl.Path, now)
	e.Ino, e.MTime = fl.Stat.Key.Ino, fl.Stat.Mtime
	return true
}

// copyOf is what is settled of a copy of what is still there. It has an id of its own,
// since from there on it is a file of its own.
func copyOf(e *saved.Shelved, fl *rules.File) *saved.Shelved {
	var id [16]byte
	rand.Read(id[:])
	return &saved.Shelved{
		Path: saved.Path(fl.Path), ID: hex.EncodeToString(id[:]), Size: e.Size, Head: e.Head, End: e.End,
		MTime: fl.Stat.Mtime, Ino: fl.Stat.Key.Ino,
	}
}

// headHash is what a small file is known by.
func headHash(c file.Content, size int64) saved.Hash {
	head, err := file.ReadHead(c, size)
	if err != nil {
		return 0
	}
	return saved.Hash(xxhash.Sum64(head))
}

// holds says whether a file still holds what was settled of it.
func holds(c file.Content, e *saved.Shelved) bool {
	m, err := file.ReadMark(c, e.Size)
	return err == nil && headHash(c, e.Size) == e.Head && saved.Hash(m.Hash) == e.End
}

// Put puts a file on the shelf of which everything is settled, with what was counted
// of it.
func (s *Files) Put(e *saved.Shelved, counted saved.Sum) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shelf.Put(e)
	n := s.shelf.Sum(string(e.Path))
	n.Entries += counted.Entries
	n.SettledEntries += counted.SettledEntries
	n.Empty += counted.Empty
	n.Cuts += counted.Cuts
}

// TakeOff takes a file off the shelf that is followed from now on. What it held may be
// found under another name.
func (s *Files) TakeOff(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shelf.Detach(path)
}

// Sums are what the files on the shelf come to, by directory.
func (s *Files) Sums() map[string]saved.Sum {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shelf == nil {
		return nil
	}
	sums := make(map[string]saved.Sum, len(s.shelf.Sums))
	for dir, n := range s.shelf.Sums {
		sums[dir] = *n
	}
	return sums
}

// Load reads what is on the shelf from a file. What was below the directory from then is
// below to by now, and what is followed is not on it.
func (s *Files) Load(name, from, to string, followed iter.Seq[string]) error {
	shelf, err := saved.LoadShelf(name)
	if err != nil {
		return err
	}
	shelf.Move(from, to)
	for path := range followed {
		shelf.Drop(path)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shelf = shelf
	return nil
}

// A Shelving is what is to be saved of Files.
type Shelving struct {
	of *Files
	w  *saved.Shelving
}

// Write prepares what has come since the last time, nil if nothing has.
func (s *Files) Write() (*Shelving, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, err := s.shelf.Write()
	if w == nil {
		return nil, err
	}
	return &Shelving{s, w}, err
}

// Save writes it.
func (w *Shelving) Save(store *saved.Store) error { return w.w.Save(store) }

// Done notes how that went.
func (w *Shelving) Done(err error) {
	w.of.mu.Lock()
	defer w.of.mu.Unlock()
	w.w.Done(err)
}

// SaveAgain has all of it saved anew: what is on disk is not there any more.
func (s *Files) SaveAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shelf.SaveAgain()
}
