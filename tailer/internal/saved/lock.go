package saved

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ErrTaken says that another process uses the state directory.
var ErrTaken = errors.New("is in use by another process")

// A StateLock keeps a second process from using the same state directory. It goes
// with the process, so that it never has to be cleared by hand.
type StateLock struct {
	dir  string
	file *os.File
}

// Lock locks a state directory, which it makes if need be.
func Lock(stateDir string) (*StateLock, error) {
	l := &StateLock{dir: stateDir}
	var err error
	l.file, err = l.take()
	if err != nil {
		return nil, err
	}
	return l, nil
}

func (l *StateLock) path() string { return filepath.Join(l.dir, "lock") }

func (l *StateLock) take() (*os.File, error) {
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make state directory: %w", err)
	}
	f, err := os.OpenFile(l.path(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("state directory %s %w: stop that one (%q shows it), or set another state_dir", l.dir, ErrTaken, "fuser "+l.path())
		}
		return nil, fmt.Errorf("lock %s: %w", l.path(), err)
	}
	return f, nil
}

// Check sees whether the lock is still there for others to find: somebody may
// have emptied the state directory. Then it is made again, which remade reports;
// the error is ErrTaken if another process was faster.
func (l *StateLock) Check() (remade bool, err error) {
	mine, err := l.file.Stat()
	if err != nil {
		return false, fmt.Errorf("look at lock: %w", err)
	}
	if there, err := os.Stat(l.path()); err == nil && os.SameFile(mine, there) {
		return false, nil
	}
	f, err := l.take()
	if err != nil {
		return false, err
	}
	l.file.Close()
	l.file = f
	return true, nil
}

// Close gives the lock up.
func (l *StateLock) Close() error { return l.file.Close() }
