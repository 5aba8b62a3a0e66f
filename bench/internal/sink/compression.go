package sink

import (
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/gzip" // registers itself
)

func init() { encoding.RegisterCompressor(&zstdCompressor{}) }

// A zstdCompressor is what gRPC has no codec for by itself: zstd, as rtcship and the
// collector name it. The sink takes requests only; its empty answers go out as they come.
type zstdCompressor struct{ readers sync.Pool }

func (*zstdCompressor) Name() string { return "zstd" }

func (*zstdCompressor) Compress(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }

func (c *zstdCompressor) Decompress(r io.Reader) (io.Reader, error) {
	d, _ := c.readers.Get().(*zstd.Decoder)
	if d == nil {
		var err error
		if d, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1)); err != nil {
			return nil, err
		}
	}
	if err := d.Reset(r); err != nil {
		return nil, err
	}
	return &pooledReader{d, &c.readers}, nil
}

// A pooledReader gives its decoder back at the end of what it reads.
type pooledReader struct {
	decoder *zstd.Decoder
	home    *sync.Pool
}

func (r *pooledReader) Read(p []byte) (int, error) {
	if r.decoder == nil {
		return 0, io.EOF
	}
	n, err := r.decoder.Read(p)
	if err != nil {
		r.home.Put(r.decoder)
		r.decoder = nil
	}
	return n, err
}
