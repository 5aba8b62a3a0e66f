package tailer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/rtcship/rtcship/tailer/entry"
)

// A fileKey is what the file system knows a file by. It is a hint only: inodes
// are used again, and device numbers change with a remount.
type fileKey struct{ dev, ino uint64 }

// A fileStat is what stat(2) says, as far as it matters here.
type fileStat struct {
	key    fileKey
	size   int64
	mtime  int64 // nanoseconds since 1970, by the file system's clock
	nlink  uint64
	blocks int64 // bytes allocated
}

// like says whether s is of the same file as o, not written since.
func (s fileStat) like(o fileStat) bool {
	return s.key == o.key && s.size == o.size && s.mtime == o.mtime
}

func statOf(st *unix.Stat_t) fileStat {
	return fileStat{
		key:    fileKey{uint64(st.Dev), st.Ino}, //nolint:unconvert // uint64 only on some architectures
		size:   st.Size,
		mtime:  st.Mtim.Nano(),
		nlink:  uint64(st.Nlink), //nolint:unconvert // the same
		blocks: st.Blocks * 512,
	}
}

var errNotRegular = errors.New("not a regular file")

// statPath follows symbolic links, since a log directory may be made of them.
func statPath(path string) (fileStat, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Stat(path, &st) }); err != nil {
		return fileStat{}, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return fileStat{}, errNotRegular
	}
	return statOf(&st), nil
}

// statDir returns when a directory was last changed.
func statDir(path string) (int64, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Stat(path, &st) }); err != nil {
		return 0, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return st.Mtim.Nano(), nil
}

func statFile(f *os.File) (fileStat, error) {
	var st unix.Stat_t
	err := retry(func() error { return unix.Fstat(int(f.Fd()), &st) })
	if err == nil && st.Mode&unix.S_IFMT != unix.S_IFREG {
		err = errNotRegular
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

// A content is the bytes of an open generation, uncompressed. It may be closed
// while it is read. ReadAt returns io.EOF, alone or with data, where the
// content ends at present, and errIncomplete where a compressed file breaks
// off, since it is then still being written.
type content interface {
	io.ReaderAt
	io.Closer
	stat() (fileStat, error)
	// keep tells that of what was read only data, which ends at the offset end,
	// and what lies behind it will be asked for again.
	keep(data []byte, end int64)
	// rest tells that nothing will be read for now: what only reading on takes
	// is given up.
	rest()
}

var errIncomplete = errors.New("compressed file is not complete yet")

// openContent opens the regular file path for reading. It opens nothing else,
// since opening a FIFO or a device may block or change something. open counts
// the files that are open.
func openContent(path string, p packing, open *atomic.Int64) (content, fileStat, error) {
	if _, err := statPath(path); err != nil {
		return nil, fileStat{}, fmt.Errorf("stat: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fileStat{}, err
	}
	st, err := statFile(f)
	if err != nil {
		f.Close()
		return nil, fileStat{}, fmt.Errorf("stat: %w", err)
	}
	open.Add(1)
	if p == unpacked {
		return &plainFile{f: f, open: open}, st, nil
	}
	return &packedFile{f: f, packing: p, open: open}, st, nil
}

// A plainFile is read as it stands.
type plainFile struct {
	f    *os.File
	open *atomic.Int64 // how many files are
}

func (p *plainFile) ReadAt(b []byte, off int64) (int, error) { return p.f.ReadAt(b, off) }
func (p *plainFile) Close() error {
	p.open.Add(-1)
	return p.f.Close()
}
func (p *plainFile) stat() (fileStat, error) { return statFile(p.f) }
func (p *plainFile) keep([]byte, int64)      {}
func (p *plainFile) rest()                   {}

// A packedFile is a compressed file. It can be read forward only; going back
// further than keep said begins again from the start.
type packedFile struct {
	f       *os.File
	packing packing
	open    *atomic.Int64

	mu     sync.Mutex
	dec    decoder
	pos    int64  // of dec, uncompressed
	tail   []byte // what lies before pos
	closed bool
}

// A decoder is a decompressor that can be given up.
type decoder interface {
	io.Reader
	close()
}

func (p *packedFile) stat() (fileStat, error) { return statFile(p.f) }

func (p *packedFile) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reset()
	p.closed = true
	p.open.Add(-1)
	return p.f.Close()
}

func (p *packedFile) keep(data []byte, end int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.pos - end + int64(len(data))
	switch {
	case before > int64(len(data)): // it came out of the tail, of which there is more
		p.tail = p.tail[max(0, int64(len(p.tail))-before):]
	case before == int64(len(data)):
		if cap(p.tail) > 4*len(data)+entry.BatchBytes {
			p.tail = nil // there was a long line
		}
		p.tail = append(p.tail[:0], data...)
	}
}

// rest lets go of the decoder, which may take as much as maxWindow.
func (p *packedFile) rest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reset()
}

func (p *packedFile) reset() {
	if p.dec != nil {
		p.dec.close()
	}
	p.dec, p.pos, p.tail = nil, 0, nil
}

func (p *packedFile) ReadAt(b []byte, off int64) (int, error) {
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

func (p *packedFile) read(b []byte, off int64) (int, error) {
	if p.dec == nil {
		dec, err := newDecoder(p.f, p.packing)
		if err != nil {
			return 0, decodeError(err)
		}
		p.dec = dec
	}
	if skip := off - p.pos; skip > 0 {
		p.tail = nil
		n, err := io.CopyN(io.Discard, p.dec, skip)
		p.pos += n
		if err != nil {
			return 0, decodeError(err)
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
	p.tail = append(p.tail[:0], b[:n+m][max(0, n+m-markBytes):]...)
	if errors.Is(err, io.ErrUnexpectedEOF) && m > 0 {
		err = p.ended()
	}
	return n + m, decodeError(err)
}

// ended tells a clean end from a file that breaks off; io.ReadFull uses one
// error for both.
func (p *packedFile) ended() error {
	var one [1]byte
	_, err := io.ReadFull(p.dec, one[:])
	return err
}

func decodeError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errIncomplete
	}
	return err
}
