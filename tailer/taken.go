package tailer

import (
	"errors"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// A taken is what is to be saved at one time.
type taken struct {
	p         *positions
	fresh     []savedHead
	moves     []moved
	shelvings []*saved.Shelving
	err       error // why not

	changes []saved.Change // in addition to what is on disk, if whole is nil

	whole  *saved.Checkpoint
	gens   []*generation
	loaded []saved.Generation
}

// A savedHead is how much of a generation's head is in a checkpoint.
type savedHead struct {
	gen *generation
	n   int
}

// A moved position is what Source.Settled is told.
type moved struct {
	gen  *generation
	path string
	at   int64
}

// fewGenerations are saved as a whole each time: a checkpoint without a journal is
// what a release before can read.
const fewGenerations = 64

// take takes out what is to be saved: everything, or what has changed.
func (p *positions) take(whole bool, now time.Time) *taken {
	p.x.mu.Lock()
	defer p.x.mu.Unlock()
	k := &taken{p: p}
	k.fresh, k.moves = p.unsaved()
	k.shelvings, k.err = p.shelvings()
	if !whole {
		k.changes = p.changes()
		return k
	}
	k.gens = slices.Collect(p.x.generations())
	k.whole, k.loaded = p.checkpoint(now), p.loadedStates()
	p.x.forgotten = nil
	return k
}

// write writes it. What goes to files of its own goes there before the checkpoint,
// which does not hold it any more.
func (k *taken) write(store *saved.Store, end bool) error {
	err := k.err
	for _, w := range k.shelvings {
		if err == nil {
			err = w.Save(store)
		}
	}
	if err == nil {
		err = k.p.gone.Save(store)
	}
	switch {
	case err != nil:
		store.Forget() // what was taken out for it has to be saved some time
		return err
	case k.whole == nil:
		return store.Append(k.changes)
	}
	journal := !end && len(k.gens)+len(k.loaded) > fewGenerations
	return store.Replace(k.whole, journal, k.p.wholeState(k.gens, k.loaded))
}

// noteSaved notes how writing k went.
func (p *positions) noteSaved(k *taken, err error) {
	p.x.mu.Lock()
	defer p.x.mu.Unlock()
	for _, w := range k.shelvings {
		w.Done(err)
	}
	if err != nil {
		return
	}
	for _, h := range k.fresh {
		h.gen.SavedHead(h.n)
	}
	for _, m := range k.moves {
		m.gen.tailed = m.at
	}
}

// tell tells the sources what is settled for good. It says whether something waited
// for that.
func (k *taken) tell() bool {
	for _, m := range k.moves {
		m.gen.fam.src.Settled(m.path, m.at)
	}
	return len(k.fresh) > 0
}

// unsaved returns the heads that no checkpoint holds yet, and the positions
// that Source.Settled has not been told. The caller holds x.mu.
func (p *positions) unsaved() (fresh []savedHead, moves []moved) {
	for g := range p.x.generations() {
		if n, unsaved := g.UnsavedHead(); unsaved {
			fresh = append(fresh, savedHead{g, n})
		}
		if g.fam.src.Settled == nil {
			continue
		}
		if at := g.View().Settled.At; at != g.tailed {
			moves = append(moves, moved{g, g.path, at})
		}
	}
	return fresh, moves
}

// shelvings prepares what is to be saved of settled small files. The caller
// holds x.mu.
func (p *positions) shelvings() (list []*saved.Shelving, err error) {
	for _, s := range p.x.sources {
		w, e := s.shelf.Write()
		err = errors.Join(err, e)
		if w != nil {
			list = append(list, w)
		}
	}
	return list, err
}

// saveAgain has everything saved anew.
func (p *positions) saveAgain() {
	p.x.mu.Lock()
	defer p.x.mu.Unlock()
	p.gone.SaveAgain()
	for _, s := range p.x.sources {
		s.shelf.SaveAgain()
	}
}

// load takes in what was saved. At rest it writes nothing.
func (p *positions) load(x *index, store *saved.Store, atRest bool) error {
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
	p.others = p.distribute(state)
	p.restoreAll()
	return p.loadShelves()
}

// loadShelves reads what is known of settled small files.
func (p *positions) loadShelves() error {
	for _, s := range p.x.sources {
		if !s.set.HasSmall() {
			continue
		}
		var err error
		if s.shelf, err = saved.LoadShelf(saved.ShelfFile(p.stateDir, s.Name)); err != nil {
			return err
		}
		s.shelf.Move(s.movedFrom, s.Dir)
		for path := range p.loaded[s] {
			s.shelf.Drop(path) // the checkpoint proper knows it as well, and better
		}
	}
	return nil
}
