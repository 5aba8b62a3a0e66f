package ownlog

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/rtcship/rtcship/internal/otlpclient"
)

// An Export says how rtcship's own log reaches the collector: in the same way
// as what it ships, but by the OpenTelemetry SDK, since losing some of these
// messages while the collector is away is all right.
type Export = otlpclient.Config

// export is the handler behind which an exporter can be put and taken away.
type export struct {
	local *slog.Logger // where failures of the export itself go, and nowhere else
	level slog.Leveler
	to    atomic.Pointer[slog.Handler]
	by    atomic.Pointer[patient]
}

// Retry says that the collector can be reached again: what waits to be exported
// is tried at once.
func (l *Log) Retry() {
	if p := l.export.by.Load(); p != nil {
		p.wake()
	}
}

// queued is how many messages may wait to be exported. A daemon says little, and
// the SDK takes the memory for all of them at once.
const queued = 256

// Export sends messages to a collector from now on, until stop is called. It
// does not connect. Failures to export are logged locally only, so that they
// never become messages to export.
func (l *Log) Export(e Export) (stop func(context.Context), err error) {
	exporter, err := newPatient(&e)
	if err != nil {
		return nil, fmt.Errorf("export own log: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		l.export.local.Debug("own log was not exported", "error", otlpclient.Why(err))
	}))
	provider := sdklog.NewLoggerProvider(
		sdklog.WithResource(e.Resource()),
		sdklog.WithProcessor(sdklog.NewBatchProcessor(exporter, sdklog.WithMaxQueueSize(queued), sdklog.WithExportMaxBatchSize(queued/2))),
	)
	var h slog.Handler = otelslog.NewHandler("rtcship", otelslog.WithLoggerProvider(provider), otelslog.WithVersion(e.Version))
	l.export.to.Store(&h)
	l.export.by.Store(exporter)
	return func(ctx context.Context) {
		l.export.to.CompareAndSwap(&h, nil)
		exporter.wake() // a last try is worth more than the rest of a wait
		if err := provider.Shutdown(ctx); err != nil {
			l.export.local.Debug("own log was not exported to its end", "error", otlpclient.Why(err))
		}
		l.export.by.CompareAndSwap(exporter, nil)
	}, nil
}

func newPatient(e *Export) (*patient, error) {
	p := &patient{end: map[int]context.CancelFunc{}}
	var err error
	if e.OverHTTP() {
		p.Exporter, err = newHTTPExporter(e)
		return p, err
	}
	if p.conn, err = e.Dial(waitIfWoken); err != nil {
		return nil, err
	}
	p.Exporter, err = otlploggrpc.New(context.Background(), otlploggrpc.WithGRPCConn(p.conn), otlploggrpc.WithHeaders(noHeaders), otlploggrpc.WithTimeout(e.Timeout))
	return p, err
}

// noHeaders takes the place of OTEL_EXPORTER_OTLP_HEADERS: Export.Headers has them.
var noHeaders = map[string]string{}

func newHTTPExporter(e *Export) (sdklog.Exporter, error) {
	client, address, err := e.Client()
	if err != nil {
		return nil, err
	}
	options := []otlploghttp.Option{
		otlploghttp.WithEndpoint(address.Host), otlploghttp.WithURLPath(address.Path),
		otlploghttp.WithHeaders(noHeaders), otlploghttp.WithHTTPClient(client),
	}
	if address.Scheme == "http" {
		options = append(options, otlploghttp.WithInsecure())
	}
	return otlploghttp.New(context.Background(), options...)
}

// Enabled implements slog.Handler.
func (x *export) Enabled(_ context.Context, level slog.Level) bool {
	return x.to.Load() != nil && level >= x.level.Level()
}

// Handle implements slog.Handler.
func (x *export) Handle(ctx context.Context, r slog.Record) error {
	if to := x.to.Load(); to != nil {
		return (*to).Handle(ctx, r)
	}
	return nil
}

// WithAttrs implements slog.Handler.
func (x *export) WithAttrs(attrs []slog.Attr) slog.Handler { return &exportWith{x, attrs} }

// WithGroup implements slog.Handler; the log uses no groups.
func (x *export) WithGroup(string) slog.Handler { return x }

// exportWith adds attributes on the way, since the exporter may come later.
type exportWith struct {
	*export
	attrs []slog.Attr
}

// Handle implements slog.Handler.
func (x *exportWith) Handle(ctx context.Context, r slog.Record) error {
	r.AddAttrs(x.attrs...)
	return x.export.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (x *exportWith) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &exportWith{x.export, slices.Concat(x.attrs, attrs)}
}
