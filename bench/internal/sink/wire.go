package sink

import (
	"context"

	"google.golang.org/grpc/stats"
)

// A wireCounter tells the counter how long requests were before they were decompressed,
// which the codec does not see.
type wireCounter struct{ c *counter }

func (wireCounter) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (wireCounter) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (wireCounter) HandleConn(context.Context, stats.ConnStats)                       {}

func (w wireCounter) HandleRPC(_ context.Context, s stats.RPCStats) {
	if in, ok := s.(*stats.InPayload); ok {
		w.c.wire(in.CompressedLength)
	}
}
