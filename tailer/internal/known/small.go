package known

import (
	"path/filepath"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/place"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/reader"
	"github.com/rtcship/rtcship/tailer/internal/rules"
	"github.com/rtcship/rtcship/tailer/internal/saved"
	"github.com/rtcship/rtcship/tailer/internal/small"
)

// listSmall is list for a directory of small files: those that are not settled
// yet, and some of the new ones. more says whether there are further new ones.
func (s *Followed) listSmall(dir string, now time.Time) (found []*Found, more bool, err error) {
	files, more, err := s.Small.List(dir, func(path string) bool { return s.families[path] != nil }, now, s.index.cfg.Forget)
	if err != nil {
		return nil, false, err
	}
	for _, c := range s.Small.Changed() {
		s.takeOff(c, now)
	}
	for path, f := range s.families {
		if filepath.Dir(path) == dir {
			if fl := s.Set.Look(path, rules.Class{Rule: f.Rule, Family: path, Live: true}); fl != nil {
				files = append(files, fl)
			}
		}
	}
	return s.own(files), more, nil
}

// takeOff takes a file off the shelf that has changed after all: one that has grown
// goes on, and one that holds something else is new.
func (s *Followed) takeOff(c small.Change, now time.Time) {
	f := s.family(c.Class)
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	s.Small.TakeOff(c.Class.Family)
	if c.Grown == nil {
		return
	}
	e := c.Grown
	f.revive(&Restored{ // as if the growth had not been seen
		ID: e.ID, Born: now, Read: progress.Restored{Size: e.Size, Settled: reader.Position{Mark: file.Mark{At: e.Size}}, Mtime: e.MTime, Saved: -1},
		Place: place.Place{
			Path: string(e.Path), Key: c.Key, Live: true, State: place.Live, Stat: file.Stat{Key: c.Key, Size: e.Size, Mtime: e.MTime},
			Changed: now, Used: now,
		},
	}, now)
}

// shelve puts the small files that are settled on the shelf. The caller holds
// x.mu.
func (x *Index) shelve(s *Followed, f *Family, now time.Time) {
	if !f.Rule.Small || len(f.gens) != 1 || f.strangers.Waiting() {
		return // what waits may be its file
	}
	g := f.gens[0]
	rests := g.at.Quiet(now) >= x.cfg.RotateWait && (g.at.IsFound() || now.Sub(g.at.Missing) >= x.cfg.RotateWait)
	v, print := g.Look()
	if v.Src != nil || v.Active || !v.Done || !rests || v.Size == 0 || len(v.Gaps) > 0 {
		return
	}
	s.Small.Put(shelved(g, &v, &print, now), saved.Sum{Entries: v.Entries, SettledEntries: v.SettledEntries, Empty: v.Empty, Cuts: v.Cut})
	x.forgetGeneration(g)
	x.forgetLog(f)
}

// shelved is what a shelf keeps of g, a small file that is settled.
func shelved(g *Generation, v *progress.View, print *file.Fingerprint, now time.Time) *saved.Shelved {
	e := &saved.Shelved{Path: saved.Path(g.at.Path), ID: g.HexID(), Size: v.Settled.At, MTime: g.at.Stat.Mtime, Ino: g.at.Key.Ino}
	if n := int(min(v.Settled.At, file.HeadBytes)); n > 0 && print.HeadLen == n {
		e.Head, e.End = saved.Hash(print.Heads[len(print.Heads)-1]), saved.Hash(v.Settled.Hash)
	}
	if !g.at.IsFound() {
		e.Gone = now
	}
	return e
}
