package saved

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// A Shelf holds the small files of a source that are settled. Of each no more
// is kept than it takes to see that it has not changed: there may be tens of
// thousands.
//
// It has a checkpoint file of its own, a line for each file, which is appended
// to, and written anew when too much of it is out of date.
type Shelf struct {
	path   string
	files  map[string]*Shelved // by path
	byHead map[Hash]*Shelved   // of several that begin alike, the last
	fresh  []*Shelved          // not in the file yet
	lines  int                 // in the file
	turn   []string            // paths that are still to be looked at in this round
	Sums   map[string]*Sum     // by directory
}

// A Sum is what the files of a directory that are on the shelf come to.
type Sum struct {
	Files, Bytes                         int64
	Entries, SettledEntries, Empty, Cuts int64 // since the process began
}

// Sum is what the files in the directory of path come to.
func (s *Shelf) Sum(path string) *Sum {
	dir := filepath.Dir(path)
	if s.Sums[dir] == nil {
		s.Sums[dir] = &Sum{}
	}
	return s.Sums[dir]
}

// set takes a file in, in the place of an older one with its path.
func (s *Shelf) set(e *Shelved) {
	s.Drop(string(e.Path))
	s.files[string(e.Path)] = e
	if e.Head != 0 {
		s.byHead[e.Head] = e
	}
	n := s.Sum(string(e.Path))
	n.Files++
	n.Bytes += e.Size
}

// Detach takes a file off the shelf whose path holds something else by now. It may
// be found under another one.
func (s *Shelf) Detach(path string) {
	e := s.files[path]
	s.Drop(path)
	if e != nil && e.Head != 0 {
		s.byHead[e.Head] = e
	}
}

// Move notes that a directory has another name by now.
func (s *Shelf) Move(from, to string) {
	if from == "" {
		return
	}
	old := slices.Collect(maps.Values(s.files))
	for _, e := range old {
		s.Drop(string(e.Path))
	}
	for _, e := range old {
		if p := e.Path.Move(from, to); p != e.Path {
			e.Path = p
			s.fresh = append(s.fresh, e)
		}
		s.set(e)
	}
}

// Drop takes a file off the shelf.
func (s *Shelf) Drop(path string) {
	if e := s.files[path]; e != nil {
		delete(s.files, path)
		if s.byHead[e.Head] == e {
			delete(s.byHead, e.Head)
		}
		n := s.Sum(path)
		n.Files--
		n.Bytes -= e.Size
	}
}

// A Shelved file is settled up to its size. Its names in JSON are short since
// there are so many.
type Shelved struct {
	Path  Path      `json:"path"`
	ID    string    `json:"id"`
	Size  int64     `json:"size"`
	MTime int64     `json:"mtime"` // nanoseconds since 1970
	Gone  time.Time `json:"gone,omitzero"`
	Ino   uint64    `json:"ino,omitempty"`
	Head  Hash      `json:"head,omitzero"` // of the first bytes, up to HeadBytes
	End   Hash      `json:"end,omitzero"`  // of what stands before Size

	listed bool // in the listing of its directory under way
}

// ShelfFile is the name of the checkpoint file for the small files of a source;
// "" if positions are not kept.
func ShelfFile(dir, source string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, "small."+source+".jsonl")
}

const (
	longestShelved = 64 << 10 // of a line: a path takes up to 4096 bytes, six times that as JSON
	mostShelf      = 256 << 20
)

// LoadShelf reads the checkpoint of a shelf. A line that is damaged, such as
// the last one when the machine went down, costs that one file's position.
func LoadShelf(path string) (*Shelf, error) {
	s := &Shelf{path: path, files: map[string]*Shelved{}, byHead: map[Hash]*Shelved{}, Sums: map[string]*Sum{}}
	f, err := openRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open settled small files: %w", err)
	}
	defer f.Close()
	whole := true // the line so far
	for r := bufio.NewReaderSize(io.LimitReader(f, mostShelf), longestShelved); ; {
		line, err := r.ReadSlice('\n')
		if err == bufio.ErrBufferFull { // zeros after a power cut, say
			whole = false
			continue
		}
		if err == io.EOF {
			return s, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read settled small files: %w", err)
		}
		s.lines++
		if !whole {
			whole = true
			continue
		}
		e := &Shelved{}
		if json.Unmarshal(line, e) == nil && e.Path != "" {
			s.set(e)
		}
	}
}

// Put takes in a file that is settled.
func (s *Shelf) Put(e *Shelved) {
	s.set(e)
	s.fresh = append(s.fresh, e)
}

// SaveAgain has all of it written anew: what is on disk is not there any more.
func (s *Shelf) SaveAgain() {
	if s != nil && len(s.files) > 0 {
		s.fresh = slices.Collect(maps.Values(s.files))
		s.lines = 2*len(s.files) + 1000 // so that it is a new file
	}
}

// perTurn is how many files on a shelf are looked at with each scan.
const perTurn = 20

// Next returns the files whose turn it is to be looked at.
func (s *Shelf) Next() []*Shelved {
	if len(s.turn) == 0 {
		for p := range s.files {
			s.turn = append(s.turn, p)
		}
	}
	n := min(perTurn, len(s.turn))
	var some []*Shelved
	for _, p := range s.turn[:n] {
		if e := s.files[p]; e != nil && e.Gone.IsZero() {
			some = append(some, e)
		}
	}
	s.turn = s.turn[n:]
	return some
}

// BeginListing and endListing enclose a listing of a directory in which has is
// asked for every name.
func (s *Shelf) BeginListing(dir string) {
	for p, e := range s.files {
		e.listed = filepath.Dir(p) != dir
	}
}

// Has says whether the file is on the shelf.
func (s *Shelf) Has(path string) bool {
	e := s.files[path]
	if e == nil {
		return false
	}
	e.listed, e.Gone = true, time.Time{}
	return true
}

// EndListing forgets the files that have been gone for long enough.
func (s *Shelf) EndListing(now time.Time, forget time.Duration) {
	for p, e := range s.files {
		switch {
		case e.listed:
		case e.Gone.IsZero():
			e.Gone = now
		case now.Sub(e.Gone) >= forget:
			s.Drop(p)
		}
	}
}

// Rename notes that e has another path by now.
func (s *Shelf) Rename(e *Shelved, path string, now time.Time) {
	was := *e
	was.Gone = now
	s.fresh = append(s.fresh, &was) // what is in the file says so of the old path
	s.Drop(string(e.Path))
	e.Path, e.Gone, e.listed = Path(path), time.Time{}, true
	s.Put(e)
}

// Like returns the file that begins as another one does, nil if there is none.
func (s *Shelf) Like(head Hash) *Shelved { return s.byHead[head] }

// A Shelving is what is to be written of a shelf.
type Shelving struct {
	shelf *Shelf
	fresh []*Shelved
	text  []byte
	all   bool // in the place of the present file, not in addition to it
}

// Write prepares what has come since the last time, nil if nothing has. The
// shelf must not be used meanwhile, but may be while it is saved.
func (s *Shelf) Write() (*Shelving, error) {
	if s == nil || len(s.fresh) == 0 {
		return nil, nil
	}
	w := &Shelving{shelf: s, fresh: s.fresh, all: s.lines+len(s.fresh) > 2*len(s.files)+1000}
	files := slices.Values(s.fresh)
	if w.all {
		files = maps.Values(s.files)
	}
	var b bytes.Buffer
	b.WriteByte('\n') // ends a line that was torn
	enc := json.NewEncoder(&b)
	for e := range files {
		if err := enc.Encode(e); err != nil {
			return nil, fmt.Errorf("encode settled small file: %w", err)
		}
	}
	w.text = b.Bytes()
	s.fresh = nil
	return w, nil
}

// Save writes it.
func (w *Shelving) Save(st *Store) error {
	if st.Dir == "" {
		return nil
	}
	if w.all {
		temp := w.shelf.path + ".new"
		if _, err := st.create(temp, func(f io.Writer) error { _, err := f.Write(w.text); return err }); err != nil {
			return fmt.Errorf("write settled small files: %w", err)
		}
		if err := os.Rename(temp, w.shelf.path); err != nil {
			return fmt.Errorf("replace settled small files: %w", err)
		}
		return st.syncDir()
	}
	if err := st.appendTo(w.shelf.path, w.text); err != nil {
		return fmt.Errorf("write settled small files: %w", err)
	}
	return nil
}

// Done notes how saving went. The shelf must not be used meanwhile.
func (w *Shelving) Done(err error) {
	switch {
	case err != nil:
		w.shelf.fresh = append(w.fresh, w.shelf.fresh...)
	case w.all:
		w.shelf.lines = len(w.shelf.files)
	default:
		w.shelf.lines += len(w.fresh) + 1
	}
}
