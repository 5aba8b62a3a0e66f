package pipeline

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/internal/config"
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
