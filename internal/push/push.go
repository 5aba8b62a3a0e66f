// Package push sends what /metrics shows to the collector, for places where nobody
// scrapes.
package push

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/rtcship/rtcship/internal/admin"
	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/otlpclient"
	"github.com/rtcship/rtcship/internal/pipeline"
)

// A Push sends metrics where a configuration wants it. What cannot be sent is sent with the next, since
// all values count from the beginning of the process.
type Push struct {
	Status  func() *pipeline.Status
	More    sdkmetric.Producer // of what is not in the status
	Log     *slog.Logger
	Version string

	mu      sync.Mutex
	wanted  pushed
	stop    func()
	stopped bool
}

// pushed is what of a configuration metrics are pushed by.
type pushed struct {
	metrics    config.Metrics
	export     config.Export
	attributes map[string]string
}

// lastPush is how long the last values may take at the end. It is a variable for tests alone.
var lastPush = time.Second

// Configure pushes as cfg wants it from now on. What keeps it from doing so is logged.
func (p *Push) Configure(cfg *config.Config) {
	p.mu.Lock()
	defer p.mu.Unlock()
	wanted := pushed{cfg.Metrics, cfg.Export, cfg.Resource.FromEnvironment}
	if p.stopped || reflect.DeepEqual(wanted, p.wanted) {
		return
	}
	p.end()
	p.wanted = wanted
	if !cfg.Metrics.OTLP {
		return
	}
	stop, err := p.start(cfg)
	if err != nil {
		p.Log.Error("metrics are not sent to the collector", "error", err)
		return
	}
	p.stop = stop
}

// Close sends the last values and ends. A nil Push may be closed.
func (p *Push) Close() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
	p.stopped = true
}

// end stops what runs. The caller holds p.mu.
func (p *Push) end() {
	if p.stop != nil {
		p.stop()
		p.stop = nil
	}
}

func (p *Push) start(cfg *config.Config) (stop func(), err error) {
	client, err := pipeline.MetricsClient(cfg, p.Version)
	if err != nil {
		return nil, err
	}
	exporter, close, err := newMetricExporter(client)
	if err != nil {
		return nil, fmt.Errorf("prepare delivery of metrics: %w", err)
	}
	// The interval is the SDK's own: a minute, or OTEL_METRIC_EXPORT_INTERVAL.
	reader := sdkmetric.NewPeriodicReader(&outspoken{Exporter: exporter, log: p.Log}, sdkmetric.WithProducer(p.More))
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithResource(client.Resource()))
	stop = func() {
		ctx, cancel := context.WithTimeout(context.Background(), lastPush)
		defer cancel()
		_ = provider.Shutdown(ctx) // outspoken has said what there is to say
		close()
	}
	if _, err := admin.Observe(provider.Meter("rtcship"), p.Status); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

// newMetricExporter returns an exporter, and what ends its connection.
func newMetricExporter(c *otlpclient.Config) (_ sdkmetric.Exporter, end func(), err error) {
	noHeaders := map[string]string{} // c has them
	if !c.OverHTTP() {
		conn, err := c.Dial()
		if err != nil {
			return nil, nil, err
		}
		e, err := otlpmetricgrpc.New(context.Background(), otlpmetricgrpc.WithGRPCConn(conn), otlpmetricgrpc.WithHeaders(noHeaders), otlpmetricgrpc.WithTimeout(c.Timeout))
		return e, func() { conn.Close() }, err
	}
	client, address, err := c.Client()
	if err != nil {
		return nil, nil, err
	}
	options := []otlpmetrichttp.Option{
		otlpmetrichttp.WithEndpoint(address.Host), otlpmetrichttp.WithURLPath(address.Path),
		otlpmetrichttp.WithHeaders(noHeaders), otlpmetrichttp.WithHTTPClient(client),
	}
	if address.Scheme == "http" {
		options = append(options, otlpmetrichttp.WithInsecure())
	}
	e, err := otlpmetrichttp.New(context.Background(), options...)
	return e, client.CloseIdleConnections, err
}

// An outspoken exporter says when metrics cannot be sent, and when they can again.
type outspoken struct {
	sdkmetric.Exporter
	log *slog.Logger

	mu     sync.Mutex
	failed bool
}

// Export implements sdkmetric.Exporter. It never fails: the next export is the retry.
func (e *outspoken) Export(ctx context.Context, m *metricdata.ResourceMetrics) error {
	err := e.Exporter.Export(ctx, m)
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case err != nil && !e.failed:
		e.log.Warn("metrics cannot be sent to the collector, trying again with the next", "error", otlpclient.Why(err))
	case err == nil && e.failed:
		e.log.Info("metrics are sent to the collector again")
	}
	e.failed = err != nil
	return nil
}
