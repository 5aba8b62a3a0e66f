package resume

import (
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/known"
	"github.com/rtcship/rtcship/tailer/internal/saved"
	"github.com/rtcship/rtcship/tailer/internal/small"
)

// A Taken is what is to be saved at one time.
type Taken struct {
	p         *Positions
	fresh     []savedHead
	moves     []moved
	tailed    map[*known.Generation]int64 // see Positions
	shelvings []*small.Shelving
	back      int   // bytes of what saved.Gone says of those that are known again
	err       error // why not

	changes []saved.Change // in addition to what is on disk, if whole is nil

	whole  *saved.Checkpoint
	gens   []*known.Generation
	loaded []saved.Generation
}

// A savedHead is how much of a generation's head is in a checkpoint.
type savedHead struct {
	gen *known.Generation
	n   int
}

// A moved position is what Source.Settled is told.
type moved struct {
	source *known.Followed
	path   string
	at     int64
}

// checkpoint is what is saved as a whole, without the generations.
func (p *Positions) checkpoint(l known.Locked, now time.Time) *saved.Checkpoint {
	c := &saved.Checkpoint{Saved: now.UTC().Round(0), Clock: p.Clock(), Sources: maps.Clone(p.others.Sources), Logs: slices.Clone(p.others.Logs)}
	for _, s := range p.x.Sources() {
		if state, ok := sourceState(s); ok {
			c.Sources[s.Name] = state
		}
		for path, l := range p.loaded[s] {
			if string(l.log.File) == path {
				c.Logs = append(c.Logs, l.log)
			}
		}
	}
	for f := range l.Logs() {
		newest, clock := l.Settled(f)
		if log, is := savedLog(f, newest, clock); is {
			c.Logs = append(c.Logs, log)
		}
	}
	return c
}

// wholeState are the generations as they are saved, a line each. Between some of
// them everything goes on: what changes meanwhile is saved again.
func (p *Positions) wholeState(gens []*known.Generation, loaded []saved.Generation) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for some := range slices.Chunk(gens, savedAtOnce) {
			lines := make([]saved.Generation, len(some))
			p.x.Do(func(l known.Locked) {
				for i, g := range some {
					lines[i] = stateOf(l.Look(g))
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
// directory that cannot be listed, and those of sources that are not followed.
func (p *Positions) loadedStates() (list []saved.Generation) {
	for _, s := range p.x.Sources() {
		for _, l := range p.loaded[s] {
			list = append(list, l.gens...)
		}
	}
	return append(list, p.others.Generations...)
}

// changes are what has to be saved since the last time, gens and logs among it. What is
// forgotten comes first: it may have been put away, and found again since.
func (p *Positions) changes(l known.Locked, gens []*known.Generation, logs []*known.Family) []saved.Change {
	list := l.TakeForgotten()
	for _, s := range p.x.Sources() {
		if s.Early.IsSaved() {
			continue
		}
		if state, ok := sourceState(s); ok {
			list = append(list, saved.Change{Name: s.Name, Source: &state})
		}
	}
	for _, f := range logs {
		newest, clock := l.Settled(f)
		if log, is := savedLog(f, newest, clock); is {
			list = append(list, saved.Change{Log: &log})
		}
	}
	for _, g := range gens {
		state := stateOf(l.Look(g))
		list = append(list, saved.Change{Generation: &state})
	}
	return list
}

// FewGenerations are saved as a whole each time: a checkpoint without a journal is
// what a release before can read.
const FewGenerations = 64

// Take takes out what is to be saved: everything, or what has changed.
func (p *Positions) Take(whole bool, now time.Time) *Taken {
	k := &Taken{p: p}
	p.x.Do(func(l known.Locked) { k.collect(l, whole, now) })
	return k
}

// collect is Take while nothing changes.
func (k *Taken) collect(l known.Locked, whole bool, now time.Time) {
	p := k.p
	p.mu.Lock()
	defer p.mu.Unlock()
	gens, logs := l.TakeUnsaved()
	k.back = p.gone.Unconfirmed()
	k.shelvings, k.err = p.shelvings()
	if !whole {
		k.unsaved(gens)
		k.changes = p.changes(l, gens, logs)
		return
	}
	k.gens = slices.Collect(l.Generations())
	k.unsaved(k.gens)
	k.whole, k.loaded = p.checkpoint(l, now), p.loadedStates()
	l.TakeForgotten() // a whole has nothing of them
}

// Write writes it. What goes to files of its own goes there before the checkpoint,
// which does not hold it any more.
func (k *Taken) Write(store *saved.Store, end bool) error {
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
	journal := !end && len(k.gens)+len(k.loaded) > FewGenerations
	return store.Replace(k.whole, journal, k.p.wholeState(k.gens, k.loaded))
}

// NoteSaved notes how writing k went.
func (p *Positions) NoteSaved(k *Taken, err error) {
	for _, w := range k.shelvings {
		w.Done(err)
	}
	if err != nil {
		return
	}
	if k.whole != nil {
		clear(p.tailed) // what is not among them any more is gone
	}
	maps.Copy(p.tailed, k.tailed)
	p.gone.Confirm(k.back)
	for _, h := range k.fresh {
		h.gen.SavedHead(h.n)
	}
}

// Tell tells the sources what is settled for good. It says whether something waited
// for that.
func (k *Taken) Tell() bool {
	for _, m := range k.moves {
		m.source.Settled(m.path, m.at)
	}
	return len(k.fresh) > 0
}

// unsaved finds the heads that no checkpoint holds yet, and the positions that
// Source.Settled has not been told, of gens: all, or those that have changed.
func (k *Taken) unsaved(gens []*known.Generation) {
	k.tailed = map[*known.Generation]int64{}
	for _, g := range gens {
		if n, unsaved := g.UnsavedHead(); unsaved {
			k.fresh = append(k.fresh, savedHead{g, n})
		}
		s := g.Family().Src
		if s.Settled == nil {
			continue
		}
		at := g.View().Settled.At
		if k.tailed[g] = at; at != k.p.tailed[g] {
			k.moves = append(k.moves, moved{s, g.Path(), at})
		}
	}
}

// shelvings prepares what is to be saved of settled small files.
func (p *Positions) shelvings() (list []*small.Shelving, err error) {
	for _, s := range p.x.Sources() {
		w, e := s.Small.Write()
		err = errors.Join(err, e)
		if w != nil {
			list = append(list, w)
		}
	}
	return list, err
}

// SaveAgain has everything saved anew.
func (p *Positions) SaveAgain() {
	p.gone.SaveAgain()
	for _, s := range p.x.Sources() {
		s.Small.SaveAgain()
	}
}
