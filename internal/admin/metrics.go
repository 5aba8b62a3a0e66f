package admin

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/otlptranslator"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/rtcship/rtcship/internal/pipeline"
)

// newMetrics serves the table of metrics, and more, for Prometheus. Each scrape asks
// for the status once; nothing is measured for its own sake. Exemplars are in the
// OpenMetrics form alone, native histograms in protobuf alone.
func newMetrics(status func() *pipeline.Status, more []prometheus.Gatherer) (http.Handler, error) {
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
	if _, err := Observe(provider.Meter("rtcship"), status); err != nil {
		return nil, err
	}
	all := append(prometheus.Gatherers{registry}, more...)
	return promhttp.HandlerFor(all, promhttp.HandlerOpts{DisableCompression: true, EnableOpenMetrics: true}), nil
}

// A metricsHandler shares what is scraped, by the form that is asked for.
type metricsHandler struct {
	next    http.Handler
	pressed func() bool

	mu    sync.Mutex
	forms map[string]*shared[scrape] // by the Accept header
}

// mostForms is how many forms are shared; Prometheus asks for one, people for another.
const mostForms = 4

// A scrape is an answer as it was given.
type scrape struct {
	code   int
	header http.Header
	body   bytes.Buffer
}

// ServeHTTP implements http.Handler.
func (h *metricsHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	form := h.form(r.Header.Get("Accept"))
	if form == nil {
		h.next.ServeHTTP(w, r)
		return
	}
	s := form.get(func() scrape {
		s := scrape{code: http.StatusOK, header: http.Header{}}
		h.next.ServeHTTP(&s, r)
		return s
	})
	maps.Copy(w.Header(), s.header)
	w.WriteHeader(s.code)
	w.Write(s.body.Bytes()) //nolint:errcheck // the client may be gone
}

// form returns what is shared of the form that accept asks for, or nil if there
// are too many already.
func (h *metricsHandler) form(accept string) *shared[scrape] {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.forms == nil {
		h.forms = map[string]*shared[scrape]{}
	}
	if h.forms[accept] == nil && len(h.forms) < mostForms {
		h.forms[accept] = &shared[scrape]{pressed: h.pressed}
	}
	return h.forms[accept]
}

// Header implements http.ResponseWriter.
func (s *scrape) Header() http.Header { return s.header }

// WriteHeader implements http.ResponseWriter.
func (s *scrape) WriteHeader(code int) { s.code = code }

// Write implements http.ResponseWriter.
func (s *scrape) Write(p []byte) (int, error) { return s.body.Write(p) }

// Observe registers one instrument for each line of the table, and one callback
// for all, which ends with the registration. Each value has the given attributes
// besides those of its line.
func Observe(meter metric.Meter, status func() *pipeline.Status, all ...attribute.KeyValue) (metric.Registration, error) {
	instruments := make([]metric.Float64Observable, len(table))
	observables := make([]metric.Observable, len(table))
	for i, m := range table {
		var err error
		if instruments[i], err = m.instrument(meter); err != nil {
			return nil, fmt.Errorf("make metric %s: %w", m.name, err)
		}
		observables[i] = instruments[i]
	}
	registration, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := status()
		for i, m := range table {
			m.values(s, func(v float64, values ...string) {
				attrs := slices.Grow(slices.Clone(all), len(m.labels))
				for k, label := range m.labels {
					attrs = append(attrs, attribute.String(label, values[k]))
				}
				o.ObserveFloat64(instruments[i], v, metric.WithAttributes(attrs...))
			})
		}
		return nil
	}, observables...)
	if err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	return registration, nil
}

func (m *metricRow) instrument(meter metric.Meter) (metric.Float64Observable, error) {
	if m.counter {
		return meter.Float64ObservableCounter(m.name, metric.WithUnit(m.unit), metric.WithDescription(m.help))
	}
	return meter.Float64ObservableGauge(m.name, metric.WithUnit(m.unit), metric.WithDescription(m.help))
}
