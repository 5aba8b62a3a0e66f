package tailer

import (
	"encoding/hex"
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/reader"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// asState is what is saved of g. The caller holds x.mu.
func (g *generation) asState() saved.Generation {
	v, print := g.Look()
	s := saved.Generation{
		ID: g.hexID(), Source: g.fam.src.Name, File: saved.Path(g.fam.path), Path: saved.Path(g.path), Live: g.live, Born: g.born,
		Size: v.Size, Settled: v.Settled.At, Clock: v.Settled.Clock, Cut: v.Settled.Cut,
		Written: time.Unix(0, g.written).UTC(), Changed: time.Unix(0, g.stat.Mtime).UTC(), Device: g.key.Dev, Inode: g.key.Ino,
		OnDisk: g.stat.Size, Packed: g.packed, Ended: g.packed != file.Unpacked && v.Ended, Missing: g.missing.Round(0), Lost: v.GapNoted, CopyOf: v.CopyOf,
		Gaps: v.Gaps, Print: saved.Print{Head: print.HeadLen, At: saved.Hash(v.Settled.Hash)},
	}
	for _, h := range print.Heads {
		s.Heads = append(s.Heads, saved.Hash(h))
	}
	for _, m := range print.Marks {
		s.Marks = append(s.Marks, saved.Mark{At: m.At, Hash: saved.Hash(m.Hash)})
	}
	for _, m := range print.Recent[max(0, len(print.Recent)-file.PerRead):] {
		if !g.live && g.missing.IsZero() && !v.Short {
			break // it is found already
		}
		s.Ends = append(s.Ends, saved.Mark{At: m.At, Hash: saved.Hash(m.Hash)})
	}
	return s
}

// restoreGeneration makes the generation that s describes. Where its file is now is
// found out by the first scan.
func restoreGeneration(s *saved.Generation, f *family, now time.Time) (*generation, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	g := newGeneration(f, s.Born)
	_, _ = hex.Decode(g.id[:], []byte(s.ID)) // check has
	g.path = string(s.Path)
	g.key = file.Key{Dev: s.Device, Ino: s.Inode}
	g.packed = s.Packed
	g.stat = file.Stat{Key: g.key, Size: s.OnDisk, Mtime: s.Changed.UnixNano()}
	g.written = s.Written.UnixNano()
	g.state, g.missing = Missing, s.Missing
	if g.missing.IsZero() || g.missing.After(now) {
		g.missing = now
	}
	r := progress.Restored{
		Print: file.Fingerprint{HeadLen: s.Head}, Size: s.Size,
		Settled: reader.Position{Mark: file.Mark{At: s.Settled, Hash: uint64(s.At)}, Clock: s.Clock, Cut: s.Cut},
		Packed:  s.Packed, Ended: s.Ended, CopyOf: s.CopyOf, Lost: s.Lost, Gaps: s.Gaps, Mtime: g.stat.Mtime, Saved: s.Head, Missing: true,
	}
	for _, h := range s.Heads {
		r.Print.Heads = append(r.Print.Heads, uint64(h))
	}
	for _, m := range s.Marks {
		r.Print.Marks = append(r.Print.Marks, file.Mark{At: m.At, Hash: uint64(m.Hash)})
	}
	for _, m := range s.Ends {
		r.Print.Recent = append(r.Print.Recent, file.Mark{At: m.At, Hash: uint64(m.Hash)})
	}
	g.Restore(r, now)
	return g, nil
}

// margin is how much older than the newest settled write of its log a rotated
// file may be that was never seen and is still taken for a new one. A log can
// be written again and settled before the file that was moved away is found.
// What is older was there long ago, and has been put back.
const margin = time.Hour

// A familyState is what a checkpoint says of one log, until a scan asks for it.
type familyState struct {
	log  saved.Log
	gens []saved.Generation
	now  time.Time
}

func (l *familyState) restore(f *family) {
	newest := int64(0)
	if !l.log.Newest.IsZero() && !l.log.Newest.After(l.now) {
		newest = l.log.Newest.UnixNano()
		f.floor = newest - int64(margin)
	}
	f.src.x.readers.Restore(f.settled, newest, l.log.Clock)
	for i := range l.gens {
		if g, err := restoreGeneration(&l.gens[i], f, l.now); err == nil {
			f.gens = append(f.gens, g)
		}
	}
	f.search = l.now
}

// distribute gives the sources what the checkpoint says of them, and returns what
// it says of others. Those may be configured again: a source that was left out
// for a while, perhaps by mistake, must not be sent from its beginning.
func distribute(c *saved.Checkpoint, sources []*source) (others saved.Checkpoint) {
	now := time.Now()
	by := map[string]*source{}
	for _, s := range sources {
		by[s.Name] = s
		s.restore(c.Sources[s.Name], now)
		s.relocate(c)
	}
	others.Sources = map[string]saved.Source{}
	for name, s := range c.Sources {
		if by[name] == nil {
			others.Sources[name] = s
		}
	}
	state := func(source, file string) *familyState {
		s := by[source]
		if s == nil {
			return nil // not followed at present
		}
		if s.loaded[file] == nil {
			s.loaded[file] = &familyState{now: now}
		}
		return s.loaded[file]
	}
	for _, l := range c.Logs {
		if f := state(l.Source, string(l.File)); f != nil {
			f.log = l
			continue
		}
		others.Logs = append(others.Logs, l)
	}
	for _, g := range c.Generations {
		if s := by[g.Source]; s != nil {
			s.set.WasRead(string(g.Path), file.Key{Dev: g.Device, Ino: g.Inode})
		}
		if f := state(g.Source, string(g.File)); f != nil {
			f.gens = append(f.gens, g)
			continue
		}
		others.Generations = append(others.Generations, g)
	}
	return others
}

// checkpoint is what is saved as a whole, without the generations. The caller
// holds x.mu.
func (x *index) checkpoint(now time.Time) *saved.Checkpoint {
	c := &saved.Checkpoint{Saved: now.UTC().Round(0), Sources: maps.Clone(x.others.Sources), Logs: slices.Clone(x.others.Logs)}
	for _, s := range x.sources {
		if !s.first.IsZero() {
			c.Sources[s.Name] = s.asState()
		}
		for _, f := range s.families {
			if l, known := f.asState(); known {
				c.Logs = append(c.Logs, l)
			}
		}
		for path, l := range s.loaded {
			if string(l.log.File) == path {
				c.Logs = append(c.Logs, l.log)
			}
		}
	}
	return c
}

// asState is what is saved of s. The caller holds x.mu.
func (s *source) asState() saved.Source {
	s.savedAs = sourceState{s.first, s.late, len(s.early)}
	return saved.Source{Followed: s.first, Dir: saved.Path(s.Dir), Late: s.late, Early: s.early.state()}
}

// A sourceState is what tells whether a source has to be saved.
type sourceState struct {
	first time.Time
	late  bool
	early int // how many files
}

// isSaved says whether what was saved of s last is good enough. Files that were
// there at first and are decided about by now do no harm there; they are saved
// when they have become half as many. The caller holds x.mu.
func (s *source) isSaved() bool {
	was, n := s.savedAs, len(s.early)
	return was.first.Equal(s.first) && was.late == s.late && n <= was.early && (n > was.early/2 || n == was.early)
}

// asState is what is saved of f, false if there is nothing to save. The caller
// holds x.mu.
func (f *family) asState() (saved.Log, bool) {
	newest, clock := f.src.x.readers.Settled(f.settled)
	f.savedNewest, f.savedClock = newest, clock
	l := saved.Log{Source: f.src.Name, File: saved.Path(f.path), Newest: time.Unix(0, newest).UTC(), Clock: clock}
	return l, newest > 0 || !clock.IsZero()
}

// savedAtOnce is how many generations are encoded at a time while all else waits.
const savedAtOnce = 200

// wholeState are the generations as they are saved, a line each. Between some of
// them everything goes on: what changes meanwhile is saved again.
func (x *index) wholeState(gens []*generation, loaded []saved.Generation) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for some := range slices.Chunk(gens, savedAtOnce) {
			lines := make([]saved.Generation, len(some))
			x.lock(func() {
				for i, g := range some {
					g.TakeUnsaved()
					lines[i] = g.asState()
				}
			})
			for i := range lines {
				if !yield(json.Marshal(&lines[i])) {
					return
				}
			}
		}
		for i := range loaded {
			if !yield(json.Marshal(&loaded[i])) {
				return
			}
		}
	}
}

// loadedStates are generations that no scan has asked for yet, such as those in a
// directory that cannot be listed, and those of sources that are not followed. The
// caller holds x.mu.
func (x *index) loadedStates() (list []saved.Generation) {
	for _, s := range x.sources {
		for _, l := range s.loaded {
			list = append(list, l.gens...)
		}
	}
	return append(list, x.others.Generations...)
}

// changes are what has to be saved since the last time. The caller holds
// x.mu.
func (x *index) changes() (list []saved.Change) {
	for _, s := range x.sources {
		if !s.isSaved() {
			state := s.asState()
			list = append(list, saved.Change{Name: s.Name, Source: &state})
		}
		for _, f := range s.families {
			if newest, clock := x.readers.Settled(f.settled); newest == f.savedNewest && clock.Equal(f.savedClock) {
				continue
			}
			if l, known := f.asState(); known {
				list = append(list, saved.Change{Log: &l})
			}
		}
	}
	for g := range x.generations() {
		if g.TakeUnsaved() {
			state := g.asState()
			list = append(list, saved.Change{Generation: &state})
		}
	}
	list = append(list, x.forgotten...)
	x.forgotten = nil
	return list
}

// forgetGeneration takes g out of its log: nothing more is saved of it. The caller
// holds x.mu.
func (x *index) forgetGeneration(g *generation) {
	g.fam.remove(g)
	x.forgotten = append(x.forgotten, saved.Change{Forgotten: g.hexID()})
	x.changed(false)
}

// forgetLog drops a log of which there is no generation any more. The caller holds
// x.mu.
func (x *index) forgetLog(f *family) {
	delete(f.src.families, f.path)
	x.forgotten = append(x.forgotten, saved.Change{NoLog: &saved.Log{Source: f.src.Name, File: saved.Path(f.path)}})
	x.changed(false)
}
