// Package cache builds the large foreign programs of the end-to-end tests once
// and keeps them: the first run waits some minutes, every other run finds the
// binary. What is built is named after a hash of all that went into it, so a
// changed recipe makes a new binary and an old one is never mistaken for it.
package cache

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// Dir returns the folder that keeps what is built: $E2E_CACHE, else rtcship-e2e
// in the user's cache folder.
func Dir() (string, error) {
	if d := os.Getenv("E2E_CACHE"); d != "" {
		return filepath.Abs(d)
	}
	d, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a cache folder, set E2E_CACHE to name one: %w", err)
	}
	return filepath.Join(d, "rtcship-e2e"), nil
}

// A recipe says how one program is made.
type recipe struct {
	name   string // of the program
	input  []byte // all that decides the result, apart from the Go release and the platform
	target string // the make target that builds it, for messages
	// make builds the program in dir, an empty folder, and returns where the binary is.
	make func(ctx context.Context, dir string, log io.Writer) (string, error)
}

// path returns where the finished binary of r is kept.
func (r recipe) path() (string, error) {
	dir, err := Dir()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %s/%s\n%s", runtime.Version(), runtime.GOOS, runtime.GOARCH, r.input)
	return filepath.Join(dir, fmt.Sprintf("%s-%.12x", r.name, h.Sum(nil))), nil
}

// find returns the binary of r if it is there, and otherwise an error that says how to get it.
func (r recipe) find() (string, error) {
	p, err := r.path()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(p); errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("%s is not built yet (%s): run `make %s`", r.name, p, r.target)
	} else if err != nil {
		return "", err
	}
	return p, nil
}

// build returns the binary of r and makes it first if need be. Of two that want
// the same one, the second waits.
func (r recipe) build(ctx context.Context, progress io.Writer) (string, error) {
	p, err := r.path()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(p + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(p); err == nil {
		return p, nil
	}
	return p, r.buildLocked(ctx, p, progress)
}

func (r recipe) buildLocked(ctx context.Context, p string, progress io.Writer) error {
	dir, err := os.MkdirTemp(filepath.Dir(p), r.name+"-build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	logPath := p + ".log"
	log, err := os.Create(logPath)
	if err != nil {
		return err
	}
	defer log.Close()

	stop := tick(progress, r.name, logPath)
	bin, err := r.make(ctx, dir, log)
	stop(err)
	if err != nil {
		return fmt.Errorf("build %s: %w\n%s", r.name, err, tail(logPath, 4096))
	}
	return os.Rename(bin, p)
}

// lock takes the file at path for this process alone; it waits for another
// holder, which may be building.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}

// tail returns the last n bytes of a file, for a message.
func tail(path string, n int) []byte {
	b, _ := os.ReadFile(path)
	return b[max(0, len(b)-n):]
}
