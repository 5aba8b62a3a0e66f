package tailer

import (
	"encoding/hex"
	"fmt"
	"path/filepath"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// A smallDir is a directory of small files. It is listed only when it has
// changed, since it may hold tens of thousands.
type smallDir struct {
	mtime int64
	again int     // listings that are due although it has not changed
	rest  []named // new files for the next scans
}

// listAgain is how often a directory is listed again after a change: one that
// follows at once may leave the time as it is.
const listAgain = 2

// newSmalls is how many new small files are taken up with one scan.
const newSmalls = 200

// smallRule returns the rule for the files in dir if they are small.
func (s *source) smallRule(dir string) *Rule {
	for i := range s.rules {
		r := &s.rules[i]
		if r.Small && filepath.Join(s.Dir, filepath.Dir(r.Pattern)) == dir {
			return r
		}
	}
	return nil
}

// listSmall is list for a directory of small files: those that are not settled
// yet, and some of the new ones. more says whether there are further new ones.
func (s *source) listSmall(dir string, now time.Time, forget time.Duration) (files map[*family][]*foundFile, more bool, err error) {
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
	s.lookAtShelf(dir)
	files = map[*family][]*foundFile{}
	for path, f := range s.families {
		if filepath.Dir(path) == dir {
			if fl := look(path, class{rule: f.rule, family: path, live: true}); fl != nil {
				files[f] = append(files[f], fl)
			}
		}
	}
	n := min(newSmalls, len(d.rest))
	for _, m := range d.rest[:n] {
		if fl := look(m.path, m.class); fl != nil {
			f := s.family(m.class)
			files[f] = []*foundFile{fl}
		}
	}
	d.rest = d.rest[n:]
	return files, len(d.rest) > 0, nil
}

// findSmall lists dir for files that are not known yet.
func (s *source) findSmall(dir string, d *smallDir, now time.Time, forget time.Duration) error {
	names, err := readNames(dir)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d.rest = d.rest[:0]
	s.shelf.BeginListing(dir)
	for _, base := range names {
		path := filepath.Join(dir, base)
		if s.shelf.Has(path) || s.families[path] != nil {
			continue
		}
		if c, ok := s.classify(dir, base, func(string) bool { return false }); ok {
			d.rest = append(d.rest, named{path: path, class: c, followed: true})
		}
	}
	s.shelf.EndListing(now, forget)
	return nil
}

// lookAtShelf takes files off the shelf that have grown after all.
func (s *source) lookAtShelf(dir string) {
	s.mu.Lock()
	some := s.shelf.Next()
	s.mu.Unlock()
	for _, e := range some {
		path := string(e.Path)
		st, err := file.StatPath(path)
		if err != nil || st.Size == e.Size && st.Mtime == e.MTime || filepath.Dir(path) != dir {
			continue
		}
		c, ok := s.classify(dir, filepath.Base(path), func(string) bool { return false })
		if !ok {
			continue
		}
		f := s.family(c)
		s.mu.Lock()
		s.shelf.Drop(path)
		if st.Size > e.Size {
			if g := unshelve(e, f, st.Key, time.Now()); g != nil {
				f.gens = append(f.gens, g)
			}
		}
		s.mu.Unlock()
	}
}

// shelve puts the small files that are settled on the shelf. The caller holds
// Tailer.mu.
func (t *Tailer) shelve(s *source, f *family, now time.Time) {
	if !f.rule.Small || len(f.gens) != 1 {
		return
	}
	g := f.gens[0]
	rests := now.Sub(g.changed) >= t.cfg.RotateWait && (g.missing.IsZero() || now.Sub(g.missing) >= t.cfg.RotateWait)
	if g.src != nil || g.pumps > 0 || !g.done() || !rests || g.size == 0 || len(g.gaps) > 0 {
		return
	}
	s.shelveOne(g, now)
	delete(s.families, f.path)
	t.dirty = true
}

// loadShelves reads what is known of settled small files.
func (t *Tailer) loadShelves() error {
	for _, s := range t.sources {
		for i := range s.rules {
			if !s.rules[i].Small {
				continue
			}
			var err error
			if s.shelf, err = saved.LoadShelf(saved.ShelfFile(t.cfg.StateDir, s.Name)); err != nil {
				return fmt.Errorf("read checkpoint: %w", err)
			}
			for path := range s.loaded {
				s.shelf.Drop(path) // the checkpoint proper knows it as well, and better
			}
			break
		}
	}
	return nil
}

// shelveOne puts g, a small file that is settled, on the shelf. The caller holds
// Tailer.mu.
func (s *source) shelveOne(g *generation, now time.Time) {
	e := &saved.Shelved{Path: saved.Path(g.path), ID: g.hexID(), Size: g.settled.At, MTime: g.stat.Mtime}
	if !g.missing.IsZero() {
		e.Gone = now
	}
	s.shelf.Put(e)
	n := s.shelf.Sum(string(e.Path))
	n.Entries += g.entries
	n.SettledEntries += g.settledEntries
	n.Empty += g.empty
	n.Cuts += g.cuts
}

// unshelve makes the generation of a file that is to be followed again, since it
// has grown. What is known of it is put as if the growth had not been seen.
func unshelve(e *saved.Shelved, f *family, key file.Key, now time.Time) *generation {
	g := newGeneration(f, now)
	if id, err := hex.DecodeString(e.ID); err != nil || copy(g.id[:], id) != len(g.id) {
		return nil
	}
	g.settled.At, g.read.At, g.size = e.Size, e.Size, e.Size
	g.path, g.key, g.live, g.state = string(e.Path), key, true, Live
	g.stat = file.Stat{Key: key, Size: e.Size, Mtime: e.MTime}
	return g
}

// shelfStatus is the ledger's lines about the files on the shelf of src, one for
// each directory. The caller holds Tailer.mu.
func shelfStatus(s *saved.Shelf, src *source, list []FileStatus) []FileStatus {
	if s == nil {
		return list
	}
	for dir, n := range s.Sums {
		if n.Files == 0 && n.Entries == 0 {
			continue
		}
		log := filepath.Base(dir)
		if r := src.smallRule(dir); r != nil && r.Log != "" {
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
