package saved

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// mostCheckpoint is how large a checkpoint may be to be read: a million
// generations.
const mostCheckpoint = 1 << 30

// openRegular opens a file for reading, and nothing else that may stand at its
// path: opening a pipe would wait for its writer, and a device may have no end.
func openRegular(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		if info, statErr := os.Stat(path); statErr == nil && !info.Mode().IsRegular() { // a socket, say
			return nil, fmt.Errorf("%s: %w: it is no regular file (%s)", path, errDamaged, info.Mode().Type())
		}
		return nil, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = fmt.Errorf("%s: %w: it is no regular file (%s)", path, errDamaged, info.Mode().Type())
	default:
		return f, nil
	}
	f.Close()
	return nil, err
}

// mostLine is how long a line may be: that with all logs, as a release before
// wrote it, has the length that a whole checkpoint could have.
const mostLine = 64 << 20

// A lineLimit reads text with lines of bounded length: what is no text must not
// fill the memory of whoever looks for the end of it.
type lineLimit struct {
	r io.Reader
	n int // bytes of the line so far
}

func (l *lineLimit) Read(b []byte) (int, error) {
	n, err := l.r.Read(b)
	if i := bytes.LastIndexByte(b[:n], '\n'); i >= 0 {
		l.n = n - i - 1
	} else if l.n += n; l.n > mostLine {
		return n, fmt.Errorf("%w: a line of more than %d MiB", errDamaged, mostLine>>20)
	}
	return n, err
}

// makeWay removes what stands in the place of a file that is to be written and is none.
func makeWay(path string) {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		_ = os.Remove(path) // what comes next says what is wrong
	}
}
