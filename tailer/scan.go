package tailer

import (
	"cmp"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// scan looks at the directories: which files are there, what each of them is,
// and where the generations are that have moved.
func (t *Tailer) scan(now time.Time) {
	for _, s := range t.sources {
		t.mu.Lock()
		since := t.tick
		t.mu.Unlock()
		files, all := t.listSource(s, now)
		if files == nil {
			continue
		}
		first := s.first.IsZero()
		t.lock(func() { t.founding = first })
		for _, f := range s.families {
			if list, ok := files[f]; ok || all[f.path] {
				t.reconcile(f, list, since, first, now)
			}
		}
		if first {
			t.lock(func() {
				s.first, t.founding = now.UTC().Round(0), false
				t.hurry()
			})
		}
		for _, f := range s.families {
			t.feed(f, now)
		}
	}
	t.dropInspections()
	t.holdDeleted(now)
	t.requestSave()
}

// listSource lists the directories of s. It returns nil if none could be
// listed. listed says of which families the directory was.
func (t *Tailer) listSource(s *source, now time.Time) (files map[*family][]*foundFile, listed map[string]bool) {
	fault, missing := "", "" // one below that is not there is nothing unusual
	for _, dir := range s.dirs() {
		found, err := t.list(s, dir, now)
		if err != nil {
			switch {
			case !errors.Is(err, fs.ErrNotExist) && fault == "":
				fault = err.Error()
			case missing == "":
				missing = err.Error()
			}
			continue
		}
		if files == nil {
			files, listed = map[*family][]*foundFile{}, map[string]bool{}
		}
		s.restoreIn(dir)
		for f, l := range found {
			files[f] = append(files[f], l...)
		}
		for path := range s.families {
			if filepath.Dir(path) == dir {
				listed[path] = true
			}
		}
	}
	if files == nil && fault == "" {
		fault = missing
	}
	switch {
	case fault == s.fault:
	case fault == "":
		t.log.Info("all directories can be listed again", "source", s.Name)
	default:
		t.log.Warn("directory cannot be listed", "source", s.Name, "error", fault)
	}
	t.lock(func() { s.fault = fault })
	return files, listed
}

func (t *Tailer) list(s *source, dir string, now time.Time) (map[*family][]*foundFile, error) {
	if s.smallRule(dir) == nil {
		return s.list(dir)
	}
	files, more, err := s.listSmall(dir, now, t.cfg.Forget)
	if more {
		t.lock(func() { t.scanSoon = true })
	}
	return files, err
}

// reconcile brings what is known of a family together with its files as they
// are now.
func (t *Tailer) reconcile(f *family, files []*foundFile, since uint64, first bool, now time.Time) {
	here := map[*generation]bool{}
	var loose []*foundFile
	before := f.shut
	f.hidden, f.shut = 0, nil
	slices.SortStableFunc(files, func(a, b *foundFile) int { // a file with two names is rather the live one
		return cmp.Compare(rank(a), rank(b))
	})
	for i, fl := range files {
		if fl.hidden {
			f.hidden++
			t.hide(f, fl, here)
			continue
		}
		if slices.ContainsFunc(files[:i], func(o *foundFile) bool { return !o.hidden && o.stat.Key == fl.stat.Key }) {
			continue // a hard link
		}
		if g := f.holder(fl.stat.Key); g != nil && !here[g] && g.still(fl) {
			here[g] = true
			t.found(g, fl, since, now)
			continue
		}
		loose = append(loose, fl)
	}
	for _, g := range slices.Clone(f.gens) {
		if !here[g] {
			t.lost(g, now)
		}
	}
	t.identify(f, loose, here, first, now)
	t.report(f, before)
	for _, g := range f.gens {
		if g.unsized && !first && !t.isDraining() {
			t.measure(f, g)
		}
	}
	t.lock(func() { f.sort() })
	t.tidy(f, now)
	if len(files) == 0 {
		t.forget(f, now)
	}
}

// forget drops a log of which there is no file and no generation any more. Of a
// log with rotated files it stays known for some time up to when it was sent:
// one of them might be put back.
func (t *Tailer) forget(f *family, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(f.gens) > 0 || f.shared() || !f.rule.Small && now.Sub(time.Unix(0, f.newest)) < 4*t.cfg.Forget {
		return
	}
	delete(f.src.families, f.path)
	t.dirty = true
}

func rank(f *foundFile) int {
	if f.class.live {
		return 0
	}
	return 1
}

// hide keeps the generations that may be in a file of which nothing is known at
// present from being taken for deleted.
func (t *Tailer) hide(f *family, fl *foundFile, here map[*generation]bool) {
	known := false
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, g := range f.gens {
		if g.path == fl.path && g.missing.IsZero() {
			known, here[g] = true, true
			if g.src == nil {
				g.state = Unreadable
			}
		}
	}
	if !known {
		t.refused(f, fl, fl.err)
	}
}

// holder returns the generation whose file was last seen under key.
func (f *family) holder(key file.Key) *generation {
	for _, g := range f.gens {
		if g.key == key && g.missing.IsZero() {
			return g
		}
	}
	return nil
}

// still says whether the file with g's inode is g's without a doubt. While it
// is open the inode cannot have been used again.
func (g *generation) still(fl *foundFile) bool {
	return g.src != nil || fl.stat.Like(g.stat)
}

// found notes where g's file is now.
func (t *Tailer) found(g *generation, fl *foundFile, since uint64, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if g.path != fl.path || g.live != fl.class.live || g.state == Unreadable || g.state == Deleted {
		g.locate(fl)
		t.touch(g)
	}
	if fl.class.live {
		g.rotated = time.Time{}
	} else {
		g.displace(now)
	}
	t.observe(g, fl.stat, since, now)
}

// lost notes that no name leads to g's file any more.
func (t *Tailer) lost(g *generation, now time.Time) {
	if !g.missing.IsZero() {
		return
	}
	state := Missing
	if g.src != nil {
		state = Rotated
		if st, err := g.src.Stat(); err == nil && st.Nlink == 0 {
			state = Deleted
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if g.state == state && !g.live {
		return
	}
	g.state = state
	g.displace(now)
	g.fam.search = now
	if state == Missing {
		g.missing = now
	}
	t.touch(g)
}

// sort puts the oldest generation first.
func (f *family) sort() {
	if f.src.Format != nil {
		slices.SortStableFunc(f.gens, func(a, b *generation) int { return cmp.Compare(a.path, b.path) })
		return
	}
	slices.SortStableFunc(f.gens, func(a, b *generation) int {
		if a.live != b.live && !f.rule.Ring {
			if a.live {
				return 1
			}
			return -1
		}
		return cmp.Compare(a.stat.Mtime, b.stat.Mtime)
	})
}

// tidy ends what is over: files that need not be open any more, generations
// whose bytes are lost or whose position need not be kept.
func (t *Tailer) tidy(f *family, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, g := range slices.Clone(f.gens) {
		if g.src != nil && t.closable(g, now) {
			t.close(g, now)
		}
		if !g.missing.IsZero() && len(g.inflight) == 0 {
			t.bury(g, now)
		}
	}
	t.shelve(f.src, f, now)
}

// closable says whether g's file can be closed: it is out of the way, settled,
// and has not grown for a while. A deleted file is kept while nothing has taken
// its place, since its writer may well still have it open, but not for ever.
func (t *Tailer) closable(g *generation, now time.Time) bool {
	quiet := now.Sub(g.rotated) >= t.cfg.RotateWait && now.Sub(g.changed) >= t.cfg.RotateWait
	switch {
	case g.pumps > 0 || g.suspect || !g.done():
		return false
	case g.short:
		return true
	case g.fam.src.Format != nil:
		return g.state == Deleted
	case g.live && g.fam.rule.Small:
		return true
	case g.live:
		return false
	case g.state == Deleted:
		return quiet && (g.fam.hasLive() || now.Sub(g.changed) >= t.cfg.Forget)
	}
	return quiet
}

func (f *family) hasLive() bool {
	for _, g := range f.gens {
		if g.live {
			return true
		}
	}
	return false
}

// bury counts the unread bytes of a generation that cannot be found as a gap,
// and forgets it after a while.
func (t *Tailer) bury(g *generation, now time.Time) {
	if g.fingerprint.HeadLen == 0 {
		g.fam.remove(g) // nothing is known of it by which it could be found
		t.dirty = true
		return
	}
	gone := now.Sub(g.missing)
	if !g.gapNoted && gone >= t.cfg.RotateWait && g.fam.hidden == 0 {
		g.gapNoted = true
		if n := g.size - g.settled.At; n > 0 {
			t.gap(g, g.settled.At, n, "the file is gone", now)
		}
	}
	if gone >= t.cfg.Forget || g.fam.src.Format != nil && g.gapNoted || g.fam.src.Format != nil && g.done() {
		g.fam.remove(g)
		t.dirty = true
	}
}

// holdDeleted lets go of deleted files when they keep too much of the disk.
func (t *Tailer) holdDeleted(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var held []*generation
	var total int64
	for g := range t.generations() {
		if g.state == Deleted && g.src != nil {
			held = append(held, g)
			total += g.stat.Blocks
		}
	}
	if total <= t.cfg.DeletedBytes {
		return
	}
	slices.SortFunc(held, func(a, b *generation) int {
		if a.done() != b.done() {
			if a.done() {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.stat.Mtime, b.stat.Mtime)
	})
	for _, g := range held {
		if total <= t.cfg.DeletedBytes {
			return
		}
		total -= g.stat.Blocks
		t.close(g, now)
		if n := g.size - g.read.At; n > 0 {
			g.gapNoted = true
			t.gap(g, g.read.At, n, "deleted, and larger than limits.deleted_bytes", now)
		}
		t.touch(g)
	}
}
