package tailer

import (
	"bufio"
	"bytes"
	"encoding/hex"
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

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// A shelf holds the small files of a source that are settled. Of each no more
// is kept than it takes to see that it has not changed: there may be tens of
// thousands.
//
// It has a checkpoint file of its own, a line for each file, which is appended
// to, and written anew when too much of it is out of date.
type shelf struct {
	path  string
	files map[string]*shelved // by path
	fresh []*shelved          // not in the file yet
	lines int                 // in the file
	turn  []string            // paths that are still to be looked at in this round
	sums  map[string]*sum     // by directory
}

// A sum is what the files of a directory that are on the shelf come to.
type sum struct {
	files, bytes                         int64
	entries, settledEntries, empty, cuts int64 // since the process began
}

func (s *shelf) sum(path string) *sum {
	dir := filepath.Dir(path)
	if s.sums[dir] == nil {
		s.sums[dir] = &sum{}
	}
	return s.sums[dir]
}

// set takes a file in, in the place of an older one with its path.
func (s *shelf) set(e *shelved) {
	s.drop(string(e.Path))
	s.files[string(e.Path)] = e
	n := s.sum(string(e.Path))
	n.files++
	n.bytes += e.Size
}

func (s *shelf) drop(path string) {
	if e := s.files[path]; e != nil {
		delete(s.files, path)
		n := s.sum(path)
		n.files--
		n.bytes -= e.Size
	}
}

// status is the ledger's lines about the files on the shelf of src, one for
// each directory. The caller holds Tailer.mu.
func (s *shelf) status(src *source, list []FileStatus) []FileStatus {
	if s == nil {
		return list
	}
	for dir, n := range s.sums {
		if n.files == 0 && n.entries == 0 {
			continue
		}
		log := filepath.Base(dir)
		if r := src.smallRule(dir); r != nil && r.Log != "" {
			log = r.Log
		}
		list = append(list, FileStatus{
			Source: src.Name, Log: log, Path: filepath.Join(dir, "*"), State: Settled, Files: n.files,
			Size: n.bytes, Read: n.bytes, Settled: n.bytes,
			Entries: n.entries, SettledEntries: n.settledEntries, Empty: n.empty, Cut: n.cuts,
		})
	}
	return list
}

// A shelved file is settled up to its size. Its names in JSON are short since
// there are so many.
type shelved struct {
	Path  pathText  `json:"path"`
	ID    string    `json:"id"`
	Size  int64     `json:"size"`
	MTime int64     `json:"mtime"` // nanoseconds since 1970
	Gone  time.Time `json:"gone,omitzero"`

	listed bool // in the listing of its directory under way
}

// shelfFile is the name of the checkpoint file for the small files of a source.
func shelfFile(dir, source string) string { return filepath.Join(dir, "small."+source+".jsonl") }

// loadShelf reads the checkpoint of a shelf. A line that is damaged, such as
// the last one when the machine went down, costs that one file's position.
func loadShelf(path string) (*shelf, error) {
	s := &shelf{path: path, files: map[string]*shelved{}, sums: map[string]*sum{}}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open settled small files: %w", err)
	}
	defer f.Close()
	for r := bufio.NewReader(f); ; {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			return s, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read settled small files: %w", err)
		}
		s.lines++
		e := &shelved{}
		if json.Unmarshal(line, e) == nil && e.Path != "" {
			s.set(e)
		}
	}
}

// put takes in a file that is settled.
func (s *shelf) put(g *generation, now time.Time) {
	e := &shelved{Path: pathText(g.path), ID: g.hexID(), Size: g.settled.At, MTime: g.stat.Mtime}
	if !g.missing.IsZero() {
		e.Gone = now
	}
	s.set(e)
	s.fresh = append(s.fresh, e)
	n := s.sum(string(e.Path))
	n.entries += g.entries
	n.settledEntries += g.settledEntries
	n.empty += g.empty
	n.cuts += g.cuts
}

// take makes the generation of a file that is to be followed again, since it
// has grown. What is known of it is put as if the growth had not been seen.
func (e *shelved) take(f *family, key file.Key, now time.Time) *generation {
	g := newGeneration(f, now)
	if id, err := hex.DecodeString(e.ID); err != nil || copy(g.id[:], id) != len(g.id) {
		return nil
	}
	g.settled.At, g.read.At, g.size = e.Size, e.Size, e.Size
	g.path, g.key, g.live, g.state = string(e.Path), key, true, Live
	g.stat = file.Stat{Key: key, Size: e.Size, Mtime: e.MTime}
	return g
}

// perTurn is how many files on a shelf are looked at with each scan.
const perTurn = 20

// next returns the files whose turn it is to be looked at.
func (s *shelf) next() []*shelved {
	if len(s.turn) == 0 {
		for p := range s.files {
			s.turn = append(s.turn, p)
		}
	}
	n := min(perTurn, len(s.turn))
	var some []*shelved
	for _, p := range s.turn[:n] {
		if e := s.files[p]; e != nil && e.Gone.IsZero() {
			some = append(some, e)
		}
	}
	s.turn = s.turn[n:]
	return some
}

// beginListing and endListing enclose a listing of a directory in which has is
// asked for every name.
func (s *shelf) beginListing(dir string) {
	for p, e := range s.files {
		e.listed = filepath.Dir(p) != dir
	}
}

// has says whether the file is on the shelf.
func (s *shelf) has(path string) bool {
	e := s.files[path]
	if e == nil {
		return false
	}
	e.listed, e.Gone = true, time.Time{}
	return true
}

// endListing forgets the files that have been gone for long enough.
func (s *shelf) endListing(now time.Time, forget time.Duration) {
	for p, e := range s.files {
		switch {
		case e.listed:
		case e.Gone.IsZero():
			e.Gone = now
		case now.Sub(e.Gone) >= forget:
			s.drop(p)
		}
	}
}

// A shelving is what is to be written of a shelf.
type shelving struct {
	shelf *shelf
	fresh []*shelved
	text  []byte
	all   bool // in the place of the present file, not in addition to it
}

// write prepares what has come since the last time, nil if nothing has. The
// caller holds Tailer.mu, but need not hold it for save.
func (s *shelf) write() (*shelving, error) {
	if s == nil || len(s.fresh) == 0 {
		return nil, nil
	}
	w := &shelving{shelf: s, fresh: s.fresh, all: s.lines+len(s.fresh) > 2*len(s.files)+1000}
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

// save writes it.
func (w *shelving) save(st *store) error {
	if w.all {
		temp := w.shelf.path + ".new"
		if err := st.write(temp, w.text); err != nil {
			return fmt.Errorf("write settled small files: %w", err)
		}
		if err := os.Rename(temp, w.shelf.path); err != nil {
			return fmt.Errorf("replace settled small files: %w", err)
		}
		return st.syncDir()
	}
	f, err := os.OpenFile(w.shelf.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open settled small files: %w", err)
	}
	_, err = f.Write(w.text)
	if !st.noSync {
		err = errors.Join(err, f.Sync())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write settled small files: %w", err)
	}
	return nil
}

// done notes how saving went. The caller holds Tailer.mu.
func (w *shelving) done(err error) {
	switch {
	case err != nil:
		w.shelf.fresh = append(w.fresh, w.shelf.fresh...)
	case w.all:
		w.shelf.lines = len(w.shelf.files)
	default:
		w.shelf.lines += len(w.fresh) + 1
	}
}
