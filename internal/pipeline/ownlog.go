package pipeline

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/otlpclient"
	"github.com/rtcship/rtcship/internal/ownlog"
	"github.com/rtcship/rtcship/internal/smallfile"
)

// exportOwnLog sends rtcship's own messages to the same collector, if the
// configuration wants it. Shipping logs does not depend on it, so a failure is
// only reported.
func (d *Daemon) exportOwnLog(cfg *config.Config) (stop func()) {
	if !cfg.Log.OTLP {
		return func() {}
	}
	secure, tlsErr := clientTLS(cfg.Export.TLS)
	headers, err := exporter.Headers(cfg.Export.Headers, cfg.Export.HeadersFile)
	if err := errors.Join(tlsErr, err); err != nil {
		d.Log.Warn("rtcship's own log is not sent to the collector", "error", err)
		return func() {}
	}
	end, err := d.Log.Export(ownlog.Export{
		Endpoint: cfg.Export.Endpoint, ExactPath: cfg.Export.ExactPath, Insecure: cfg.Export.Insecure,
		Protocol: cfg.Export.Protocol, Headers: headers,
		TLS: secure, Timeout: cfg.Export.Timeout, Version: d.Version, Attributes: cfg.Resource.FromEnvironment,
	})
	if err != nil {
		d.Log.Warn("rtcship's own log is not sent to the collector", "error", err)
		return func() {}
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		end(ctx)
	}
}

// MetricsClient says how metrics reach the collector that cfg names: as records do,
// but for what the variables for metrics say.
func MetricsClient(cfg *config.Config, version string) (*otlpclient.Config, error) {
	e, m := cfg.Export, cfg.Metrics.OTel
	if m.Protocol != "" && m.Endpoint == "" && e.Endpoint == config.DefaultEndpoint(e.Protocol) {
		e.Endpoint = config.DefaultEndpoint(m.Protocol)
	}
	exact := false
	if m.Endpoint != "" {
		e.Endpoint, e.Insecure, exact = m.Endpoint, nil, m.ExactPath
	}
	if m.Insecure != nil {
		e.Insecure = m.Insecure
	}
	if len(m.Headers) > 0 {
		e.Headers, e.HeadersFile = m.Headers, ""
	}
	e.TLS.CAFile = cmp.Or(m.CAFile, e.TLS.CAFile)
	if m.CertFile != "" || m.KeyFile != "" {
		e.TLS.CertFile, e.TLS.KeyFile = m.CertFile, m.KeyFile
	}
	secure, tlsErr := clientTLS(e.TLS)
	headers, err := exporter.Headers(e.Headers, e.HeadersFile)
	if err := errors.Join(tlsErr, err); err != nil {
		return nil, err
	}
	return &otlpclient.Config{
		Endpoint: e.Endpoint, ExactPath: exact, Path: "/v1/metrics", Insecure: e.Insecure,
		Protocol: cmp.Or(m.Protocol, e.Protocol), Headers: headers, TLS: secure, Timeout: cmp.Or(m.Timeout, e.Timeout),
		Version: version, Attributes: cfg.Resource.FromEnvironment,
	}, nil
}

// clientTLS returns nil if nothing was configured. The client certificate is
// read for each handshake, so that a new one is taken without a reload.
func clientTLS(t config.ExportTLS) (*tls.Config, error) {
	if t == (config.ExportTLS{}) {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: t.InsecureSkipVerify}
	if t.CAFile != "" {
		pem, err := smallfile.Read(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read export.tls.ca_file: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read export.tls.ca_file: no certificate in %s", t.CAFile)
		}
	}
	if t.CertFile != "" {
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			cert, err := smallfile.KeyPair(t.CertFile, t.KeyFile)
			return &cert, err
		}
	}
	return c, nil
}
