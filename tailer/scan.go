package tailer

import (
	"errors"
	"io/fs"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/known"
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
	for _, s := range t.known.Sources() {
		t.known.Doubt(s, now)
		t.listSource(s, l, now)
	}
	l.files = rules.EachOnce(l.files, (*known.Found).Name)
	for _, s := range t.known.Sources() {
		s.KeepEarly(l.files)
	}
	t.reconcile(l, since, now)
	t.known.LookAtMoved(now)
	for _, s := range t.known.Sources() {
		for f := range s.Families() {
			t.glance()
			t.feed(f, now)
		}
	}
	pending := t.desk.Tidy()
	t.lock(func() { t.pending = pending })
	t.known.HoldDeleted(now)
	t.positions.TidyGone(now)
	t.requestSave()
}

// goOn takes up some more of what the last scan found, and has it read.
func (t *Tailer) goOn(now time.Time) {
	fams := map[*known.Family]bool{}
	for _, fl := range t.backlog.files[:min(openAtOnce, len(t.backlog.files))] {
		fams[fl.Fam] = true
	}
	t.takeUp(now)
	for f := range fams {
		t.known.FinishSome(f)
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

// A listing is what one scan found, in all directories.
type listing struct {
	files []*known.Found
	dirs  map[string]bool // that could be listed
}

// listSource adds what is found in the directories of s to l.
func (t *Tailer) listSource(s *known.Followed, l *listing, now time.Time) {
	fault, missing, some := "", "", false // one below that is not there is nothing unusual
	s.Set.Refresh()
	for _, dir := range s.Set.Dirs() {
		files, more, err := s.List(dir, now, t.glance)
		if more {
			t.lock(func() { t.scanSoon = true })
		}
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
	}
	if !some && fault == "" {
		fault = missing
	}
	if s.Early.Follow(some, now) {
		t.hurry()
	}
	s.NoteFault(fault)
}

// reconcile brings what is known together with the files as they are now.
func (t *Tailer) reconcile(l *listing, since uint64, now time.Time) {
	here, loose := t.known.Reconcile(l.files, l.dirs, since, now)
	t.backlog = backlog{files: t.known.Unknown(loose, t.isDraining(), now), here: here}
	t.takeUp(now)
	t.known.CompareCopies(now)
	for _, f := range t.known.Listed(l.dirs) {
		t.glance()
		for g := range f.Generations() {
			if f.Src.Early.Len() == 0 && !t.isDraining() && g.View().Unsized {
				t.measure(g)
			}
		}
		t.known.Finish(f, now)
	}
}
