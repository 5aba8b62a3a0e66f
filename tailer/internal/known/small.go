package known

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/match"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/reader"
	"github.com/rtcship/rtcship/tailer/internal/rules"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// A smallDir is a directory of small files. It is listed only when it has
// changed, since it may hold tens of thousands.
type smallDir struct {
	mtime int64
	again int           // listings that are due although it has not changed
	rest  []rules.Named // new files for the next scans
}

// listAgain is how often a directory is listed again after a change: one that
// follows at once may leave the time as it is.
const listAgain = 2

// newSmalls is how many new small files are taken up with one scan.
const newSmalls = 200

// ListSmall is list for a directory of small files: those that are not settled
// yet, and some of the new ones. more says whether there are further new ones.
func (s *Followed) ListSmall(dir string, now time.Time, forget time.Duration) (found []*Found, more bool, err error) {
	d := s.smalls[dir]
	if d == nil {
		d = &smallDir{}
		s.smalls[dir] = d
	}
	st, err := file.StatDir(dir)
	if err != nil {
		return nil, false, err
	}
	if st != d.mtime {
		d.again = listAgain
	}
	if st != d.mtime || d.again > 0 {
		d.again--
		d.mtime = st
		if err := s.findSmall(dir, d, now, forget); err != nil {
			d.mtime = 0
			return nil, false, err
		}
	}
	var files []*rules.File
	n := min(newSmalls, len(d.rest))
	for _, m := range d.rest[:n] {
		fl := s.Set.Look(m.Path, m.Class)
		if fl != nil && !s.renamed(fl, now) {
			files = append(files, fl)
		}
	}
	d.rest = d.rest[n:]
	s.lookAtShelf(dir)
	for path, f := range s.Families {
		if filepath.Dir(path) == dir {
			if fl := s.Set.Look(path, rules.Class{Rule: f.Rule, Family: path, Live: true}); fl != nil {
				files = append(files, fl)
			}
		}
	}
	return s.Own(files), len(d.rest) > 0, nil
}

// renamed says whether a new small file holds what one does that is on the shelf:
// it is that one under another name, or a copy. It notes that.
func (s *Followed) renamed(fl *rules.File, now time.Time) bool {
	if fl.Hidden || fl.Stat.Size == 0 {
		return false
	}
	c, _, err := s.Set.Open(fl.Path, file.Unpacked)
	if err != nil {
		return false // the scan will tell
	}
	defer c.Close()
	s.Index.mu.Lock()
	defer s.Index.mu.Unlock()
	e := s.Shelf.Like(headHash(c, fl.Stat.Size))
	if e == nil || e.Size != fl.Stat.Size || !isShelved(e, c) {
		return false
	}
	old, err := file.StatPath(string(e.Path))
	if err == nil && old.Key.Ino == e.Ino && old.Size == e.Size && old.Mtime == e.MTime {
		if e.Size < match.Little {
			return false // too little to be sure
		}
		id := newID() // of a copy of what is still there, and of its own from there on
		s.Shelf.Put(&saved.Shelved{Path: saved.Path(fl.Path), ID: hex.EncodeToString(id[:]), Size: e.Size, MTime: fl.Stat.Mtime, Ino: fl.Stat.Key.Ino, Head: e.Head, End: e.End})
		return true
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	s.Shelf.Rename(e, fl.Path, now)
	e.Ino, e.MTime = fl.Stat.Key.Ino, fl.Stat.Mtime
	return true
}

// headHash is what a small file is known by.
func headHash(c file.Content, size int64) saved.Hash {
	head, err := file.ReadHead(c, size)
	if err != nil {
		return 0
	}
	return saved.Hash(xxhash.Sum64(head))
}

// isShelved says whether a file still holds what was settled of it.
func isShelved(e *saved.Shelved, c file.Content) bool {
	m, err := file.ReadMark(c, e.Size)
	return err == nil && headHash(c, e.Size) == e.Head && saved.Hash(m.Hash) == e.End
}

// findSmall lists dir for files that are not known yet.
func (s *Followed) findSmall(dir string, d *smallDir, now time.Time, forget time.Duration) error {
	names, err := rules.ReadNames(dir)
	if err != nil {
		return err
	}
	s.Index.mu.Lock()
	defer s.Index.mu.Unlock()
	d.rest = d.rest[:0]
	s.Shelf.BeginListing(dir)
	for _, base := range names {
		path := filepath.Join(dir, base)
		if s.Shelf.Has(path) || s.Families[path] != nil {
			continue
		}
		if c, ok := s.Set.Classify(dir, base, func(string) bool { return false }); ok {
			d.rest = append(d.rest, rules.Named{Path: path, Class: c, Followed: true})
		}
	}
	s.Shelf.EndListing(now, forget)
	return nil
}

// lookAtShelf takes files off the shelf that have changed after all: one that has
// grown goes on, and one that holds something else is new.
func (s *Followed) lookAtShelf(dir string) {
	s.Index.mu.Lock()
	some := s.Shelf.Next()
	s.Index.mu.Unlock()
	for _, e := range some {
		path := string(e.Path)
		if filepath.Dir(path) != dir {
			continue
		}
		st, err := file.StatPath(path)
		if err != nil || st.Size == e.Size && st.Mtime == e.MTime && e.Head != 0 {
			continue
		}
		s.lookAt(e, st)
	}
}

func (s *Followed) lookAt(e *saved.Shelved, st file.Stat) {
	path := string(e.Path)
	dir, base := filepath.Split(path)
	c, ok := s.Set.Classify(filepath.Clean(dir), base, func(string) bool { return false })
	if !ok {
		return
	}
	src, st, err := s.Set.Open(path, file.Unpacked)
	if err != nil {
		return
	}
	defer src.Close()
	as := st.Size >= e.Size && (e.Head == 0 || isShelved(e, src))
	if as && st.Size == e.Size {
		s.Index.mu.Lock()
		defer s.Index.mu.Unlock()
		e.MTime, e.Ino = st.Mtime, st.Key.Ino
		if e.Head == 0 { // a release saved it that did not look at what it holds
			m, err := file.ReadMark(src, e.Size)
			if err != nil {
				return
			}
			e.Head, e.End = headHash(src, e.Size), saved.Hash(m.Hash)
		}
		s.Shelf.Put(e)
		return
	}
	f := s.Family(c)
	s.Index.mu.Lock()
	defer s.Index.mu.Unlock()
	s.Shelf.Detach(path)
	if as {
		if g := unshelve(e, f, st.Key, time.Now()); g != nil {
			f.Gens = append(f.Gens, g)
		}
	}
}

// shelve puts the small files that are settled on the shelf. The caller holds
// x.mu.
func (x *Index) shelve(s *Followed, f *Family, now time.Time) {
	if !f.Rule.Small || len(f.Gens) != 1 {
		return
	}
	g := f.Gens[0]
	rests := now.Sub(g.Changed) >= x.cfg.RotateWait && (g.Missing.IsZero() || now.Sub(g.Missing) >= x.cfg.RotateWait)
	v, print := g.Look()
	if v.Src != nil || v.Active || !v.Done || !rests || v.Size == 0 || len(v.Gaps) > 0 {
		return
	}
	s.shelveOne(g, &v, &print, now)
	x.ForgetGeneration(g)
	x.ForgetLog(f)
}

// shelveOne puts g, a small file that is settled, on the shelf. The caller holds
// x.mu.
func (s *Followed) shelveOne(g *Generation, v *progress.View, print *file.Fingerprint, now time.Time) {
	e := &saved.Shelved{Path: saved.Path(g.Path), ID: g.HexID(), Size: v.Settled.At, MTime: g.Stat.Mtime, Ino: g.Key.Ino}
	if n := int(min(v.Settled.At, file.HeadBytes)); n > 0 && print.HeadLen == n {
		e.Head, e.End = saved.Hash(print.Heads[len(print.Heads)-1]), saved.Hash(v.Settled.Hash)
	}
	if !g.Missing.IsZero() {
		e.Gone = now
	}
	s.Shelf.Put(e)
	n := s.Shelf.Sum(string(e.Path))
	n.Entries += v.Entries
	n.SettledEntries += v.SettledEntries
	n.Empty += v.Empty
	n.Cuts += v.Cut
}

// unshelve makes the generation of a file that is to be followed again, since it
// has grown. What is known of it is put as if the growth had not been seen.
func unshelve(e *saved.Shelved, f *Family, key file.Key, now time.Time) *Generation {
	g := NewGeneration(f, now)
	if id, err := hex.DecodeString(e.ID); err != nil || copy(g.ID[:], id) != len(g.ID) {
		return nil
	}
	g.Restore(progress.Restored{Size: e.Size, Settled: reader.Position{Mark: file.Mark{At: e.Size}}, Mtime: e.MTime, Saved: -1}, now)
	g.Path, g.Key, g.Live, g.State = string(e.Path), key, true, Live
	g.Stat = file.Stat{Key: key, Size: e.Size, Mtime: e.MTime}
	return g
}

// shelfStatus is the ledger's lines about the files on the shelf of src, one for
// each directory. The caller holds x.mu.
func shelfStatus(s *saved.Shelf, src *Followed, list []FileStatus) []FileStatus {
	if s == nil {
		return list
	}
	for dir, n := range s.Sums {
		if n.Files == 0 && n.Entries == 0 {
			continue
		}
		log := filepath.Base(dir)
		if r := src.Set.SmallRule(dir); r != nil && r.Log != "" {
			log = r.Log
		}
		list = append(list, FileStatus{
			Source: src.Name, Log: log, Path: filepath.Join(dir, "*"), State: Settled, Files: n.Files,
			Size: n.Bytes, Read: n.Bytes, Settled: n.Bytes,
			Entries: n.Entries, SettledEntries: n.SettledEntries, Empty: n.Empty, Cut: n.Cuts,
		})
	}
	return list
}
