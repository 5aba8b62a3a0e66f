// Package peer holds the programs that exist only to be measured against:
// the straightforward one, made of well-known libraries, and the limit, which
// does nothing but read and send.
package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/nxadm/tail"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
)

// Nxadm follows files with nxadm/tail and sends each line as a record of
// OpenTelemetry's logs SDK until it is told to end. It is what most people
// would write first, with two favours done to it: it parses nothing but the
// time, and it waits for the receiver where the SDK's own batch processor
// would drop records.
func Nxadm(endpoint string, files []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	exp, err := otlploggrpc.New(ctx, otlploggrpc.WithEndpoint(endpoint), otlploggrpc.WithInsecure())
	if err != nil {
		return fmt.Errorf("make exporter: %w", err)
	}
	batches := &batcher{to: exp}
	provider := sdklog.NewLoggerProvider(sdklog.WithProcessor(batches))
	logger := provider.Logger("nxadm")

	var wg sync.WaitGroup
	for _, name := range files {
		t, err := tail.TailFile(name, tail.Config{Follow: true, ReOpen: true, Logger: tail.DiscardingLogger})
		if err != nil {
			return fmt.Errorf("follow: %w", err)
		}
		wg.Go(func() { emit(ctx, t, logger) })
	}
	go batches.flushNowAndThen(ctx)
	wg.Wait()
	return provider.Shutdown(context.Background())
}

func emit(ctx context.Context, t *tail.Tail, logger log.Logger) {
	for {
		select {
		case <-ctx.Done():
			return
		case line, ok := <-t.Lines:
			if !ok {
				return
			}
			var r log.Record
			r.SetBody(attribute.StringValue(line.Text))
			r.SetTimestamp(timestamp(line.Text))
			r.SetObservedTimestamp(line.Time)
			logger.Emit(ctx, r)
		}
	}
}

// timestamp finds a line's time without parsing the rest.
func timestamp(line string) time.Time {
	const key = `"timestamp":"`
	_, rest, _ := bytes.Cut([]byte(line), []byte(key))
	value, _, _ := bytes.Cut(rest, []byte{'"'})
	t, _ := time.Parse(time.RFC3339Nano, string(value)) // the zero time if there is none
	return t
}

const (
	batchSize  = 4096
	batchDelay = 200 * time.Millisecond
)

// A batcher is a log processor that exports full batches within OnEmit, so
// that the reader waits and nothing is dropped.
type batcher struct {
	to *otlploggrpc.Exporter

	mu      sync.Mutex
	waiting []sdklog.Record
}

// Enabled says that every record is wanted.
func (b *batcher) Enabled(context.Context, sdklog.EnabledParameters) bool { return true }

// OnEmit takes a record, and exports the batch that it fills.
func (b *batcher) OnEmit(ctx context.Context, r *sdklog.Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = append(b.waiting, r.Clone())
	if len(b.waiting) < batchSize {
		return nil
	}
	return b.export(ctx)
}

// export sends what waits. The caller holds the lock.
func (b *batcher) export(ctx context.Context) error {
	if len(b.waiting) == 0 {
		return nil
	}
	err := b.to.Export(ctx, b.waiting)
	b.waiting = b.waiting[:0]
	return err
}

func (b *batcher) flushNowAndThen(ctx context.Context) {
	t := time.NewTicker(batchDelay)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if err := b.ForceFlush(ctx); err != nil {
				fmt.Fprintln(os.Stderr, "export:", err)
			}
		}
	}
}

// ForceFlush exports what waits.
func (b *batcher) ForceFlush(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.export(ctx)
}

// Shutdown exports what waits and closes the exporter.
func (b *batcher) Shutdown(ctx context.Context) error {
	return errors.Join(b.ForceFlush(ctx), b.to.Shutdown(ctx))
}
