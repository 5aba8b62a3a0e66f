package config

import (
	"slices"
	"strings"

	"github.com/rtcship/rtcship/internal/otelenv"
)

// fromOTel names the OTEL_* variables as the place of a value. The
// specification has two for each, so the one that was set is not named.
const fromOTel = "OTEL_EXPORTER_OTLP_*"

// applyOTel takes what OpenTelemetry's own variables say. They rank below the
// file, since they are often set for a whole pod or host.
func (l *loader) applyOTel(environ []string) {
	env := map[string]string{}
	for _, kv := range environ {
		if name, value, ok := strings.Cut(kv, "="); ok {
			env[name] = value
		}
	}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	s := otelenv.Read(lookup)
	l.Calls.OTel = otelenv.ReadTraces(lookup)
	l.Metrics.OTel = otelenv.ReadMetrics(lookup)
	for _, w := range slices.Concat(s.Warnings, l.Calls.OTel.Warnings, l.Metrics.OTel.Warnings) {
		l.Warnings = append(l.Warnings, Fault{Message: w})
	}
	e := &l.Export
	take(l, "export.endpoint", &e.Endpoint, s.Endpoint)
	take(l, "export.protocol", &e.Protocol, s.Protocol)
	take(l, "export.compression", &e.Compression, s.Compression)
	take(l, "export.timeout", &e.Timeout, s.Timeout)
	take(l, "export.tls.ca_file", &e.TLS.CAFile, s.CAFile)
	take(l, "export.tls.cert_file", &e.TLS.CertFile, s.CertFile)
	take(l, "export.tls.key_file", &e.TLS.KeyFile, s.KeyFile)
	if len(s.Headers) > 0 {
		e.Headers = s.Headers
		l.From["export.headers"] = fromOTel
	}
	e.ExactPath, e.Insecure = s.ExactPath, s.Insecure
	l.Resource.FromEnvironment = s.Attributes
}

// take sets a key that a variable has a value for.
func take[T comparable](l *loader, key string, to *T, value T) {
	var unset T
	if value == unset {
		return
	}
	*to = value
	l.From[key] = fromOTel
}

// settleEndpoint fills in the default, and forgets how the variables wanted an
// endpoint to be read that came from elsewhere.
func (l *loader) settleEndpoint() {
	if l.Export.Endpoint == "" {
		l.Export.Endpoint = DefaultEndpoint(l.Export.Protocol)
	}
	if l.From["export.endpoint"] != fromOTel {
		l.Export.ExactPath, l.Export.Insecure = false, nil
	}
}
