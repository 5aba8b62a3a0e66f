package admin

import (
	"context"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/otlptranslator"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/rtcship/rtcship/internal/pipeline"
)

// newMetrics serves the table of metrics for Prometheus. Each scrape asks for
// the status once; nothing is measured for its own sake.
func newMetrics(status func() *pipeline.Status) (http.Handler, error) {
	registry := prometheus.NewRegistry()
	reader, err := otelprometheus.New(
		otelprometheus.WithRegisterer(registry),
		otelprometheus.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithSuffixes),
		otelprometheus.WithoutScopeInfo(),
		otelprometheus.WithoutTargetInfo(),
	)
	if err != nil {
		return nil, fmt.Errorf("make Prometheus exporter: %w", err)
	}
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	if err := observe(provider.Meter("rtcship"), status); err != nil {
		return nil, err
	}
	var scrapes shared[scrape]
	gather := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		s := scrapes.get(func() scrape {
			families, err := registry.Gather()
			return scrape{families, err}
		})
		return s.families, s.err
	})
	return promhttp.HandlerFor(gather, promhttp.HandlerOpts{}), nil
}

// A scrape is shared by all who asked for it at once.
type scrape struct {
	families []*dto.MetricFamily
	err      error
}

// observe registers one instrument for each line of the table, and one callback for all.
func observe(meter metric.Meter, status func() *pipeline.Status) error {
	instruments := make([]metric.Float64Observable, len(table))
	all := make([]metric.Observable, len(table))
	for i, m := range table {
		var err error
		if instruments[i], err = m.instrument(meter); err != nil {
			return fmt.Errorf("make metric %s: %w", m.name, err)
		}
		all[i] = instruments[i]
	}
	_, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := status()
		for i, m := range table {
			m.values(s, func(v float64, values ...string) {
				attrs := make([]attribute.KeyValue, len(m.labels))
				for k, label := range m.labels {
					attrs[k] = attribute.String(label, values[k])
				}
				o.ObserveFloat64(instruments[i], v, metric.WithAttributes(attrs...))
			})
		}
		return nil
	}, all...)
	if err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	return nil
}

func (m *metricRow) instrument(meter metric.Meter) (metric.Float64Observable, error) {
	if m.counter {
		return meter.Float64ObservableCounter(m.name, metric.WithUnit(m.unit), metric.WithDescription(m.help))
	}
	return meter.Float64ObservableGauge(m.name, metric.WithUnit(m.unit), metric.WithDescription(m.help))
}
