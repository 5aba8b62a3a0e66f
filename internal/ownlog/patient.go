package ownlog

import (
	"context"
	"sync"

	sdklog "go.opentelemetry.io/otel/sdk/log"
	"google.golang.org/grpc"
)

// A patient is an exporter whose waits for a collector that is away end when
// somebody knows that it is back: its own back-off may have seconds to go, and
// the process less.
type patient struct {
	sdklog.Exporter
	conn *grpc.ClientConn // nil over HTTP

	mu  sync.Mutex
	end map[int]context.CancelFunc // of the attempts under way
	n   int
}

// Export implements sdklog.Exporter. The exporter inside waits and tries again by
// itself; an end of its context that is none of ctx is a call to do so at once.
func (p *patient) Export(ctx context.Context, records []sdklog.Record) error {
	woken, err := p.try(ctx, records)
	for woken && err != nil {
		woken, err = p.try(context.WithValue(ctx, wokenKey{}, true), records)
	}
	return err
}

// try makes an attempt and tells whether it was woken.
func (p *patient) try(ctx context.Context, records []sdklog.Record) (woken bool, err error) {
	attempt, done := p.begin(ctx)
	defer done()
	err = p.Exporter.Export(attempt, records)
	return attempt.Err() != nil && ctx.Err() == nil, err
}

// wokenKey marks an attempt for which the connection is made just now, so that it
// is to wait for it.
type wokenKey struct{}

// waitIfWoken is between the exporter and the connection.
func waitIfWoken(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, next grpc.UnaryInvoker, o ...grpc.CallOption) error {
	return next(ctx, method, req, reply, conn, append(o, callOptions(ctx)...)...)
}

func callOptions(ctx context.Context) []grpc.CallOption {
	if ctx.Value(wokenKey{}) == nil {
		return nil
	}
	return []grpc.CallOption{grpc.WaitForReady(true)}
}

func (p *patient) begin(ctx context.Context) (attempt context.Context, done func()) {
	attempt, cancel := context.WithCancel(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.n
	p.n++
	p.end[n] = cancel
	return attempt, func() {
		cancel()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.end, n)
	}
}

// wake ends the waits.
func (p *patient) wake() {
	if p.conn != nil {
		p.conn.ResetConnectBackoff()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, cancel := range p.end {
		cancel()
	}
}

// Shutdown implements sdklog.Exporter.
func (p *patient) Shutdown(ctx context.Context) error {
	err := p.Exporter.Shutdown(ctx)
	if p.conn != nil {
		p.conn.Close()
	}
	return err
}
