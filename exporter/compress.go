package exporter

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
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

// packers hold a packer for each compression there is.
type packers map[string]*packer

func newPackers() packers {
	return packers{CompressionGzip: {name: CompressionGzip}, CompressionZstd: {name: CompressionZstd}}
}

// pack sets p.packed as a compression has it, and returns a function that takes
// it back.
func (ks packers) pack(p *payload, name string) (release func(), err error) {
	k, ok := ks[name]
	if !ok {
		return func() {}, nil // none
	}
	if err := k.pack(p); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return func() {
		k.buffers.Put(p.packed)
		p.packed = nil
	}, nil
}

func (k *packer) pack(p *payload) error {
	enc, err := k.encoder()
	if err != nil {
		return err
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
			return err
		}
	}
	if err := enc.Close(); err != nil {
		return err
	}
	p.packed = out
	return nil
}

func (k *packer) encoder() (encoder, error) {
	if enc, ok := k.encoders.Get().(encoder); ok {
		return enc, nil
	}
	if k.name == CompressionGzip {
		return gzip.NewWriterLevel(nil, gzip.BestSpeed)
	}
	// Chosen with bench/parts (-bench Compress): the next level costs a third more
	// for 2 % fewer bytes. The frame's own checksum is left out, which is a
	// twentieth: TCP, and TLS more so, have theirs.
	return zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderCRC(false),
		zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(512<<10),
		zstd.WithLowerEncoderMem(true))
}

// packed is gRPC's idea of a compressor, for messages that are compressed
// already. It says as what the calls that begin now are compressed.
type packed struct{ name *atomic.Value }

func (c packed) Type() string { return c.name.Load().(string) }

func (c packed) Do(w io.Writer, p []byte) error {
	_, err := w.Write(p)
	return err
}

// unpacker decompresses answers, which a server compresses as it likes.
type unpacker struct{ name *atomic.Value }

func (u unpacker) Type() string { return u.name.Load().(string) }

func (u unpacker) Do(r io.Reader) ([]byte, error) { return unpack(u.Type(), r) }

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
