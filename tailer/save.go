package tailer

import (
	"context"
	"time"
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

// hurry asks for a checkpoint at once.
func (t *Tailer) hurry() {
	t.mu.Lock()
	defer t.mu.Unlock()
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

// save saves what has changed: as a whole, or in addition to what is on disk. At
// the end it is a whole.
func (t *Tailer) save(end bool) {
	t.mu.Lock()
	over := t.dead || !t.dirty.Load() && !t.saveWhole && !(end && t.store.Journaled())
	whole := t.saveWhole
	t.saveWhole = t.saveWhole && over
	t.mu.Unlock()
	if over {
		return
	}
	if whole {
		t.store.Forget()
	}
	t.dirty.Store(false)
	now := time.Now()
	k := t.positions.Take(end || !t.store.Appendable(), now)
	err := k.Write(t.store, end)
	t.positions.NoteSaved(k, err)
	t.lock(func() { t.noteSave(err, now) })
	if err == nil && k.Tell() {
		t.nudge()
	}
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
