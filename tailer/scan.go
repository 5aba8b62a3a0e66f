package tailer

import (
	"cmp"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// scan looks at the directories: which files are there, what each of them is,
// and where the generations are that have moved.
func (t *Tailer) scan(now time.Time) {
	since := t.readers.Tick()
	if !t.begun {
		t.begun = true
		t.scanNamed(now)
	}
	l := &listing{dirs: map[string]bool{}}
	for _, s := range t.known.sources {
		t.known.doubt(s, now)
		t.listSource(s, l, now)
	}
	l.files = rules.EachOnce(l.files, (*foundFile).name)
	for _, s := range t.known.sources {
		s.keepEarly(l)
	}
	t.reconcile(l, since, now)
	t.known.lookAtMoved(now)
	for _, s := range t.known.sources {
		for _, f := range s.families {
			t.glance()
			t.feed(f, now)
		}
	}
	pending := t.desk.Tidy()
	t.lock(func() { t.pending = pending })
	t.known.holdDeleted(now)
	t.positions.tidyGone(now)
	t.requestSave()
}

// goOn takes up some more of what the last scan found, and has it read.
func (t *Tailer) goOn(now time.Time) {
	fams := map[*family]bool{}
	for _, fl := range t.backlog.files[:min(openAtOnce, len(t.backlog.files))] {
		fams[fl.fam] = true
	}
	t.takeUp(now)
	for f := range fams {
		t.known.sort(f)
		t.feed(f, now)
	}
	t.requestSave()
}

// glance looks at the logs that move if a scan has kept them waiting for long.
func (t *Tailer) glance() {
	if now := time.Now(); now.Sub(t.polled) >= t.cfg.Poll {
		t.poll(now)
	}
}

// doubt gives up times that lie in the future: the clock was wrong, then or now,
// and a file is not left alone for that.
func (x *index) doubt(s *source, now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if now = now.Round(0); s.first.After(now) {
		s.first, s.floor = now.UTC(), 0
		x.changed(false)
	}
	for _, f := range s.families {
		if newest, clock := x.readers.Settled(f.settled); newest > now.UnixNano() {
			x.readers.Restore(f.settled, now.UnixNano(), clock)
		}
		if f.floor > now.UnixNano() {
			f.floor = 0
		}
	}
}

// A listing is what one scan found, in all directories.
type listing struct {
	files []*foundFile
	dirs  map[string]bool // that could be listed
}

// listSource adds what is found in the directories of s to l.
func (t *Tailer) listSource(s *source, l *listing, now time.Time) {
	fault, missing, some := "", "", false // one below that is not there is nothing unusual
	s.set.Refresh()
	for _, dir := range s.set.Dirs() {
		files, err := t.list(s, dir, now)
		if err != nil {
			switch {
			case !errors.Is(err, fs.ErrNotExist) && fault == "":
				fault = err.Error()
			case missing == "":
				missing = err.Error()
			}
			continue
		}
		some, l.dirs[dir] = true, true
		l.files = append(l.files, files...)
		s.begun(files)
	}
	if !some && fault == "" {
		fault = missing
	}
	if s.follow(some, now) {
		t.hurry()
	}
	s.noteFault(fault)
}

func (t *Tailer) list(s *source, dir string, now time.Time) ([]*foundFile, error) {
	if s.set.SmallRule(dir) == nil {
		return s.listAllowed(dir, t.glance)
	}
	if err := s.set.Allowed(dir); err != nil {
		return nil, err
	}
	files, more, err := s.listSmall(dir, now, t.cfg.Forget)
	if more {
		t.lock(func() { t.scanSoon = true })
	}
	return files, err
}

// reconcile brings what is known together with the files as they are now.
func (t *Tailer) reconcile(l *listing, since uint64, now time.Time) {
	here := map[*generation]bool{}
	before := map[*family]map[string]unopened{}
	holders := t.known.holders()
	for _, s := range t.known.sources {
		for _, f := range s.families {
			before[f] = f.unopened
			f.hidden, f.unopened, f.files = 0, nil, 0
		}
	}
	var loose []*foundFile
	for _, fl := range l.files {
		if fl.fam = fl.src.families[fl.Class.Family]; fl.fam != nil && !fl.Class.Aside {
			fl.fam.files++
		}
		if fl.Hidden {
			fl.join()
			fl.fam.hidden++
			t.known.hide(fl.fam, fl, here)
			continue
		}
		if g := holders[fl.Stat.Key]; g != nil && !here[g] && g.still(fl) {
			here[g] = true
			t.known.found(g, fl, since, now)
			continue
		}
		switch {
		case !fl.Class.Aside:
			fl.join()
		case fl.fam != nil && isSealed(fl.Path):
			t.known.seal(fl)
			continue
		}
		if fl.fam != nil {
			loose = append(loose, fl)
		}
	}
	listed := t.known.listedFamilies(l)
	for _, f := range listed {
		for _, g := range slices.Clone(f.gens) {
			if !here[g] && t.known.looked(g, l) {
				t.known.lost(g, now)
			}
		}
	}
	t.backlog = backlog{files: t.unknownFiles(loose, now), here: here}
	t.takeUp(now)
	t.known.compareCopies(now)
	for _, f := range t.known.listedFamilies(l) {
		t.glance()
		t.finishScan(f, before[f], now)
	}
}

// join makes the family of fl known.
func (fl *foundFile) join() {
	if fl.fam == nil {
		fl.fam = fl.src.family(fl.Class)
		fl.fam.files++
	}
}

// looked says whether the directory was listed in which g's file was last.
func (x *index) looked(g *generation, l *listing) bool {
	dir := filepath.Dir(g.path)
	return l.dirs[dir] || !slices.ContainsFunc(x.sources, func(s *source) bool { return slices.Contains(s.set.Dirs(), dir) })
}

// holders are the generations whose files were found, by what the file system
// knows those by.
func (x *index) holders() map[file.Key]*generation {
	m := map[file.Key]*generation{}
	for g := range x.generations() {
		if g.missing.IsZero() && g.fam.src.Format == nil {
			m[g.key] = g
		}
	}
	for g := range x.generations() {
		if g.missing.IsZero() && g.fam.src.Format != nil {
			m[g.key] = g
		}
	}
	return m
}

// listedFamilies are those whose directory was listed.
func (x *index) listedFamilies(l *listing) (list []*family) {
	for _, s := range x.sources {
		for _, f := range s.families {
			if f.files > 0 || l.dirs[filepath.Dir(f.path)] {
				list = append(list, f)
			}
		}
	}
	return list
}

// finishScan ends what is over in f.
func (t *Tailer) finishScan(f *family, before map[string]unopened, now time.Time) {
	t.known.report(f, before)
	for _, g := range f.gens {
		if len(f.src.early) == 0 && !t.isDraining() && g.View().Unsized {
			t.measure(f, g)
		}
	}
	t.known.sort(f)
	t.known.tidy(f, now)
	if f.files == 0 {
		t.known.forget(f, now)
	}
}

// forget drops a log of which there is no file and no generation any more. Of a
// log with rotated files it stays known for some time up to when it was sent:
// one of them might be put back.
func (x *index) forget(f *family, now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	newest, _ := x.readers.Settled(f.settled)
	if len(f.gens) > 0 || f.shared() || !f.rule.Small && now.Sub(time.Unix(0, newest)) < 4*x.cfg.Forget {
		return
	}
	x.forgetLog(f)
}

// hide keeps the generations that may be in a file of which nothing is known at
// present from being taken for deleted.
func (x *index) hide(f *family, fl *foundFile, here map[*generation]bool) {
	known := false
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, g := range f.gens {
		if g.path == fl.Path && g.missing.IsZero() {
			known, here[g] = true, true
			if g.Src() == nil {
				g.state = Unreadable
			}
		}
	}
	if !known {
		x.refused(f, fl, fl.Err)
	}
}

// still says whether the file with g's inode is g's without a doubt. While it
// is open the inode cannot have been used again.
func (g *generation) still(fl *foundFile) bool {
	return g.Src() != nil || fl.Stat.Like(g.stat)
}

// found notes where g's file is now.
func (x *index) found(g *generation, fl *foundFile, since uint64, now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	rehomed := g.belongs(fl)
	if rehomed {
		x.mu.Unlock()
		fl.join() // takes the lock
		x.mu.Lock()
		g.rehome(fl.fam)
	}
	if live := fl.Class.Live && fl.Class.Family == g.fam.path; rehomed || g.path != fl.Path || g.live != live || g.state == Unreadable || g.state == Deleted || g.state == Moved {
		g.Place(g.locate(fl.File))
		g.Touch()
	}
	fl.src.early.drop(fl.File)
	g.settlePlace(now)
	x.observe(g, fl.Stat, since, now)
}

// lost notes that no name leads to g's file any more.
func (x *index) lost(g *generation, now time.Time) {
	if !g.missing.IsZero() {
		return
	}
	state := Missing
	if src := g.Src(); src != nil {
		state = Moved
		if st, err := src.Stat(); err == nil && st.Nlink == 0 {
			state = Deleted
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if g.state == state && !g.live {
		return
	}
	g.state = state
	g.displace(now)
	g.fam.search = now
	if state == Missing {
		g.missing = now
		g.Lose()
	}
	g.Touch()
}

func (x *index) sort(f *family) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f.sort()
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
func (x *index) tidy(f *family, now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, g := range slices.Clone(f.gens) {
		if v := g.View(); v.Src != nil && x.closable(g, &v, now) {
			x.close(g, now)
		}
		if v := g.View(); !g.missing.IsZero() && v.UnderWay == 0 {
			x.bury(g, &v, now)
		}
	}
	x.shelve(f.src, f, now)
}

// closable says whether g's file can be closed: it is out of the way, settled,
// and has not grown for a while. A deleted file is kept while nothing has taken
// its place, since its writer may well still have it open, but not for ever.
func (x *index) closable(g *generation, v *progress.View, now time.Time) bool {
	quiet := now.Sub(g.rotated) >= x.cfg.RotateWait && now.Sub(g.changed) >= x.cfg.RotateWait
	switch {
	case v.Active || v.Suspect || !v.Done:
		return false
	case v.Short:
		return true
	case g.fam.src.Format != nil:
		return g.state == Deleted
	case g.live && g.fam.rule.Small:
		return true
	case g.live:
		return false
	case g.state == Moved:
		return now.Sub(g.changed) >= x.cfg.Forget
	case g.state == Deleted:
		return quiet && (g.fam.hasLive() || now.Sub(g.changed) >= x.cfg.Forget)
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
func (x *index) bury(g *generation, v *progress.View, now time.Time) {
	if g.HeadLen() == 0 {
		x.forgetGeneration(g) // nothing is known of it by which it could be found
		return
	}
	gone := now.Sub(g.missing)
	noted := v.GapNoted
	if !noted && gone >= x.cfg.RotateWait && g.fam.hidden == 0 {
		noted = true
		g.NoteGap()
		if n := v.Size - v.Settled.At; n > 0 {
			x.gap(g, v.Settled.At, n, "the file is gone", now)
		}
	}
	if gone >= x.cfg.Forget || g.fam.src.Format != nil && (noted || v.Done) {
		x.forgetGeneration(g)
	}
}

// holdDeleted lets go of deleted files when they keep too much of the disk.
func (x *index) holdDeleted(now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var held []*generation
	var total int64
	for g := range x.generations() {
		if g.state == Deleted && g.Src() != nil {
			held = append(held, g)
			total += g.stat.Blocks
		}
	}
	if total <= x.cfg.DeletedBytes {
		return
	}
	slices.SortFunc(held, func(a, b *generation) int {
		if done := a.Done(); done != b.Done() {
			if done {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.stat.Mtime, b.stat.Mtime)
	})
	for _, g := range held {
		if total <= x.cfg.DeletedBytes {
			return
		}
		total -= g.stat.Blocks
		x.letGo(g, "deleted, and larger than limits.deleted_bytes", now)
	}
}

// letGo closes a file that no name leads to and whose writer may go on in it. The
// caller holds x.mu.
func (x *index) letGo(g *generation, reason string, now time.Time) {
	v := g.View()
	x.close(g, now)
	g.NoteGap()
	x.gap(g, v.Read.At, max(0, v.Size-v.Read.At), reason, now)
}

// lookAtMoved looks at the files that no name leads to: nothing else would see that
// their writers go on, or that they were deleted since.
func (x *index) lookAtMoved(now time.Time) {
	x.mu.Lock()
	var list []*generation
	for g := range x.opened {
		if g.Src() != nil && (g.state == Moved || g.state == Deleted) {
			list = append(list, g)
		}
	}
	x.mu.Unlock()
	for _, g := range list {
		x.statNow(g, now)
		x.lock(func() {
			if g.state == Moved && g.stat.Nlink == 0 {
				g.state = Deleted
			}
		})
	}
}
