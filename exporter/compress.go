package exporter

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"google.golang.org/grpc"
)

// A packer compresses payloads, before they go to gRPC or HTTP. gRPC's own way
// would be a compressor registered for the whole process, which would replace
// the one that other users of gRPC in it have.
type packer struct {
	name     string
	encoders sync.Pool // of io.WriteCloser with Reset
	buffers  sync.Pool // of *bytes.Buffer
}

type encoder interface {
	io.WriteCloser
	Reset(io.Writer)
}

func newPacker(name string) *packer { return &packer{name: name} }

func (k *packer) active() bool { return k.name != CompressionNone }

// pack sets p.packed, if there is anything to do.
func (k *packer) pack(p *payload) error {
	if !k.active() {
		return nil
	}
	enc, err := k.encoder()
	if err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	defer k.encoders.Put(enc)
	out, ok := k.buffers.Get().(*bytes.Buffer)
	if !ok {
		out = new(bytes.Buffer)
	}
	out.Reset()
	enc.Reset(out)
	for _, s := range p.segments {
		if _, err := enc.Write(p.bytes(s)); err != nil {
			return fmt.Errorf("compress: %w", err)
		}
	}
	if err := enc.Close(); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	p.packed = out
	return nil
}

func (k *packer) release(p *payload) {
	if p.packed != nil {
		k.buffers.Put(p.packed)
		p.packed = nil
	}
}

func (k *packer) encoder() (encoder, error) {
	if enc, ok := k.encoders.Get().(encoder); ok {
		return enc, nil
	}
	if k.name == CompressionGzip {
		return gzip.NewWriterLevel(nil, gzip.BestSpeed)
	}
	return zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(512<<10),
		zstd.WithLowerEncoderMem(true))
}

// dialOptions tell gRPC what the messages are compressed with.
func (k *packer) dialOptions() []grpc.DialOption {
	if !k.active() {
		return nil
	}
	//nolint:staticcheck // the replacement is registered for the whole process
	return []grpc.DialOption{grpc.WithCompressor(packed{k.name}), grpc.WithDecompressor(unpacker{k.name})}
}

// packed is gRPC's idea of a compressor, for messages that are compressed
// already.
type packed struct{ name string }

func (c packed) Type() string { return c.name }

func (c packed) Do(w io.Writer, p []byte) error {
	_, err := w.Write(p)
	return err
}

// unpacker decompresses answers, which a server compresses as it likes.
type unpacker struct{ name string }

func (u unpacker) Type() string { return u.name }

func (u unpacker) Do(r io.Reader) ([]byte, error) { return unpack(u.name, r) }

// unpack reads at most one byte more than an answer may have.
func unpack(name string, r io.Reader) ([]byte, error) {
	switch name {
	case CompressionGzip:
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(io.LimitReader(z, maxAnswer+1))
	case CompressionZstd:
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(8<<20))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		return io.ReadAll(io.LimitReader(z, maxAnswer+1))
	}
	return nil, fmt.Errorf("unknown encoding %.20q", name)
}
