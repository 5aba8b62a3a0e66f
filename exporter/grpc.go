package exporter

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/rtcship/rtcship/internal/endpoint"
)

// A client makes one attempt with a payload. When send returns, nothing refers
// to the payload's buffers any more.
type client interface {
	send(ctx context.Context, p *payload) answer
	// watch calls ready when a connection has been made, until ctx ends, if
	// the client can tell.
	watch(ctx context.Context, ready func())
	close() error
}

// reconnecting is how long a collector that cannot be reached is left alone. In the
// end that is 12 to 38 s: of many senders that are thereby out of step, a
// twenty-fifth comes back in a second at most, and all do within the 38.
var reconnecting = backoff.Config{BaseDelay: time.Second, Multiplier: 2, Jitter: 0.5, MaxDelay: 25 * time.Second}

const (
	// maxSilence is how long a connection may say nothing while requests over it
	// go unanswered. Then it is given up: it may be dead, and nobody has said so.
	maxSilence = 30 * time.Second

	// pingTime is after how long gRPC asks whether a connection lives over which
	// a request waits. Servers close a connection that asks more often than each
	// five minutes (too_many_pings), and export.timeout may be as long.
	pingTime = 5*time.Minute + 10*time.Second

	// ackTimeout is how long a ping, or bytes that were sent, may go without
	// their acknowledgement.
	ackTimeout = 10 * time.Second
)

// A grpcClient speaks OTLP/gRPC.
type grpcClient struct {
	conn    *grpc.ClientConn
	conns   *connections
	method  string
	headers *headerSource
	packers packers
	offer   negotiation

	// Calls that begin while encoding has a value are compressed as it says,
	// and hold it: gRPC asks for it when it sends, and when an answer comes.
	holding  sync.RWMutex
	encoding atomic.Value // string
}

func newGRPCClient(cfg Config, t target, creds *credentials, headers *headerSource) (*grpcClient, error) {
	c := &grpcClient{method: cfg.Signal.method(), conns: newConnections(), headers: headers, packers: newPackers()}
	c.offer.ladder = ladder(cfg.Compression)
	c.encoding.Store(c.offer.ladder[0])
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(creds.forGRPC(c.conns)),
		grpc.WithUserAgent(cfg.UserAgent),
		grpc.WithDisableRetry(),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(codec{}), grpc.MaxCallSendMsgSize(math.MaxInt32), grpc.MaxCallRecvMsgSize(maxAnswer)),
		grpc.WithMaxHeaderListSize(maxAnswerHeaders),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingTime, Timeout: ackTimeout}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           reconnecting,
			MinConnectTimeout: 5 * time.Second,
		}),
	}
	if len(c.offer.ladder) > 1 {
		//nolint:staticcheck // the replacement is registered for the whole process
		options = append(options, grpc.WithCompressor(packed{&c.encoding}), grpc.WithDecompressor(unpacker{&c.encoding}))
	}
	if t.authority != "" {
		options = append(options, grpc.WithAuthority(t.authority))
	}
	conn, err := grpc.NewClient(t.addr, options...)
	if err != nil {
		return nil, fmt.Errorf("endpoint %q: it is no gRPC target", endpoint.Mask(cfg.Endpoint))
	}
	c.conn = conn
	return c, nil
}

func (c *grpcClient) send(ctx context.Context, p *payload) answer {
	headers, err := c.headers.get()
	if err != nil {
		return answer{verdict: unwelcome, code: CodeNoAnswer, message: err.Error()}
	}
	ctx = metadata.NewOutgoingContext(ctx, metadata.New(headers))
	name, release := c.hold()
	defer release()
	return c.offer.negotiated(name, func(name string) (answer, uint64) {
		return c.invoke(ctx, p, name), c.conns.latest()
	})
}

// hold returns how a call is to be compressed, which does not change until
// release. To change it, nobody else may hold it; a call that comes meanwhile
// goes uncompressed.
func (c *grpcClient) hold() (name string, release func()) {
	name = c.offer.best(c.conns.latest())
	if name == CompressionNone {
		return name, func() {}
	}
	if c.encoding.Load() != name && c.holding.TryLock() {
		c.encoding.Store(name)
		c.holding.Unlock()
	}
	c.holding.RLock()
	if c.encoding.Load() != name {
		c.holding.RUnlock()
		return CompressionNone, func() {}
	}
	return name, c.holding.RUnlock
}

func (c *grpcClient) invoke(ctx context.Context, p *payload, name string) answer {
	unpack, err := c.packers.pack(p, name)
	if err != nil {
		return answer{verdict: again, code: CodeNoAnswer, message: err.Error()}
	}
	defer unpack()
	var header, trailer metadata.MD
	options := []grpc.CallOption{grpc.Header(&header), grpc.Trailer(&trailer)}
	if name == CompressionNone {
		options = append(options, grpc.UseCompressor(encoding.Identity))
	}
	out := &outgoing{p: p, freed: make(chan struct{})}
	var in response
	err = c.conn.Invoke(ctx, c.method, out, &in, options...)
	c.conns.await(out)
	st := status.Convert(err)
	if st.Code() == codes.DeadlineExceeded && !out.taken.Load() {
		st = status.New(codes.Unavailable, st.Message()) // there was nobody to answer
	}
	if st.Code() == codes.DeadlineExceeded {
		c.conns.closeSilent(maxSilence)
	}
	a := classifyGRPC(st, in)
	a.mayMeanCompression = grpcMeansCompression(st)
	a.wire, a.answered = p.wireSize(), len(header)+len(trailer) > 0
	return a
}

// watch calls ready each time a connection has been made, which gRPC does by
// itself once a first request has asked for one. Requests that wait because
// there was none need wait no longer.
func (c *grpcClient) watch(ctx context.Context, ready func()) {
	for {
		state := c.conn.GetState()
		if state == connectivity.Ready {
			ready()
		}
		if !c.conn.WaitForStateChange(ctx, state) {
			return
		}
	}
}

func (c *grpcClient) close() error { return c.conn.Close() }

// codec hands payloads to gRPC as they are.
type codec struct{}

func (codec) Name() string { return "proto" }

func (codec) Marshal(v any) (mem.BufferSlice, error) {
	out, ok := v.(*outgoing)
	if !ok {
		return nil, fmt.Errorf("cannot send a %T", v)
	}
	return out.take(), nil
}

func (codec) Unmarshal(data mem.BufferSlice, v any) error {
	in, ok := v.(*response)
	if !ok {
		return fmt.Errorf("cannot receive a %T", v)
	}
	// An error from here would look like the collector's: INTERNAL.
	parsed, err := parseResponse(data.Materialize())
	*in = parsed
	in.err = err
	return nil
}
