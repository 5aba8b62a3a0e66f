package ownlog

import (
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// atOnce is what a pipe takes without waiting once it takes anything (PIPE_BUF).
	atOnce = 4096

	// writePatience is how long a line may wait for a reader that has stopped
	// reading. The lines after it do not wait any more until there is room.
	writePatience = 200 * time.Millisecond
)

// A lossy writer never fails and never waits for long: whoever reads standard
// error, if anybody still does, has no say in whether logs are shipped. Lines
// that could not be written are counted. It is safe for concurrent use.
type lossy struct {
	lost atomic.Uint64

	mu    sync.Mutex
	to    io.Writer
	fd    int // -1 if to is no file
	stuck bool
}

func newLossy(w io.Writer) *lossy {
	l := &lossy{to: w, fd: -1}
	if f, ok := w.(*os.File); ok {
		l.fd = int(f.Fd())
	}
	return l
}

// Write implements io.Writer for one line.
func (l *lossy) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for rest := line; len(rest) > 0; {
		part := rest
		if l.fd >= 0 {
			part = rest[:min(len(rest), atOnce)]
		}
		if !l.writable() {
			l.lost.Add(1)
			break
		}
		if _, err := l.to.Write(part); err != nil {
			l.lost.Add(1)
			break
		}
		rest = rest[len(part):]
	}
	return len(line), nil
}

// writable waits for room, but not for a reader that was found to be stuck.
func (l *lossy) writable() bool {
	if l.fd < 0 {
		return true
	}
	wait := writePatience
	if l.stuck {
		wait = 0
	}
	for until := time.Now().Add(wait); ; {
		fds := []unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLOUT}}
		n, err := unix.Poll(fds, int(max(time.Until(until), 0).Milliseconds()))
		if err == unix.EINTR {
			continue
		}
		l.stuck = err == nil && n == 0
		return !l.stuck
	}
}
