package resume

import (
	"maps"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/early"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/known"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// distribute gives the sources what the checkpoint says of them, and returns what
// it says of others. Those may be configured again: a source that was left out
// for a while, perhaps by mistake, must not be sent from its beginning.
// from is where the directories were then that have moved.
func (p *Positions) distribute(c *saved.Checkpoint) (others saved.Checkpoint, from map[*known.Followed]string) {
	now, vouched := time.Now(), early.IsVouched(c.Clock, p.Clock())
	from = map[*known.Followed]string{}
	by := map[string]*known.Followed{}
	for _, s := range p.x.Sources() {
		by[s.Name] = s
		p.loaded[s] = map[string]*logState{}
		s.Early.Restore(c.Sources[s.Name], now)
		if !vouched {
			s.Early.Distrust()
		}
		from[s] = relocate(s, c)
	}
	others.Sources = map[string]saved.Source{}
	for name, s := range c.Sources {
		if by[name] == nil {
			others.Sources[name] = s
		}
	}
	state := func(source, file string) *logState {
		s := by[source]
		if s == nil {
			return nil // not followed at present
		}
		if p.loaded[s][file] == nil {
			p.loaded[s][file] = &logState{}
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
	return others, from
}

// restoreAll makes all logs known that a checkpoint says something of and that
// are followed still, so that their files are found wherever they are by now, and
// missed if they are gone.
func (p *Positions) restoreAll() {
	for _, s := range p.x.Sources() {
		for _, path := range slices.Collect(maps.Keys(p.loaded[s])) {
			s.Know(path)
		}
	}
}

// Load takes in what was saved. At rest it writes nothing.
func (p *Positions) Load(x *known.Index, store *saved.Store, atRest bool) error {
	p.x = x
	state, err := store.Load(func(c *saved.Checkpoint) (func(*saved.Generation) bool, error) { return p.loadGone(store, c, atRest) })
	if err != nil {
		return err
	}
	if p.gone == nil { // there is no checkpoint
		if _, err := p.loadGone(store, state, atRest); err != nil {
			return err
		}
	}
	for i := range state.Generations {
		p.gone.Back(state.Generations[i].ID) // saved once more, and later
	}
	p.withoutGone(state)
	others, from := p.distribute(state)
	p.others = others
	if err := p.loadShelves(from); err != nil {
		return err
	}
	p.restoreAll()
	return nil
}

// loadShelves reads what is known of settled small files.
func (p *Positions) loadShelves(from map[*known.Followed]string) error {
	for _, s := range p.x.Sources() {
		if !s.Set.HasSmall() {
			continue
		}
		better := maps.Keys(p.loaded[s]) // what the checkpoint proper knows as well
		if err := s.Small.Load(saved.ShelfFile(p.stateDir, s.Name), from[s], s.Dir, better); err != nil {
			return err
		}
	}
	return nil
}
