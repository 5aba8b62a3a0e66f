package resume

import (
	"maps"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/known"
	"github.com/rtcship/rtcship/tailer/internal/rules"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// distribute gives the sources what the checkpoint says of them, and returns what
// it says of others. Those may be configured again: a source that was left out
// for a while, perhaps by mistake, must not be sent from its beginning.
func (p *Positions) distribute(c *saved.Checkpoint) (others saved.Checkpoint) {
	now := time.Now()
	by := map[string]*known.Followed{}
	for _, s := range p.x.Sources {
		by[s.Name] = s
		p.loaded[s] = map[string]*familyState{}
		s.Early.Restore(c.Sources[s.Name], now)
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
			s.Set.WasRead(string(g.Path), file.Key{Dev: g.Device, Ino: g.Inode})
		}
		if f := state(g.Source, string(g.File)); f != nil {
			f.gens = append(f.gens, g)
			continue
		}
		others.Generations = append(others.Generations, g)
	}
	return others
}

// restoreAll makes all logs known that a checkpoint says something of and that
// are followed still, so that their files are found wherever they are by now, and
// missed if they are gone.
func (p *Positions) restoreAll() {
	for s, logs := range p.loaded {
		for path := range logs {
			if r := s.Set.RuleOf(path); r != nil {
				s.Family(rules.Class{Rule: r, Family: path})
			}
		}
	}
}

// RestoreLog makes known what is saved of a log.
func (p *Positions) RestoreLog(f *known.Family) {
	s := f.Src
	if l := p.loaded[s][f.Path]; l != nil {
		l.restore(f)
		delete(p.loaded[s], f.Path)
		return
	}
	if newest, known := p.Gone.Log(s.Name, saved.Path(f.Path)); known && newest > 0 {
		(&familyState{log: saved.Log{Newest: time.Unix(0, newest)}, now: time.Now()}).restore(f)
	}
}

// Load takes in what was saved. At rest it writes nothing.
func (p *Positions) Load(x *known.Index, store *saved.Store, atRest bool) error {
	p.x = x
	state, err := store.Load(func(c *saved.Checkpoint) (func(*saved.Generation) bool, error) { return p.loadGone(store, c, atRest) })
	if err != nil {
		return err
	}
	if p.Gone == nil { // there is no checkpoint
		if _, err := p.loadGone(store, state, atRest); err != nil {
			return err
		}
	}
	for i := range state.Generations {
		p.Gone.Back(state.Generations[i].ID) // saved once more, and later
	}
	p.withoutGone(state)
	p.others = p.distribute(state)
	p.restoreAll()
	return p.loadShelves()
}

// loadShelves reads what is known of settled small files.
func (p *Positions) loadShelves() error {
	for _, s := range p.x.Sources {
		if !s.Set.HasSmall() {
			continue
		}
		better := maps.Keys(p.loaded[s]) // what the checkpoint proper knows as well
		if err := s.Small.Load(saved.ShelfFile(p.stateDir, s.Name), s.MovedFrom, s.Dir, better); err != nil {
			return err
		}
	}
	return nil
}
