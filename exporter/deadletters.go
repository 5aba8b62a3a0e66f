package exporter

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rtcship/rtcship/internal/smallfile"
)

// errNoRoom says that a dead letter does not fit any more.
var errNoRoom = errors.New("the dead letters are full")

// A DeadLetterStatus is what is in the file.
type DeadLetterStatus struct {
	Path    string `json:"path"`      // empty: none are kept
	Letters int64  `json:"letters"`   // lines
	Bytes   int64  `json:"bytes"`     // with those that are being sent again
	Max     int64  `json:"max_bytes"` // of one file
	Dropped int64  `json:"dropped"`   // letters thrown away to make room, since the start
	Fault   string `json:"fault,omitempty"`
}

// deadLetters are a file of JSON lines. It is opened for each letter: there
// are few, and a file that somebody took away meanwhile is then begun anew.
type deadLetters struct {
	cfg DeadLetters

	mu      sync.Mutex
	counted map[string]fileCount // by path
	dropped int64
}

// A fileCount is how many lines a file had in its first bytes.
type fileCount struct{ size, lines int64 }

const (
	// countAtOnce bounds what is read of a file to count its lines when somebody
	// asks for the status: what is left is counted the next time.
	countAtOnce = 64 << 20

	// mostLetter is how long a letter may be: one record of max_entry, in JSON.
	mostLetter = 32 << 20
)

// openDeadLetters returns nil if no path is configured.
func openDeadLetters(cfg DeadLetters) (*deadLetters, error) {
	if cfg.Path == "" {
		return nil, nil
	}
	info, err := os.Stat(filepath.Dir(cfg.Path))
	if err != nil {
		return nil, fmt.Errorf("dead letters: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("dead letters: %s is no directory", filepath.Dir(cfg.Path))
	}
	return &deadLetters{cfg: cfg, counted: map[string]fileCount{}}, nil
}

// resending is where the letters are that are being sent again.
func resending(path string) string { return path + ".resending" }

// append writes a letter and returns when it is on disk.
func (d *deadLetters) append(p *payload, a answer, now time.Time) error {
	line, err := encodeLetter(p, a, now)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.makeRoom(int64(len(line))); err != nil {
		return err
	}
	if err := appendLine(d.cfg.Path, line); err != nil {
		return fmt.Errorf("write dead letter: %w", err)
	}
	return nil
}

// makeRoom sees to it that a line fits. One that is larger than all the room
// there is fits into an empty file.
func (d *deadLetters) makeRoom(need int64) error {
	have, err := sizeOf(d.cfg.Path)
	if err != nil {
		return err
	}
	if have == 0 || have+need <= d.cfg.MaxBytes {
		return nil
	}
	if d.cfg.WhenFull != WhenFullDropOldest {
		return fmt.Errorf("%w: %s has %d of %d bytes", errNoRoom, d.cfg.Path, have, d.cfg.MaxBytes)
	}
	// A quarter more than needed goes, so that not each letter copies the file.
	dropped, err := dropFirst(d.cfg.Path, have+need-d.cfg.MaxBytes*3/4)
	d.dropped += dropped
	delete(d.counted, d.cfg.Path)
	return err
}

// sizeOf is the size of a file that letters are kept in, 0 if there is none.
func sizeOf(path string) (int64, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err == nil && !info.Mode().IsRegular():
		err = fmt.Errorf("%s: %w", path, smallfile.ErrNotRegular)
	}
	if err != nil {
		return 0, fmt.Errorf("dead letters: %w", err)
	}
	return info.Size(), nil
}

// count returns how many whole lines a file has, reading it only when its size
// has changed. Of one that is larger than countAtOnce they are not all, yet.
func (d *deadLetters) count(path string) (lines, size int64, err error) {
	if size, err = sizeOf(path); err != nil || size == 0 {
		delete(d.counted, path)
		return 0, 0, err
	}
	known := d.counted[path]
	if known.size == size {
		return known.lines, size, nil
	}
	f, err := smallfile.Open(path, os.O_RDONLY, 0)
	if err != nil {
		return 0, 0, fmt.Errorf("dead letters: %w", err)
	}
	defer f.Close()
	if size < known.size {
		known = fileCount{}
	}
	if err := known.goOn(io.NewSectionReader(f, known.size, min(size-known.size, countAtOnce))); err != nil {
		return 0, 0, fmt.Errorf("dead letters: %w", err)
	}
	d.counted[path] = known
	return known.lines, size, nil
}

// goOn counts what r has behind what was counted.
func (c *fileCount) goOn(r io.Reader) error {
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		c.lines += int64(bytes.Count(buf[:n], []byte{'\n'}))
		c.size += int64(n)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (d *deadLetters) status() DeadLetterStatus {
	if d == nil {
		return DeadLetterStatus{}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s := DeadLetterStatus{Path: d.cfg.Path, Max: d.cfg.MaxBytes, Dropped: d.dropped}
	for _, path := range []string{resending(d.cfg.Path), d.cfg.Path} {
		lines, size, err := d.count(path)
		if err != nil {
			s.Fault = err.Error()
		}
		s.Letters += lines
		s.Bytes += size
	}
	return s
}

// appendLine adds a line to a file and syncs it. A torn line, which a crash
// has left at the end, goes: its record was never settled.
func appendLine(path string, line []byte) error {
	_, err := os.Lstat(path)
	created := errors.Is(err, fs.ErrNotExist)
	f, err := smallfile.Open(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	end, torn, err := lastLineEnd(f)
	if err != nil {
		return err
	}
	if torn {
		line = append([]byte{'\n'}, line...)
	}
	if err := f.Truncate(end); err != nil {
		return err
	}
	if _, err := f.WriteAt(line, end); err != nil {
		return errors.Join(err, f.Truncate(end))
	}
	if err := f.Sync(); err != nil {
		return errors.Join(err, f.Truncate(end))
	}
	if created {
		return syncDir(filepath.Dir(path))
	}
	return nil
}

// lastLineEnd returns the offset behind the last newline of a file. What is longer
// than a letter can be was left by nobody here: it is not searched, nor taken away,
// but torn, and end is that of the file.
func lastLineEnd(f *os.File) (end int64, torn bool, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, false, err
	}
	buf := make([]byte, 64<<10)
	for end = info.Size(); end > 0; {
		if info.Size()-end > mostLetter {
			return info.Size(), true, nil
		}
		from := max(end-int64(len(buf)), 0)
		n, err := f.ReadAt(buf[:end-from], from)
		if err != nil && err != io.EOF {
			return 0, false, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return from + int64(i) + 1, false, nil
		}
		end = from
	}
	return 0, false, nil
}

// dropFirst takes so many bytes, rounded up to whole lines, off the beginning
// of a file, and returns how many lines that were.
func dropFirst(path string, size int64) (int64, error) {
	lines, err := rewriteWithout(path, size)
	if err != nil {
		return 0, fmt.Errorf("drop the oldest dead letters: %w", err)
	}
	return lines, nil
}

func rewriteWithout(path string, size int64) (int64, error) {
	in, err := smallfile.Open(path, os.O_RDONLY, 0)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	r := bufio.NewReaderSize(in, 64<<10)
	var lines int64
	for skipped := int64(0); skipped < size; lines++ {
		n, err := skipLine(r)
		skipped += n
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
	}
	return lines, replaceFile(path, r)
}

func skipLine(r *bufio.Reader) (int64, error) {
	var size int64
	for {
		part, err := r.ReadSlice('\n')
		size += int64(len(part))
		if !errors.Is(err, bufio.ErrBufferFull) {
			return size, err
		}
	}
}

// replaceFile gives a file a new content, which is wholly there or not at all.
func replaceFile(path string, content io.Reader) error {
	tmp := path + ".tmp"
	out, err := smallfile.Open(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, content)
	err = errors.Join(err, out.Sync(), out.Close())
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
