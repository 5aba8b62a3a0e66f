package spool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"
)

// retryDelay is how long nothing is written after a failed write. A full disk
// stays full for longer, and each attempt costs system calls.
const retryDelay = 100 * time.Millisecond

// Append writes the messages of b. It blocks while the spool or the disk is
// full, or the disk faulty, until ctx ends or the spool is closed; that is how
// a sender over TCP is slowed down. When it returns nil, the kernel has every
// message, and b.Len is 0. With an error, the last b.Len messages were not
// written.
func (s *Spool) Append(ctx context.Context, b *Batch) error {
	for {
		wait, err := s.offer(b)
		if err == nil || errors.Is(err, ErrClosed) {
			return err
		}
		if err := s.await(ctx, wait); err != nil {
			return err
		}
	}
}

// TryAppend is Append for senders that cannot be slowed down. Instead of
// waiting it returns ErrFull, or the error of the disk, and the last b.Len
// messages were not written.
func (s *Spool) TryAppend(b *Batch) error {
	_, err := s.offer(b)
	return err
}

// await waits for a reason to write again.
func (s *Spool) await(ctx context.Context, room <-chan struct{}) error {
	retry := time.NewTimer(retryDelay)
	defer retry.Stop()
	select {
	case <-room:
	case <-retry.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// offer writes what it can of b, and otherwise says why not and what to wait
// for.
func (s *Spool) offer(b *Batch) (room <-chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, ErrClosed
	case b.Len() == 0:
		return nil, nil
	case s.fault != nil && time.Now().Before(s.retryAt):
		return s.room, s.fault
	case !s.fits(b.Size()):
		return s.room, ErrFull
	}
	if err := s.write(b); err != nil {
		s.fail(err)
		return s.room, err
	}
	s.recovered()
	return nil, nil
}

// fits says whether n more bytes may be written. What does not fit into an
// empty spool is taken all the same, since it never would.
func (s *Spool) fits(n int) bool {
	if s.used == 0 || s.used+int64(n) <= s.cfg.MaxBytes && s.free() >= int64(n) {
		return true
	}
	// The active segment can be deleted only after it is sealed. Without this
	// a spool with one large segment would stay full for ever.
	s.seal()
	// A torn end is passed over by readers when a newer segment is there, for
	// which there may be no room.
	for _, seg := range s.segs {
		if seg.torn > 0 && seg.settled >= seg.size-seg.torn && len(s.segs) == 1 {
			seg.settled = seg.size
			s.others.Go(func() { s.discard(seg) })
		}
	}
	if s.full.IsZero() {
		s.full = time.Now()
		s.log.Warn("spool is full: stream senders are slowed down, datagrams are dropped",
			"bytes", s.used, "max_bytes", s.cfg.MaxBytes, "room_on_disk", s.free())
	}
	return false
}

// write appends b to the active segment. After a failed write that segment is
// sealed: its torn end is skipped by readers, and what was not written goes to
// the next one.
func (s *Spool) write(b *Batch) error {
	if s.active != nil && s.active.size >= s.cfg.SegmentBytes {
		s.seal()
	}
	if s.active == nil {
		if err := s.begin(); err != nil {
			return fmt.Errorf("begin segment: %w", err)
		}
	}
	msgs, size := b.msgs, b.Size()
	n, err := s.active.file.Write(b.rest())
	s.active.size += int64(n)
	s.active.dirty = true
	s.used += int64(n)
	b.wrote(n)
	s.counts.messages += uint64(msgs - b.msgs)
	s.counts.bytes += uint64(size - b.Size())
	if err != nil {
		s.active.torn = int64(n - (size - b.Size()))
		s.seal()
		return fmt.Errorf("write segment: %w", err)
	}
	return nil
}

// mostTaken is how many names of segments are tried that something else has.
const mostTaken = 1000

// begin makes a new active segment.
func (s *Spool) begin() error {
	seg, f, err := s.createNext()
	for i := 0; i < mostTaken && errors.Is(err, fs.ErrExist); i++ {
		seg, f, err = s.createNext()
	}
	if err != nil {
		return err
	}
	header := appendHeader(nil, seg.seq, time.Now())
	if _, err := f.Write(header); err != nil {
		return errors.Join(err, f.Close(), s.remove(seg.path))
	}
	seg.file, seg.size, seg.dirty = f, int64(len(header)), true
	s.segs[filepath.Base(seg.path)] = seg
	s.used += seg.size
	s.active = seg
	return nil
}

func (s *Spool) createNext() (*segment, file, error) {
	seg := &segment{seq: s.nextSeq, path: filepath.Join(s.cfg.Dir, segmentName(s.nextSeq))}
	s.nextSeq++
	f, err := s.create(seg.path)
	return seg, f, err
}

// seal ends the active segment, if there is one. Syncing and closing it is
// left to the goroutine that syncs.
func (s *Spool) seal() {
	seg := s.active
	if seg == nil {
		return
	}
	s.active = nil
	seg.sealed = true
	s.unsynced = append(s.unsynced, seg)
	if seg.settled >= seg.size {
		s.others.Go(func() { s.discard(seg) }) // its last Settled came too early for that
	}
}

// fail notes that a write failed; recovered that one did not.
func (s *Spool) fail(err error) {
	if s.fault == nil {
		s.log.Error("spool cannot be written: stream senders are slowed down, datagrams are dropped", "error", err)
	}
	s.fault = err
	s.retryAt = time.Now().Add(retryDelay)
	s.note(err)
}

func (s *Spool) recovered() {
	if s.fault != nil {
		s.log.Info("spool can be written again")
		s.fault = nil
	}
	if !s.full.IsZero() {
		s.log.Info("spool has room again", "after", time.Since(s.full))
		s.full = time.Time{}
	}
}

// note keeps an error for Status.
func (s *Spool) note(err error) {
	s.counts.faults++
	s.counts.lastFault = err.Error()
	s.counts.lastFaultAt = time.Now()
}
