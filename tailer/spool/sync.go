package spool

import (
	"errors"
	"fmt"
	"time"
)

// syncLoop syncs what was written, once per interval, until the spool is
// closed. It deletes settled segments that could not be deleted before, too.
func (s *Spool) syncLoop() {
	for {
		timer := time.NewTimer(s.interval())
		select {
		case <-timer.C:
			// The error is in Status, and the next round tries again.
			_ = s.sync()
			s.discardAgain()
		case <-s.retune:
		case <-s.stop:
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

func (s *Spool) interval() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg.Fsync
}

// sync syncs every segment that was written to, and closes the sealed ones.
// Only the goroutine of syncLoop calls it, and Close after that has ended; so
// no file is closed under it.
func (s *Spool) sync() error {
	s.mu.Lock()
	sealed := s.unsynced
	s.unsynced = nil
	active := s.active
	s.mu.Unlock()

	var errs []error
	for _, seg := range sealed {
		errs = append(errs, s.syncSegment(seg), seg.file.Close())
	}
	if active != nil {
		errs = append(errs, s.syncSegment(active))
	}
	err := errors.Join(errs...)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		err = fmt.Errorf("sync segment: %w", err)
		s.log.Error("spool cannot be synced: a crash of the machine may lose messages", "error", err)
		s.note(err)
		return err
	}
	s.counts.lastSync = time.Now()
	return nil
}

// syncSegment syncs seg unless it is clean, or settled and deleted already.
func (s *Spool) syncSegment(seg *segment) error {
	s.mu.Lock()
	needed := seg.dirty && !seg.gone
	seg.dirty = false
	s.mu.Unlock()
	if !needed {
		return nil
	}
	if err := seg.file.Sync(); err != nil {
		s.mu.Lock()
		seg.dirty = true
		s.mu.Unlock()
		return err
	}
	return nil
}
