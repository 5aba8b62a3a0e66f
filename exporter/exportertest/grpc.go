package exportertest

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/gzip" // clients may send gzip
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
	"google.golang.org/protobuf/types/known/durationpb"
)

// services are the gRPC services, by what they receive.
var services = map[string]string{
	Logs:   "opentelemetry.proto.collector.logs.v1.LogsService",
	Traces: "opentelemetry.proto.collector.trace.v1.TraceService",
}

func serviceDesc(signal string) *grpc.ServiceDesc {
	handler := func(srv any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		body := new([]byte)
		if err := decode(body); err != nil {
			return nil, err
		}
		return srv.(*Server).export(ctx, signal, *body)
	}
	return &grpc.ServiceDesc{
		ServiceName: services[signal],
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Export", Handler: handler}},
	}
}

// tap sees a call before its message is read.
func (s *Server) tap(ctx context.Context, _ *tap.Info) (context.Context, error) {
	if s.cfg.Admit != nil && !s.cfg.Admit() {
		s.dropGRPC(ctx)
		return nil, status.Error(codes.Unavailable, "connection closed")
	}
	return ctx, nil
}

func (s *Server) dropGRPC(ctx context.Context) {
	if p, ok := peer.FromContext(ctx); ok {
		s.conns.close(p.Addr.String())
	}
}

func (s *Server) export(ctx context.Context, signal string, body []byte) (any, error) {
	r := &Request{Protocol: GRPC, Signal: signal, Body: body, Path: "/" + services[signal] + "/Export"}
	if md, ok := metadata.FromIncomingContext(ctx); ok {
		r.Header = make(http.Header, len(md))
		for name, values := range md {
			r.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	if c, ok := ctx.Value(encodingKey{}).(*call); ok && c.encoding != "identity" {
		r.Compression = c.encoding
	}
	f := s.decide(ctx, r)
	switch {
	case f == nil:
		return []byte(nil), nil
	case f.Drop:
		s.dropGRPC(ctx)
		return nil, status.Error(codes.Unavailable, "connection closed")
	case f.Stall:
		s.stall(ctx)
		if err := ctx.Err(); err != nil { // the client's own answer, in case that this one is sooner
			return nil, status.FromContextError(err).Err()
		}
		return nil, status.Error(codes.Unavailable, "stalled")
	case f.code() == codes.OK:
		return reply(f), nil
	}
	st := status.New(f.code(), f.Message)
	if f.Wait > 0 {
		with, err := st.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(f.Wait)})
		if err != nil {
			return nil, fmt.Errorf("add RetryInfo: %w", err)
		}
		st = with
	}
	return nil, st.Err()
}

// A call is what the metadata of a gRPC call does not tell.
type call struct{ encoding string }

type encodingKey struct{}

// calls is a stats.Handler that notes how messages are compressed.
type calls struct{}

func (calls) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	return context.WithValue(ctx, encodingKey{}, new(call))
}

func (calls) HandleRPC(ctx context.Context, s stats.RPCStats) {
	if in, ok := s.(*stats.InHeader); ok {
		ctx.Value(encodingKey{}).(*call).encoding = in.Compression
	}
}

func (calls) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

func (calls) HandleConn(context.Context, stats.ConnStats) {}

// rawCodec hands messages through as bytes.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	b, ok := v.([]byte)
	if !ok {
		return nil, fmt.Errorf("cannot send a %T", v)
	}
	return mem.BufferSlice{mem.SliceBuffer(b)}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("cannot receive into a %T", v)
	}
	*b = data.Materialize()
	return nil
}

// gRPC has no other way to teach one server a compression than to teach all of
// them, before any is made.
func init() { encoding.RegisterCompressor(zstdCompressor{}) }

type zstdCompressor struct{}

func (zstdCompressor) Name() string { return "zstd" }

func (zstdCompressor) Compress(w io.Writer) (io.WriteCloser, error) {
	return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
}

func (zstdCompressor) Decompress(r io.Reader) (io.Reader, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return z.IOReadCloser(), nil
}
