package numbers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/otlptranslator"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// Exposed is a Meter that is read: by Prometheus, which gets classic and native
// buckets of each histogram, and by whatever pushes metrics.
type Exposed struct {
	*Meter
	classic, native *prometheus.Registry
	reader          *otelprometheus.Exporter // of the classic buckets
}

// Expose returns a Meter that is read.
func Expose() (*Exposed, error) {
	e := &Exposed{classic: prometheus.NewRegistry(), native: prometheus.NewRegistry()}
	var err error
	if e.reader, err = reader(e.classic, sdkmetric.DefaultAggregationSelector); err != nil {
		return nil, err
	}
	native, err := reader(e.native, func(k sdkmetric.InstrumentKind) sdkmetric.Aggregation {
		if k == sdkmetric.InstrumentKindHistogram {
			return sdkmetric.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 8, NoMinMax: true}
		}
		return sdkmetric.AggregationDrop{}
	})
	if err != nil {
		return nil, err
	}
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.reader), sdkmetric.WithReader(native))
	if e.Meter, err = New(provider.Meter(scope)); err != nil {
		return nil, err
	}
	return e, nil
}

// scope is the name of the instruments' scope.
const scope = "rtcship"

func reader(to *prometheus.Registry, by sdkmetric.AggregationSelector) (*otelprometheus.Exporter, error) {
	r, err := otelprometheus.New(
		otelprometheus.WithRegisterer(to),
		otelprometheus.WithAggregationSelector(by),
		otelprometheus.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithSuffixes),
		otelprometheus.WithoutScopeInfo(),
		otelprometheus.WithoutTargetInfo(),
	)
	if err != nil {
		return nil, fmt.Errorf("make Prometheus exporter: %w", err)
	}
	return r, nil
}

// Gather implements prometheus.Gatherer. The SDK makes buckets of one kind for each
// reader; here both kinds become one metric, as Prometheus' own libraries have it.
func (e *Exposed) Gather() ([]*dto.MetricFamily, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	families, err := e.classic.Gather()
	if err != nil {
		return families, fmt.Errorf("gather numbers of calls: %w", err)
	}
	native, err := e.native.Gather()
	if err != nil {
		return families, fmt.Errorf("gather native histograms of calls: %w", err)
	}
	for _, f := range families {
		i, found := slices.BinarySearchFunc(native, f.GetName(), func(n *dto.MetricFamily, name string) int {
			return strings.Compare(n.GetName(), name)
		})
		if found && f.GetType() == dto.MetricType_HISTOGRAM {
			join(f, native[i])
		}
	}
	return families, nil
}

// join adds the native buckets of each series to the classic ones. Both registries
// sort them in the same way.
func join(f, native *dto.MetricFamily) {
	if len(f.Metric) != len(native.Metric) {
		return
	}
	for i, m := range f.Metric {
		h, n := m.Histogram, native.Metric[i].Histogram
		h.Schema, h.ZeroThreshold, h.ZeroCount = n.Schema, n.ZeroThreshold, n.ZeroCount
		h.PositiveSpan, h.PositiveDelta = n.PositiveSpan, n.PositiveDelta
		h.NegativeSpan, h.NegativeDelta = n.NegativeSpan, n.NegativeDelta
		h.Exemplars = n.Exemplars
	}
}

// Produce implements metric.Producer, with classic buckets.
func (e *Exposed) Produce(ctx context.Context) ([]metricdata.ScopeMetrics, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all metricdata.ResourceMetrics
	if err := e.reader.Collect(ctx, &all); err != nil {
		return nil, fmt.Errorf("collect numbers of calls: %w", err)
	}
	return all.ScopeMetrics, nil
}
