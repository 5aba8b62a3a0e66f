package spool

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A segment file begins with a header, all numbers little endian:
//
//	0   8  magic, with the version of the format
//	8  16  random, so that no two segments begin alike
//	24  8  number of the segment
//	32  8  time of creation, nanoseconds since 1970
//	40  4  CRC-32C of the bytes before
const (
	headerMagic = "rtspool\x01"
	headerSize  = 44

	// Suffix ends the name of each segment file.
	Suffix = ".spool"
)

// file is what the spool does with a segment it writes; *os.File has it.
type file interface {
	io.Writer
	Sync() error
	Close() error
}

// A segment is one file of the spool. Its fields are guarded by Spool.mu.
type segment struct {
	seq     uint64
	path    string
	file    file // nil once it is closed
	size    int64
	torn    int64 // the last bytes of size, which are part of an entry only
	settled int64

	damagedTo int64 // up to where damage has been counted

	sealed bool // no more is written to it
	dirty  bool // written to since the last fsync
	gone   bool // removed, or being removed
	left   bool // it could not be removed the last time
}

// segmentName returns the file name of a segment. The fixed width makes the
// order of names the order of segments.
func segmentName(seq uint64) string { return fmt.Sprintf("%016x%s", seq, Suffix) }

// segmentSeq is the reverse of segmentName.
func segmentSeq(name string) (seq uint64, ok bool) {
	digits, ok := strings.CutSuffix(name, Suffix)
	if !ok || len(digits) != 16 {
		return 0, false
	}
	seq, err := strconv.ParseUint(digits, 16, 64)
	return seq, err == nil
}

// appendHeader appends a header for a new segment to b.
func appendHeader(b []byte, seq uint64, now time.Time) []byte {
	start := len(b)
	b = append(b, headerMagic...)
	b = append(b, make([]byte, 16)...)
	rand.Read(b[start+8:]) // never fails
	b = binary.LittleEndian.AppendUint64(b, seq)
	b = binary.LittleEndian.AppendUint64(b, uint64(now.UnixNano()))
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
}

// decodeHeader says whether b begins with a sound header.
func decodeHeader(b []byte) verdict {
	if len(b) < headerSize {
		return short
	}
	sum := binary.LittleEndian.Uint32(b[headerSize-4:])
	if string(b[:8]) != headerMagic || crc32.Checksum(b[:headerSize-4], castagnoli) != sum {
		return damaged
	}
	return whole
}

// createSegment makes the file of a new segment, with its header, and makes
// its name last.
func createSegment(path string) (file, error) { return createNamed(path, syncDir) }

func createNamed(path string, syncNames func(dir string) error) (file, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syncNames(filepath.Dir(path)); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path))
	}
	return f, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// listSegments returns the segments in dir, oldest first.
func listSegments(dir string) ([]*segment, error) {
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var segs []*segment
	for _, d := range names {
		seq, ok := segmentSeq(d.Name())
		if !ok || !d.Type().IsRegular() {
			continue
		}
		info, err := d.Info()
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		segs = append(segs, &segment{seq: seq, path: filepath.Join(dir, d.Name()), size: info.Size(), sealed: true})
	}
	slices.SortFunc(segs, func(a, b *segment) int {
		if a.seq < b.seq {
			return -1
		}
		return 1
	})
	return segs, nil
}
