package tailer

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// saver saves a checkpoint when something has changed, at most once per
// Config.Save.
func (t *Tailer) saver(ctx context.Context) {
	var last time.Time
	for {
		select {
		case <-t.saveReq:
		case <-ctx.Done():
			return
		}
		if !last.IsZero() {
			t.pauseSaver(ctx, t.cfg.Save-time.Since(last))
		}
		t.save(false)
		last = time.Now()
	}
}

// pauseSaver waits, but not while a log's new file is held up by its checkpoint,
// nor while draining.
func (t *Tailer) pauseSaver(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.urgent:
	case <-t.drain:
	case <-ctx.Done():
	}
}

// hurry asks for a checkpoint at once. The caller holds t.mu.
func (t *Tailer) hurry() {
	t.changed(false)
	if t.saveErr != nil {
		return // it is tried again with each scan
	}
	for _, c := range []chan struct{}{t.saveReq, t.urgent} {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// requestSave asks for a checkpoint if something has changed.
func (t *Tailer) requestSave() {
	if t.dirty.Load() {
		t.changed(true)
	}
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

// save saves what has changed: as a whole, or in addition to what is on disk. At
// the end it is a whole.
func (t *Tailer) save(end bool) {
	t.mu.Lock()
	if t.dead || !t.dirty.Load() && !(end && t.store.Journaled()) {
		t.mu.Unlock()
		return
	}
	t.dirty.Store(false)
	now := time.Now()
	fresh, moves := t.unsaved()
	shelvings, err := t.shelvings()
	write := t.takeOut(end, now)
	t.mu.Unlock()
	for _, w := range shelvings { // before the checkpoint, which does not hold those files any more
		if err == nil {
			err = w.Save(t.store)
		}
	}
	if err == nil {
		err = t.gone.Save(t.store)
	}
	if err == nil {
		err = write()
	} else {
		t.store.Forget() // what was taken out for it has to be saved some time
	}
	t.mu.Lock()
	for _, w := range shelvings {
		w.Done(err)
	}
	t.noteSave(err, now)
	if err == nil {
		for _, h := range fresh {
			h.gen.SavedHead(h.n)
		}
		for _, m := range moves {
			m.gen.tailed = m.at
		}
	}
	t.mu.Unlock()
	if err != nil {
		return
	}
	for _, m := range moves {
		m.gen.fam.src.Settled(m.path, m.at)
	}
	if len(fresh) > 0 {
		t.nudge()
	}
}

// takeOut takes out what is to be saved, and returns what writes it. The caller
// holds t.mu now and not then.
func (t *Tailer) takeOut(end bool, now time.Time) (write func() error) {
	if t.saveWhole {
		t.saveWhole = false
		t.store.Forget()
	}
	if !end && t.store.Appendable() {
		changes := t.changes()
		return func() error { return t.store.Append(changes) }
	}
	gens := slices.Collect(t.generations())
	c, loaded := t.checkpoint(now), t.loadedStates()
	t.forgotten = nil
	journal := !end && len(gens)+len(loaded) > fewGenerations
	return func() error { return t.store.Replace(c, journal, t.wholeState(gens, loaded)) }
}

// A savedHead is how much of a generation's head is in a checkpoint.
type savedHead struct {
	gen *generation
	n   int
}

// unsaved returns the heads that no checkpoint holds yet, and the positions
// that Source.Settled has not been told. The caller holds t.mu.
func (t *Tailer) unsaved() (fresh []savedHead, moves []moved) {
	for g := range t.generations() {
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
// holds t.mu.
func (t *Tailer) shelvings() (list []*saved.Shelving, err error) {
	for _, s := range t.sources {
		w, e := s.shelf.Write()
		err = errors.Join(err, e)
		if w != nil {
			list = append(list, w)
		}
	}
	return list, err
}

// noteSave notes how saving went. Without a checkpoint everything goes on; only
// new generations have to wait for one. The caller holds t.mu.
func (t *Tailer) noteSave(err error, now time.Time) {
	switch {
	case err != nil:
		t.changed(false)
		if t.saveErr == nil {
			t.log.Error("checkpoint cannot be saved", "error", err)
		}
	default:
		if t.saveErr != nil {
			t.log.Info("checkpoint can be saved again")
		}
		t.saved = now
	}
	t.saveErr = err
	t.readers.SetUnsavable(err != nil)
}
