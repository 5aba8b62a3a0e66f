package tailer

import (
	"errors"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// A taken is what is to be saved at one time.
type taken struct {
	x         *index
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
func (x *index) take(whole bool, now time.Time) *taken {
	x.mu.Lock()
	defer x.mu.Unlock()
	k := &taken{x: x}
	k.fresh, k.moves = x.unsaved()
	k.shelvings, k.err = x.shelvings()
	if !whole {
		k.changes = x.changes()
		return k
	}
	k.gens = slices.Collect(x.generations())
	k.whole, k.loaded = x.checkpoint(now), x.loadedStates()
	x.forgotten = nil
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
		err = k.x.gone.Save(store)
	}
	switch {
	case err != nil:
		store.Forget() // what was taken out for it has to be saved some time
		return err
	case k.whole == nil:
		return store.Append(k.changes)
	}
	journal := !end && len(k.gens)+len(k.loaded) > fewGenerations
	return store.Replace(k.whole, journal, k.x.wholeState(k.gens, k.loaded))
}

// noteSaved notes how writing k went.
func (x *index) noteSaved(k *taken, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
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
func (x *index) unsaved() (fresh []savedHead, moves []moved) {
	for g := range x.generations() {
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
func (x *index) shelvings() (list []*saved.Shelving, err error) {
	for _, s := range x.sources {
		w, e := s.shelf.Write()
		err = errors.Join(err, e)
		if w != nil {
			list = append(list, w)
		}
	}
	return list, err
}

// saveAgain has everything saved anew.
func (x *index) saveAgain() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.gone.SaveAgain()
	for _, s := range x.sources {
		s.shelf.SaveAgain()
	}
}

// load takes in what was saved. At rest it writes nothing.
func (x *index) load(store *saved.Store, atRest bool) error {
	state, err := store.Load(func(c *saved.Checkpoint) (func(*saved.Generation) bool, error) { return x.loadGone(store, c, atRest) })
	if err != nil {
		return err
	}
	if x.gone == nil { // there is no checkpoint
		if _, err := x.loadGone(store, state, atRest); err != nil {
			return err
		}
	}
	for i := range state.Generations {
		x.gone.Back(state.Generations[i].ID) // saved once more, and later
	}
	x.withoutGone(state)
	x.others = distribute(state, x.sources)
	for _, s := range x.sources {
		s.restoreAll()
	}
	return x.loadShelves()
}
