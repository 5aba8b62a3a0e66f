package spool

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// A disk makes files that fail when it is full, as a real one does: with a
// part of the bytes written.
type disk struct {
	mu    sync.Mutex
	room  int // bytes; less than 0 is no bound
	fail  error
	syncs int
}

func (d *disk) set(room int, syncErr error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room, d.fail = room, syncErr
}

func (d *disk) create(path string) (file, error) {
	f, err := createSegment(path)
	return &diskFile{f, d}, err
}

type diskFile struct {
	file
	d *disk
}

func (f *diskFile) Write(p []byte) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if f.d.room < 0 || f.d.room >= len(p) {
		n, err := f.file.Write(p)
		if f.d.room >= 0 {
			f.d.room -= n
		}
		return n, err
	}
	n, err := f.file.Write(p[:f.d.room])
	f.d.room = 0
	return n, errors.Join(err, syscall.ENOSPC)
}

func (f *diskFile) Sync() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.d.syncs++
	return f.d.fail
}

// The spool leaves some of the disk to the checkpoints that its segments wait
// for. It is full before that, and has room again when segments go.
func TestSpoolLeavesRoomOnTheDisk(t *testing.T) {
	s := openSpool(t, Config{Dir: t.TempDir()})
	defer s.Close()
	s.free = func() int64 { return 100<<10 - s.used }
	put := func() error {
		var b Batch
		b.Add(Message{Text: make([]byte, 1<<10)})
		return s.TryAppend(&b)
	}
	n := 0
	for ; put() == nil; n++ {
	}
	if st := s.Status(); n < 90 || n > 100 || st.FullSince.IsZero() || st.Fault != "" {
		t.Fatalf("full after %d messages: %+v", n, st)
	}
	if err := put(); !errors.Is(err, ErrFull) {
		t.Fatal(err)
	}
	for _, seg := range paths(t, s.Dir()) {
		info, err := os.Stat(seg)
		if err != nil {
			t.Fatal(err)
		}
		s.Settled(seg, info.Size())
	}
	if err := put(); err != nil {
		t.Errorf("no room after all is settled: %v", err)
	}
	s.free = func() int64 { return -1 }
	for _, seg := range paths(t, s.Dir()) {
		s.Settled(seg, 1<<20)
	}
	_ = put() // full: the segment is sealed, and goes
	for end := time.Now().Add(30 * time.Second); s.Status().Bytes > 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if err := put(); err != nil {
		t.Errorf("an empty spool takes nothing where others have filled the disk: %v", err)
	}
}

// Wherever in a write the disk becomes full, each message is there once, and
// those that could not be written are known.
func TestDiskFullAnywhere(t *testing.T) {
	synctest.Test(t, diskFullAnywhere) // the waits between attempts take no time
}

func diskFullAnywhere(t *testing.T) {
	dir := t.TempDir()
	s := openSpool(t, Config{Dir: dir, SegmentBytes: 4 << 10})
	d := &disk{room: -1}
	defer s.Close()
	s.create = d.create
	next := 0
	for range 200 {
		d.set(rand.IntN(1500), nil)
		var b Batch
		first := next
		for range 20 {
			b.Add(message(next))
			next++
		}
		if s.TryAppend(&b) == nil {
			continue
		}
		if b.Len() == 0 {
			t.Fatal("failed, but nothing is left to write")
		}
		if st := s.Status(); st.Fault == "" || st.Messages != uint64(next-b.Len()) {
			t.Fatalf("status %+v after %d messages, %d of them left", st, next, b.Len())
		}
		d.set(-1, nil)
		waitFor(t, func() bool { return s.TryAppend(&b) == nil })
		if b.Len() != 0 {
			t.Fatalf("messages from %d on: %d left", first, b.Len())
		}
	}
	msgs, _ := readAll(t, dir)
	wantMessages(t, msgs, 0, next)
}

// What stands behind a torn entry is not kept waiting for the rest of it: it
// comes in a segment of its own.
func TestFailedWriteEndsItsSegment(t *testing.T) {
	dir := t.TempDir()
	s := openSpool(t, Config{Dir: dir})
	d := &disk{room: 100}
	s.create = d.create
	var b Batch
	b.Add(message(0))
	b.Add(message(96))
	if err := s.TryAppend(&b); err == nil {
		t.Fatal("no error")
	}
	d.set(-1, nil)
	waitFor(t, func() bool { return s.TryAppend(&b) == nil })
	if n := len(paths(t, dir)); n != 2 {
		t.Errorf("%d segments, want 2", n)
	}
}

// A segment with a torn end that nobody can pass over, since there is no room
// for a newer one, does not keep the spool full for ever.
func TestTornSegmentMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := openSpool(t, Config{Dir: dir, MaxBytes: 8 << 10})
		defer s.Close()
		d := &disk{room: 4 << 10}
		s.create = d.create
		var b Batch
		b.Add(message(0))
		b.Add(Message{Text: make([]byte, 7<<10), Received: noon})
		if err := s.TryAppend(&b); err == nil || b.Len() != 1 {
			t.Fatalf("%v, %d messages left", err, b.Len())
		}
		d.set(-1, nil)
		time.Sleep(time.Second)
		if err := s.TryAppend(&b); !errors.Is(err, ErrFull) {
			t.Fatal(err)
		}
		m := message(0)
		s.Settled(paths(t, dir)[0], int64(headerSize+len(appendEntry(nil, &m))))
		if err := s.Append(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		if n := len(paths(t, dir)); n != 1 {
			t.Errorf("%d segments, want 1", n)
		}
	})
}

func TestAppendWaitsForTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSpool(t, Config{Dir: t.TempDir()})
		defer s.Close()
		d := &disk{}
		s.create = d.create
		var b Batch
		b.Add(message(0))
		start := time.Now()
		time.AfterFunc(time.Minute, func() { d.set(-1, nil) })
		if err := s.Append(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < time.Minute || took > time.Minute+time.Second {
			t.Errorf("waited %v for a disk that was full for a minute", took)
		}
		if f := s.Status().Faults; f < 500 || f > 700 {
			t.Errorf("%d attempts in a minute", f)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		d.set(0, nil)
		b.Reset()
		b.Add(message(1))
		if err := s.Append(ctx, &b); !errors.Is(err, context.DeadlineExceeded) || b.Len() != 1 {
			t.Errorf("append: %v, %d messages left", err, b.Len())
		}
	})
}

func TestSyncByInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSpool(t, Config{Dir: t.TempDir(), Fsync: time.Second})
		defer s.Close()
		d := &disk{room: -1}
		s.create = d.create
		syncs := func() int {
			d.mu.Lock()
			defer d.mu.Unlock()
			return d.syncs
		}
		time.Sleep(10*time.Second + time.Millisecond) // not when the interval is just over
		if n := syncs(); n != 0 {
			t.Errorf("%d syncs without a write", n)
		}
		for i := range 10 { // ten writes in half a second
			appendN(t, s, i, i+1)
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(time.Second)
		if n := syncs(); n != 1 {
			t.Errorf("%d syncs, want 1", n)
		}
		time.Sleep(time.Minute)
		if n := syncs(); n != 1 {
			t.Errorf("%d syncs without a further write, want 1", n)
		}
		s.SetLimits(0, time.Minute)
		appendN(t, s, 10, 11)
		time.Sleep(59 * time.Second)
		if n := syncs(); n != 1 {
			t.Errorf("%d syncs before the new interval is over, want 1", n)
		}
		appendN(t, s, 11, 12)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if n := syncs(); n != 2 {
			t.Errorf("%d syncs after closing, want 2", n)
		}
	})
}

func TestFailedSyncIsShownAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSpool(t, Config{Dir: t.TempDir()})
		defer s.Close()
		d := &disk{room: -1, fail: syscall.EIO}
		s.create = d.create
		appendN(t, s, 0, 1)
		time.Sleep(3*time.Second + time.Millisecond)
		if st := s.Status(); st.Faults != 3 || !st.LastSync.IsZero() {
			t.Errorf("status %+v", st)
		}
		d.set(-1, nil)
		time.Sleep(time.Second)
		if st := s.Status(); st.Faults != 3 || st.LastSync.IsZero() {
			t.Errorf("status %+v", st)
		}
	})
}

// A segment that cannot be deleted when the last of it is settled goes as soon
// as it can, though nobody tells its offset again.
func TestFailedDeletionIsTriedAgain(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := openSpool(t, Config{Dir: dir, SegmentBytes: 4 << 10})
		appendN(t, s, 0, 200)
		first := paths(t, dir)[0]
		info, err := os.Stat(first)
		if err != nil {
			t.Fatal(err)
		}
		var readOnly atomic.Bool
		readOnly.Store(true)
		s.remove = func(path string) error {
			if readOnly.Load() {
				return syscall.EROFS
			}
			return os.Remove(path)
		}
		s.Settled(first, info.Size())
		time.Sleep(3 * time.Second)
		if st := s.Status(); st.Faults == 0 || paths(t, dir)[0] != first {
			t.Errorf("status %+v", st)
		}
		before := s.Status().Bytes
		readOnly.Store(false)
		time.Sleep(2 * time.Second)
		if paths(t, dir)[0] == first {
			t.Error("not deleted")
		}
		if after := s.Status().Bytes; after != before-info.Size() {
			t.Errorf("%d bytes in use before, %d after", before, after)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestDirDuringReload is for the race detector: limits may change while the
// source is made.
func TestDirDuringReload(t *testing.T) {
	s := openSpool(t, Config{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 100 {
			s.SetLimits(int64(1<<20+i), time.Second)
		}
	}()
	for range 100 {
		if s.Source("pexip").Dir != s.Dir() {
			t.Error("another directory")
		}
	}
	<-done
}
