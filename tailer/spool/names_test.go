package spool

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// The name of a new segment is on disk before anything is written to it: a machine
// that goes down would otherwise forget the file with all that was synced to it. A
// segment whose name may be forgotten is not used.
func TestNameOfANewSegmentIsOnDisk(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, segmentName(1))
	synced := 0
	f, err := createNamed(path, func(of string) error {
		if _, err := os.Stat(path); err != nil || of != dir {
			t.Errorf("the names in %s were synced before the file was there: %v", of, err)
		}
		synced++
		return nil
	})
	if err != nil || synced != 1 {
		t.Fatalf("synced %d times, %v", synced, err)
	}
	f.Close()
	fault := errors.New("input/output error")
	path = filepath.Join(dir, segmentName(2))
	if f, err := createNamed(path, func(string) error { return fault }); f != nil || !errors.Is(err, fault) {
		t.Errorf("got %v, %v", f, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file whose name was not synced is still there: %v", err)
	}
	if runtime.GOOS == "linux" && syncDir("/proc") == nil { // which cannot be synced
		t.Error("the directory was not synced")
	}
}

// What is settled is gone when Close returns: nothing of a closed spool deletes a
// file that another process has made in its place.
func TestCloseWaitsForDeletions(t *testing.T) {
	s, err := Open(Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	var b Batch
	b.Add(Message{Text: []byte("settled before Close")})
	if err := s.TryAppend(&b); err != nil {
		t.Fatal(err)
	}
	s.Settled(s.active.path, s.active.size)
	var deleted atomic.Bool
	s.remove = func(path string) error {
		time.Sleep(20 * time.Millisecond) // a slow disk
		defer deleted.Store(true)
		return os.Remove(path)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !deleted.Load() {
		t.Error("Close returned before what is settled was deleted")
	}
}
