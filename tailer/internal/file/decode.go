package file

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// MaxWindow bounds the memory that a zstd file may ask its reader to use.
const MaxWindow = 32 << 20

// NewDecoder reads f from its beginning, without moving its offset.
func NewDecoder(f *os.File, p Packing) (Decoder, error) {
	r := bufio.NewReaderSize(io.NewSectionReader(f, 0, math.MaxInt64), 64<<10)
	if p == Gzip {
		z, err := gzip.NewReader(r)
		if err == io.EOF {
			err = io.ErrUnexpectedEOF // an empty file is one that was only begun
		}
		if err != nil {
			return nil, err
		}
		return gzipDecoder{z}, nil
	}
	if _, err := r.Peek(1); err == io.EOF {
		return nil, io.ErrUnexpectedEOF
	}
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(MaxWindow))
	if err != nil {
		return nil, err
	}
	return zstdDecoder{z}, nil
}

type gzipDecoder struct{ *gzip.Reader }

// Close lets go of the decoder.
func (d gzipDecoder) Close() { d.Reader.Close() }

type zstdDecoder struct{ *zstd.Decoder }

// UnpackedSize is the size that a compressed file says it has when unpacked, or
// -1 if it does not say. gzip counts modulo 4 GiB, and one file after another
// in the same .gz is not counted at all, so this is a hint.
func UnpackedSize(f io.ReaderAt, size int64, p Packing) int64 {
	if p == Gzip {
		var b [4]byte
		if _, err := f.ReadAt(b[:], size-4); err != nil || size < 18 {
			return -1
		}
		return int64(binary.LittleEndian.Uint32(b[:]))
	}
	b := make([]byte, zstd.HeaderMaxSize)
	n, _ := f.ReadAt(b, 0)
	var h zstd.Header
	if h.Decode(b[:n]) != nil || !h.HasFCS {
		return -1
	}
	return int64(h.FrameContentSize)
}
