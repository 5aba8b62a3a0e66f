package saved

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// mostCheckpoint is how large a checkpoint may be to be read: some ten thousand
// generations, more than are ever remembered.
const mostCheckpoint = 64 << 20

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

// readRegular reads a regular file of at most most bytes.
func readRegular(path string, most int64) ([]byte, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("%s: %w: larger than %d MiB", path, errDamaged, most>>20)
	}
	return b, err
}

// makeWay removes what stands in the place of a file that is to be written and is none.
func makeWay(path string) {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		_ = os.Remove(path) // what comes next says what is wrong
	}
}
