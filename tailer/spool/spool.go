// Package spool keeps received messages on disk until they are settled.
//
// Syslog has no acknowledgement: what a listener has read, nobody else has any
// more. So it is first written to a segment file, and everything after that
// reads the file. Segments are append-only, are followed like any other log by
// package tailer, which decodes them with Format, and are deleted once
// everything in them is settled.
//
// A message is in the kernel's hands when Append returns, so a killed process
// loses none; an fsync by interval bounds what a killed machine loses. What a
// crash left at the end of a segment is told by checksums.
package spool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Errors of Append and TryAppend.
var (
	// ErrFull means that the spool holds as much as it may.
	ErrFull = errors.New("spool is full")
	// ErrClosed means that the spool was closed.
	ErrClosed = errors.New("spool is closed")
)

// Defaults of Config.
const (
	defaultMaxBytes     = 1 << 30
	defaultSegmentBytes = 16 << 20
	defaultFsync        = time.Second
)

// Config configures Open. Zero values mean the default.
type Config struct {
	Dir          string        // made if it does not exist
	MaxBytes     int64         // on disk, all segments together; 1 GiB
	SegmentBytes int64         // after which a new segment is begun; 16 MiB, at most an eighth of MaxBytes
	Fsync        time.Duration // how often written segments are synced to disk; 1 s
	Logger       *slog.Logger  // nothing is logged when nil
}

func (c Config) withDefaults() Config {
	if c.MaxBytes <= 0 {
		c.MaxBytes = defaultMaxBytes
	}
	if c.SegmentBytes <= 0 {
		c.SegmentBytes = defaultSegmentBytes
	}
	// Only whole segments are given back. With a few of them at least, a full
	// spool takes messages again long before all of it is settled.
	c.SegmentBytes = min(c.SegmentBytes, max(c.MaxBytes/8, 4<<10))
	if c.Fsync <= 0 {
		c.Fsync = defaultFsync
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// A Spool is an append-only store of messages. All methods are safe for
// concurrent use.
type Spool struct {
	log    *slog.Logger
	create func(path string) (file, error) // replaced in tests
	remove func(path string) error         // replaced in tests
	free   func() int64                    // bytes that may still be written to the disk; replaced in tests
	dir    *os.File                        // for free
	stop   chan struct{}                   // closed by Close
	others sync.WaitGroup                  // the goroutine that syncs, and those that delete; none outlives Close
	retune chan struct{}                   // tells it of a new interval

	mu       sync.Mutex
	cfg      Config
	segs     map[string]*segment // by file name; those on disk
	active   *segment            // nil until the next append needs one
	unsynced []*segment          // sealed, but not synced and closed yet
	nextSeq  uint64
	used     int64         // bytes of all segments
	room     chan struct{} // closed, and replaced, when space or a fault goes away
	full     time.Time     // since when appends are refused; zero if they are not
	fault    error         // why the last write failed; nil if it did not
	retryAt  time.Time     // with fault: no write is tried before
	closed   bool
	counts   counters
}

// counters are the parts of Status that only grow.
type counters struct {
	messages, bytes  uint64
	torn, faults     uint64
	damages, damaged uint64 // places, and bytes in them
	lastDamage       *Damage
	lastFault        string
	lastFaultAt      time.Time
	lastSync         time.Time
}

// Open opens the spool in cfg.Dir. Bytes that a crash left at the end of the
// newest segment, and that are no entry, are cut off and counted. No old
// segment is written to again, so each of them is final.
//
// The directory must not be used by another process.
func Open(cfg Config) (*Spool, error) { return OpenContext(context.Background(), cfg) }

// OpenContext is Open, and ends early, with the reason, when ctx ends. The
// directory is then as it was.
func OpenContext(ctx context.Context, cfg Config) (*Spool, error) {
	cfg = cfg.withDefaults()
	s := &Spool{
		log: cfg.Logger, cfg: cfg,
		create: createSegment, remove: os.Remove,
		stop: make(chan struct{}), retune: make(chan struct{}, 1),
		room: make(chan struct{}),
		segs: make(map[string]*segment),
	}
	if err := s.load(ctx); err != nil {
		if s.dir != nil {
			err = errors.Join(err, s.dir.Close())
		}
		return nil, fmt.Errorf("open spool: %w", err)
	}
	s.others.Go(s.syncLoop)
	return s, nil
}

// load finds the segments that earlier processes left.
func (s *Spool) load(ctx context.Context) error {
	if err := os.MkdirAll(s.cfg.Dir, 0o700); err != nil {
		return err
	}
	segs, err := listSegments(s.cfg.Dir)
	if err != nil {
		return err
	}
	if s.dir, err = os.Open(s.cfg.Dir); err != nil {
		return err
	}
	s.free = freeOn(s.dir)
	for i, seg := range segs {
		s.nextSeq = max(s.nextSeq, seg.seq+1)
		if i == len(segs)-1 {
			if err := s.recover(ctx, seg); err != nil {
				return fmt.Errorf("check %s: %w", filepath.Base(seg.path), err)
			}
		}
		if seg.gone {
			continue
		}
		s.segs[filepath.Base(seg.path)] = seg
		s.used += seg.size
	}
	return nil
}

// SetLimits changes the limit on bytes and the interval between syncs, as a
// reloaded configuration asks for. Zero values mean the default.
func (s *Spool) SetLimits(maxBytes int64, fsync time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cfg := s.cfg
	cfg.MaxBytes, cfg.Fsync, cfg.SegmentBytes = maxBytes, fsync, 0
	s.cfg = cfg.withDefaults()
	s.makeRoom()
	select {
	case s.retune <- struct{}{}:
	default:
	}
}

// Dir returns the directory of the segments, each of which is a file whose
// name ends in Suffix.
func (s *Spool) Dir() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg.Dir
}

// Settled tells the spool that everything before offset in the segment at path
// is settled. A segment that is settled to its end, and will not be written to
// again, is deleted. The path of a file that is no segment is ignored.
func (s *Spool) Settled(path string, offset int64) {
	s.mu.Lock()
	seg := s.segs[filepath.Base(path)]
	if seg != nil {
		seg.settled = offset
	}
	s.mu.Unlock()
	if seg != nil {
		s.discard(seg)
	}
}

// discard deletes seg if it is sealed and settled. The file is deleted without
// the lock, since that can take long on a busy disk.
func (s *Spool) discard(seg *segment) {
	s.mu.Lock()
	ripe := seg.sealed && !seg.gone && seg.settled >= seg.size
	seg.gone = seg.gone || ripe
	s.mu.Unlock()
	if !ripe {
		return
	}
	err := s.remove(seg.path)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		seg.gone, seg.left = false, true
		s.note(fmt.Errorf("delete segment: %w", err))
		return
	}
	delete(s.segs, filepath.Base(seg.path))
	s.used -= seg.size
	s.makeRoom()
}

// discardAgain deletes the segments that could not be deleted before. Nobody
// else would ask for that again: their last offset has been told. While the spool is
// full, those that somebody else has deleted are given up as well.
func (s *Spool) discardAgain() {
	s.mu.Lock()
	var left []*segment
	for _, seg := range s.segs {
		taken := !s.full.IsZero() && seg.sealed && isGone(seg.path)
		if taken {
			seg.settled = seg.size
		}
		if seg.left || taken {
			left = append(left, seg)
		}
	}
	s.mu.Unlock()
	for _, seg := range left {
		s.discard(seg)
	}
}

func isGone(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, os.ErrNotExist)
}

// Restore sees to it that what is received is found after a restart although
// somebody has emptied the directory: the segment that is written to is ended if
// it has no name any more.
func (s *Spool) Restore() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.MkdirAll(s.cfg.Dir, 0o700); err != nil {
		return fmt.Errorf("make spool directory: %w", err)
	}
	if s.active == nil {
		return nil
	}
	if isGone(s.active.path) {
		s.seal()
	}
	return nil
}

// makeRoom wakes those who wait for space. The lock is held.
func (s *Spool) makeRoom() {
	close(s.room)
	s.room = make(chan struct{})
}

// Close syncs and closes the spool. Appends that wait return ErrClosed.
func (s *Spool) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.seal()
	s.makeRoom()
	s.mu.Unlock()
	close(s.stop)
	s.others.Wait()
	return errors.Join(s.sync(), s.dir.Close())
}
