// Package smallfile reads files that people write: configuration, headers,
// certificates. Whatever stands at such a path, reading it ends, and takes no
// more memory than it may. Open and OpenDir are the part of it that any file and
// directory needs which others may have put there.
package smallfile

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// Max is what such a file may hold, in bytes.
const Max = 1 << 20

// Errors that say why a file is not read.
var (
	ErrNotRegular = errors.New("not a regular file")
	ErrTooLarge   = fmt.Errorf("larger than %d KiB", Max>>10)
)

// Read returns the content of the regular file at path, which may be a link to
// one. Errors are those of package os, or an *fs.PathError of ErrNotRegular or
// ErrTooLarge.
func Read(path string) ([]byte, error) {
	f, err := Open(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, Max+1))
	if err != nil {
		return nil, err
	}
	if len(data) > Max {
		return nil, &fs.PathError{Op: "read", Path: path, Err: ErrTooLarge}
	}
	return data, nil
}

// Open is os.OpenFile for a regular file of any size, which path may be a link to.
// Opening anything else does not wait for a writer or a reader, and is an
// *fs.PathError of ErrNotRegular.
func Open(path string, flag int, perm fs.FileMode) (*os.File, error) {
	f, err := os.OpenFile(path, flag|syscall.O_NONBLOCK|syscall.O_NOCTTY, perm)
	if err != nil {
		return nil, kind(path, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: notRegular(info.Mode())}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// OpenDir opens a directory to be listed. Anything else is not opened, which could
// wait for a writer.
func OpenDir(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NONBLOCK, 0)
}

// KeyPair is tls.LoadX509KeyPair for such files.
func KeyPair(certFile, keyFile string) (tls.Certificate, error) {
	cert, err := Read(certFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := Read(keyFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(cert, key)
}

// kind says what stands at a path that cannot be opened: a socket, say.
func kind(path string, err error) error {
	if info, statErr := os.Stat(path); statErr == nil && !info.Mode().IsRegular() && !errors.Is(err, fs.ErrPermission) {
		return &fs.PathError{Op: "open", Path: path, Err: notRegular(info.Mode())}
	}
	return err
}

func notRegular(m fs.FileMode) error {
	what := "device"
	switch {
	case m.IsDir():
		what = "directory"
	case m&fs.ModeNamedPipe != 0:
		what = "named pipe"
	case m&fs.ModeSocket != 0:
		what = "socket"
	}
	return fmt.Errorf("a %s, %w", what, ErrNotRegular)
}
