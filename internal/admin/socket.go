package admin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Socket is the name of the Unix socket in the state directory on which the
// commands status and replay reach the running process.
const Socket = "admin.sock"

// birthplace is a directory, inside the state directory, that nobody else may
// enter. A socket is made there and gets its name when its mode is right,
// whatever the umask is.
const birthplace = ".admin"

// listenUnix listens on a socket at path that only this user and root may
// connect to. It takes the place of one that a process left that is gone.
func listenUnix(path string) (net.Listener, error) {
	if err := free(path); err != nil {
		return nil, err
	}
	dir := filepath.Join(filepath.Dir(path), birthplace)
	temp := filepath.Join(dir, "s")
	_ = os.Remove(temp) // of a process that was killed in between
	_ = os.Remove(dir)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a place for %s: %w", path, err)
	}
	defer os.Remove(dir)
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a place for %s: %w", path, err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: temp, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listen for commands: %w", err)
	}
	l.SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(temp, 0o600), os.Rename(temp, path)); err != nil {
		_ = os.Remove(temp)
		return nil, errors.Join(fmt.Errorf("listen for commands on %s: %w", path, err), l.Close())
	}
	made, err := os.Lstat(path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("look at %s: %w", path, err), l.Close())
	}
	return &socketListener{l, path, made}, nil
}

// free finds out whether a socket may be put at path. With --stay the page is
// served before the state directory is locked, so there may be another process,
// which the commands would not find any more.
func free(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look at %s: %w", path, err)
	case info.Mode()&fs.ModeSocket == 0 && !(info.Mode().IsRegular() && info.Size() == 0):
		return fmt.Errorf("%s is no socket: remove it", path)
	}
	if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
		conn.Close()
		return fmt.Errorf("%s is served by another process", path)
	}
	return nil
}

// A socketListener takes its name away when it closes, unless that is another's by
// then: somebody may have emptied the directory, and another process listen there.
type socketListener struct {
	*net.UnixListener
	path string
	made fs.FileInfo
}

// Close implements net.Listener.
func (l *socketListener) Close() error {
	var err error
	if l.isThere() {
		err = os.Remove(l.path)
	}
	return errors.Join(err, l.UnixListener.Close())
}

// isThere tells whether the name still leads to the socket.
func (l *socketListener) isThere() bool {
	info, err := os.Lstat(l.path)
	return err == nil && os.SameFile(info, l.made)
}

// Client talks to the process that runs on a state directory. It does not talk
// to a socket that somebody else has put there, as they can in a directory that
// everybody may write to.
func Client(stateDir string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, "unix", filepath.Join(stateDir, Socket))
			if err != nil {
				return nil, err
			}
			if err := checkPeer(conn, stateDir); err != nil {
				conn.Close()
				return nil, err
			}
			return conn, nil
		},
	}}
}
