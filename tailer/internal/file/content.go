package file

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// A Key is what the file system knows a file by. It is a hint only: inodes
// are used again, and device numbers change with a remount.
type Key struct{ Dev, Ino uint64 }

// A Stat is what stat(2) says, as far as it matters here.
type Stat struct {
	Key    Key
	Size   int64
	Mtime  int64 // nanoseconds since 1970, by the file system's clock
	Nlink  uint64
	Blocks int64 // bytes allocated
}

// Like says whether s is of the same file as o, not written since.
func (s Stat) Like(o Stat) bool {
	return s.Key == o.Key && s.Size == o.Size && s.Mtime == o.Mtime
}

func statOf(st *unix.Stat_t) Stat {
	return Stat{
		Key:    Key{uint64(st.Dev), st.Ino}, //nolint:unconvert // uint64 only on some architectures
		Size:   st.Size,
		Mtime:  st.Mtim.Nano(),
		Nlink:  uint64(st.Nlink), //nolint:unconvert // the same
		Blocks: st.Blocks * 512,
	}
}

// ErrNotRegular is for what is no regular file: it is never opened.
var ErrNotRegular = errors.New("not a regular file")

// StatPath follows symbolic links, since a log directory may be made of them.
func StatPath(path string) (Stat, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Stat(path, &st) }); err != nil {
		return Stat{}, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return Stat{}, ErrNotRegular
	}
	return statOf(&st), nil
}

// Look is StatPath for a name that may be a link, which it does not follow: link
// says that it is one, and then st is of the link.
func Look(path string) (st Stat, link bool, err error) {
	var u unix.Stat_t
	if err := retry(func() error { return unix.Lstat(path, &u) }); err != nil {
		return Stat{}, false, err
	}
	switch u.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return statOf(&u), false, nil
	case unix.S_IFLNK:
		return statOf(&u), true, nil
	}
	return Stat{}, false, ErrNotRegular
}

// KeyOf is what the file system knows a file or directory by.
func KeyOf(path string) (Key, error) {
	var u unix.Stat_t
	if err := retry(func() error { return unix.Stat(path, &u) }); err != nil {
		return Key{}, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return statOf(&u).Key, nil
}

// StatDir returns when a directory was last changed.
func StatDir(path string) (int64, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Stat(path, &st) }); err != nil {
		return 0, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return st.Mtim.Nano(), nil
}

func statFile(f *os.File) (Stat, error) {
	var st unix.Stat_t
	err := retry(func() error { return unix.Fstat(int(f.Fd()), &st) })
	if err == nil && st.Mode&unix.S_IFMT != unix.S_IFREG {
		err = ErrNotRegular
	}
	return statOf(&st), err
}

func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

// A Content is the bytes of an open generation, uncompressed. It may be closed
// while it is read. ReadAt returns io.EOF, alone or with data, where the
// content ends at present, and errIncomplete where a compressed file breaks
// off, since it is then still being written.
type Content interface {
	io.ReaderAt
	io.Closer
	Stat() (Stat, error)
	Size() int64 // at present, unpacked; negative if that is not known
	// Data returns where from an offset on the next bytes are that were written;
	// the offset itself if the file system does not say.
	Data(from int64) int64
	// Keep tells that of what was read only data, which ends at the offset end,
	// and what lies behind it will be asked for again.
	Keep(data []byte, end int64)
	// Rest tells that nothing will be read for now: what only reading on takes
	// is given up.
	Rest()
}

// ErrIncomplete is for a compressed file that breaks off.
var ErrIncomplete = errors.New("compressed file is not complete yet")

// Open opens the regular file path for reading, on which no name is a link. It opens nothing else,
// since opening a FIFO or a device may block or change something. open counts
// the files that are open.
func Open(path string, p Packing, open *atomic.Int64) (Content, Stat, error) {
	if _, err := StatPath(path); err != nil {
		return nil, Stat{}, fmt.Errorf("stat: %w", err)
	}
	f, err := openReal(path)
	if err != nil {
		return nil, Stat{}, err
	}
	st, err := statFile(f)
	if err != nil {
		f.Close()
		return nil, Stat{}, fmt.Errorf("stat: %w", err)
	}
	open.Add(1)
	if p == Unpacked {
		return &Plain{f: f, open: open}, st, nil
	}
	return &Packed{File: f, Packing: p, open: open}, st, nil
}

// openReal opens a path of which no part is a link: links were followed and
// judged before, and what has become one since is not. A kernel before 5.6, or a
// filter of system calls, knows no openat2; then what was opened is looked at.
func openReal(path string) (*os.File, error) {
	const flags = unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC | unix.O_NOFOLLOW
	var fd int
	err := retry(func() (err error) {
		fd, err = unix.Openat2(unix.AT_FDCWD, path, &unix.OpenHow{Flags: flags, Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS})
		return err
	})
	switch {
	case err == nil:
		return os.NewFile(uintptr(fd), path), nil
	case err == unix.ENOSYS, err == unix.EPERM:
		return openLooking(path, flags)
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: err}
}

func openLooking(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, flags, 0)
	if err != nil {
		return nil, err
	}
	if now, err := filepath.EvalSymlinks(path); err != nil || now != path {
		f.Close()
		return nil, &fs.PathError{Op: "open", Path: path, Err: unix.ELOOP}
	}
	return f, nil
}

// A Plain is read as it stands.
type Plain struct {
	f    *os.File
	open *atomic.Int64 // how many files are
}

// ReadAt implements Content.
func (p *Plain) ReadAt(b []byte, off int64) (int, error) { return p.f.ReadAt(b, off) }

// Close implements Content.
func (p *Plain) Close() error {
	p.open.Add(-1)
	return p.f.Close()
}

// Stat implements Content.
func (p *Plain) Stat() (Stat, error) { return statFile(p.f) }

// Size implements Content.
func (p *Plain) Size() int64 {
	st, err := p.Stat()
	if err != nil {
		return -1
	}
	return st.Size
}

// Keep implements Content.
func (p *Plain) Keep([]byte, int64) {}

// Rest implements Content.
func (p *Plain) Rest() {}

// A Packed is a compressed file. It can be read forward only; going back
// further than keep said begins again from the start.
type Packed struct {
	File    *os.File
	Packing Packing
	open    *atomic.Int64

	mu     sync.Mutex
	dec    Decoder
	pos    int64  // of dec, uncompressed
	tail   []byte // what lies before pos
	closed bool
}

// tailBytes is how much of a tail stays allocated beyond what it holds.
const tailBytes = 512 << 10

// A Decoder is a decompressor that can be given up.
type Decoder interface {
	io.Reader
	Close()
}

// Stat implements Content.
func (p *Packed) Stat() (Stat, error) { return statFile(p.File) }

// Data implements Content.
func (p *Plain) Data(from int64) int64 {
	at, err := unix.Seek(int(p.f.Fd()), from, unix.SEEK_DATA) // nothing else uses the file's own offset
	if err != nil || at < from {
		return from
	}
	return at
}

// Data implements Content.
func (p *Packed) Data(from int64) int64 { return from }

// Size implements Content.
func (p *Packed) Size() int64 { return -1 }

// Close implements Content.
func (p *Packed) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reset()
	p.closed = true
	p.open.Add(-1)
	return p.File.Close()
}

// Keep implements Content.
func (p *Packed) Keep(data []byte, end int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.pos - end + int64(len(data))
	switch {
	case before > int64(len(data)): // it came out of the tail, of which there is more
		p.tail = p.tail[max(0, int64(len(p.tail))-before):]
	case before == int64(len(data)):
		if cap(p.tail) > 4*len(data)+tailBytes {
			p.tail = nil // there was a long line
		}
		p.tail = append(p.tail[:0], data...)
	}
}

// Rest lets go of the decoder, which may take as much as maxWindow.
func (p *Packed) Rest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reset()
}

func (p *Packed) reset() {
	if p.dec != nil {
		p.dec.Close()
	}
	p.dec, p.pos, p.tail = nil, 0, nil
}

// ReadAt implements Content.
func (p *Packed) ReadAt(b []byte, off int64) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return 0, os.ErrClosed
	}
	if off < p.pos-int64(len(p.tail)) {
		p.reset()
	}
	n, err := p.read(b, off)
	if err != nil && err != io.EOF {
		p.reset()
	}
	return n, err
}

func (p *Packed) read(b []byte, off int64) (int, error) {
	if p.dec == nil {
		dec, err := NewDecoder(p.File, p.Packing)
		if err != nil {
			return 0, DecodeError(err)
		}
		p.dec = dec
	}
	if skip := off - p.pos; skip > 0 {
		p.tail = nil
		n, err := io.CopyN(io.Discard, p.dec, skip)
		p.pos += n
		if err != nil {
			return 0, DecodeError(err)
		}
	}
	n := 0
	if back := p.pos - off; back > 0 {
		n = copy(b, p.tail[int64(len(p.tail))-back:])
		if n == len(b) {
			return n, nil
		}
	}
	m, err := io.ReadFull(p.dec, b[n:])
	p.pos += int64(m)
	p.tail = append(p.tail[:0], b[:n+m][max(0, n+m-MarkBytes):]...)
	if errors.Is(err, io.ErrUnexpectedEOF) && m > 0 {
		err = p.ended()
	}
	return n + m, DecodeError(err)
}

// ended tells a clean end from a file that breaks off; io.ReadFull uses one
// error for both.
func (p *Packed) ended() error {
	var one [1]byte
	_, err := io.ReadFull(p.dec, one[:])
	return err
}

// DecodeError is err as a Content returns it.
func DecodeError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrIncomplete
	}
	return err
}

// NoRoom says whether an error is for want of descriptors: that passes, and says
// nothing about the file.
func NoRoom(err error) bool { return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) }
