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
	"github.com/rtcship/rtcship/tailer/internal/rules"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// stateOf is what is saved of g. The caller holds x.mu.
func stateOf(g *generation) saved.Generation {
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
func (p *positions) distribute(c *saved.Checkpoint) (others saved.Checkpoint) {
	now := time.Now()
	by := map[string]*source{}
	for _, s := range p.x.sources {
		by[s.Name] = s
		p.loaded[s] = map[string]*familyState{}
		restoreSource(s, c.Sources[s.Name], now)
		relocate(s, c)
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
		if p.loaded[s][file] == nil {
			p.loaded[s][file] = &familyState{now: now}
		}
		return p.loaded[s][file]
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
func (p *positions) checkpoint(now time.Time) *saved.Checkpoint {
	c := &saved.Checkpoint{Saved: now.UTC().Round(0), Sources: maps.Clone(p.others.Sources), Logs: slices.Clone(p.others.Logs)}
	for _, s := range p.x.sources {
		if !s.first.IsZero() {
			c.Sources[s.Name] = sourceState(s)
		}
		for _, f := range s.families {
			if l, known := logState(f); known {
				c.Logs = append(c.Logs, l)
			}
		}
		for path, l := range p.loaded[s] {
			if string(l.log.File) == path {
				c.Logs = append(c.Logs, l.log)
			}
		}
	}
	return c
}

// sourceState is what is saved of s. The caller holds x.mu.
func sourceState(s *source) saved.Source {
	s.savedAs = savedAs{s.first, s.late, len(s.early)}
	return saved.Source{Followed: s.first, Dir: saved.Path(s.Dir), Late: s.late, Early: s.early.state()}
}

// A savedAs is what tells whether a source has to be saved.
type savedAs struct {
	first time.Time
	late  bool
	early int // how many files
}

// isSaved says whether what was saved of s last is good enough. Files that were
// there at first and are decided about by now do no harm there; they are saved
// when they have become half as many. The caller holds x.mu.
func isSaved(s *source) bool {
	was, n := s.savedAs, len(s.early)
	return was.first.Equal(s.first) && was.late == s.late && n <= was.early && (n > was.early/2 || n == was.early)
}

// logState is what is saved of f, false if there is nothing to save. The caller
// holds x.mu.
func logState(f *family) (saved.Log, bool) {
	newest, clock := f.src.x.readers.Settled(f.settled)
	f.savedNewest, f.savedClock = newest, clock
	l := saved.Log{Source: f.src.Name, File: saved.Path(f.path), Newest: time.Unix(0, newest).UTC(), Clock: clock}
	return l, newest > 0 || !clock.IsZero()
}

// savedAtOnce is how many generations are encoded at a time while all else waits.
const savedAtOnce = 200

// wholeState are the generations as they are saved, a line each. Between some of
// them everything goes on: what changes meanwhile is saved again.
func (p *positions) wholeState(gens []*generation, loaded []saved.Generation) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for some := range slices.Chunk(gens, savedAtOnce) {
			lines := make([]saved.Generation, len(some))
			p.x.lock(func() {
				for i, g := range some {
					g.TakeUnsaved()
					lines[i] = stateOf(g)
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
func (p *positions) loadedStates() (list []saved.Generation) {
	for _, s := range p.x.sources {
		for _, l := range p.loaded[s] {
			list = append(list, l.gens...)
		}
	}
	return append(list, p.others.Generations...)
}

// changes are what has to be saved since the last time. The caller holds
// x.mu.
func (p *positions) changes() (list []saved.Change) {
	for _, s := range p.x.sources {
		if !isSaved(s) {
			state := sourceState(s)
			list = append(list, saved.Change{Name: s.Name, Source: &state})
		}
		for _, f := range s.families {
			if newest, clock := p.x.readers.Settled(f.settled); newest == f.savedNewest && clock.Equal(f.savedClock) {
				continue
			}
			if l, known := logState(f); known {
				list = append(list, saved.Change{Log: &l})
			}
		}
	}
	for g := range p.x.generations() {
		if g.TakeUnsaved() {
			state := stateOf(g)
			list = append(list, saved.Change{Generation: &state})
		}
	}
	list = append(list, p.x.forgotten...)
	p.x.forgotten = nil
	return list
}

// restoreAll makes all logs known that a checkpoint says something of and that
// are followed still, so that their files are found wherever they are by now, and
// missed if they are gone.
func (p *positions) restoreAll() {
	for s, logs := range p.loaded {
		for path := range logs {
			if r := s.set.RuleOf(path); r != nil {
				s.family(rules.Class{Rule: r, Family: path})
			}
		}
	}
}
