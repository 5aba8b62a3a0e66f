package exporter_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/exporter/exportertest"
)

// An authority signs certificates for a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert = a.sign(t, template, template, a.key)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) sign(t *testing.T, template, parent *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// issue returns a certificate for 127.0.0.1 and name.
func (a *authority) issue(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key := newKey(t)
	cert := a.sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:   time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}, a.cert, key)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// writeCert writes a certificate and its key, and returns the paths.
func writeCert(t *testing.T, dir string, cert tls.Certificate) (certFile, keyFile string) {
	t.Helper()
	certFile, keyFile = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	writePEM(t, certFile, "CERTIFICATE", cert.Certificate[0])
	der, err := x509.MarshalECPrivateKey(cert.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, keyFile, "EC PRIVATE KEY", der)
	return certFile, keyFile
}

// Client certificate, key and CA are replaced while running: the next
// connection uses the new ones.
func TestMutualTLSWithReload(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, protocol string) {
		t.Parallel()
		old, fresh := newAuthority(t, "old"), newAuthority(t, "new")
		var current atomic.Pointer[tls.Config]
		serve := func(a *authority) {
			current.Store(&tls.Config{
				Certificates: []tls.Certificate{a.issue(t, "collector")}, ClientAuth: tls.RequireAndVerifyClientCert,
				ClientCAs: a.pool(), NextProtos: []string{"h2"},
			})
		}
		serve(old)
		var got ledger
		var log bytes.Buffer
		s := start(t, exportertest.Config{Take: got.take, TLS: &tls.Config{
			NextProtos:         []string{"h2"},
			GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return current.Load(), nil },
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
				return &current.Load().Certificates[0], nil
			},
		}})
		dir := t.TempDir()
		ca := filepath.Join(dir, "ca.crt")
		writePEM(t, ca, "CERTIFICATE", old.cert.Raw)
		certFile, keyFile := writeCert(t, dir, old.issue(t, "client"))
		e := open(t, exporter.Config{
			Endpoint: s.Endpoint(protocol), Protocol: protocol, Blocked: always, Logger: slog.New(slog.NewTextHandler(&log, nil)),
			TLS: exporter.TLS{CAFile: ca, CertFile: certFile, KeyFile: keyFile},
		})
		a, uidsA := group("a", 10, 10)
		if err := e.Send(t.Context(), []exporter.Group{a}); err != nil {
			t.Fatal(err)
		}
		// Half a replacement does no harm: the old files stay in use.
		if err := os.WriteFile(certFile, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		s.DropConnections()
		if err := e.Send(t.Context(), []exporter.Group{a}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(log.String(), "cannot be used") {
			t.Errorf("log %q", log.String())
		}
		serve(fresh)
		s.DropConnections()
		b, uidsB := group("b", 10, 10)
		if err := sendUntil(t, e, b, "ca_file"); err == nil {
			t.Fatal("an unknown authority was trusted")
		}
		writePEM(t, ca, "CERTIFICATE", fresh.cert.Raw)
		writeCert(t, dir, fresh.issue(t, "client"))
		if err := e.Send(t.Context(), []exporter.Group{b}); err != nil {
			t.Fatal(err)
		}
		if missing := got.missing(append(uidsA, uidsB...)); len(missing) > 0 {
			t.Errorf("missing %q", missing)
		}
	})
}

// Each way in which TLS can be set up wrongly is refused, kept for later and
// explained.
func TestTLSFaults(t *testing.T) {
	ours, other := newAuthority(t, "ours"), newAuthority(t, "other")
	dir := t.TempDir()
	ca, otherCA := filepath.Join(dir, "ca"), filepath.Join(dir, "other")
	writePEM(t, ca, "CERTIFICATE", ours.cert.Raw)
	writePEM(t, otherCA, "CERTIFICATE", other.cert.Raw)
	server := &tls.Config{Certificates: []tls.Certificate{ours.issue(t, "collector")}}
	mutual := server.Clone()
	mutual.ClientAuth, mutual.ClientCAs = tls.RequireAndVerifyClientCert, ours.pool()
	elsewhere := func(s *exportertest.Server, p string) string {
		return strings.Replace(s.Endpoint(p), "127.0.0.1", "localhost", 1)
	}
	tests := []struct {
		name     string
		server   *tls.Config
		endpoint func(*exportertest.Server, string) string
		client   exporter.TLS
		hint     string // empty: it works
	}{
		{"works", server, (*exportertest.Server).Endpoint, exporter.TLS{CAFile: ca}, ""},
		{"anything goes", server, elsewhere, exporter.TLS{InsecureSkipVerify: true}, ""},
		{"anything goes, whatever the CA", server, elsewhere, exporter.TLS{CAFile: otherCA, InsecureSkipVerify: true}, ""},
		{"without a scheme", server, (*exportertest.Server).Addr, exporter.TLS{CAFile: ca}, ""},
		{"system's authorities", server, (*exportertest.Server).Endpoint, exporter.TLS{}, "export.tls.ca_file"},
		{"another authority", server, (*exportertest.Server).Endpoint, exporter.TLS{CAFile: otherCA}, "export.tls.ca_file"},
		{"another name", server, elsewhere, exporter.TLS{CAFile: ca}, "name in export.endpoint"},
		{"no client certificate", mutual, (*exportertest.Server).Endpoint, exporter.TLS{CAFile: ca}, "client certificate"},
		{"TLS to a plain server", nil, func(s *exportertest.Server, p string) string { return "https://" + s.Addr(p) }, exporter.TLS{CAFile: ca}, "http://"},
		{"plain to a TLS server", server, func(s *exportertest.Server, p string) string { return "http://" + s.Addr(p) }, exporter.TLS{}, "https://"},
	}
	eachProtocol(t, func(t *testing.T, protocol string) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				var log bytes.Buffer
				s := start(t, exportertest.Config{TLS: tt.server})
				e := open(t, exporter.Config{
					Endpoint: tt.endpoint(s, protocol), Protocol: protocol, TLS: tt.client, Blocked: always,
					Logger: slog.New(slog.NewTextHandler(&log, nil)),
				})
				g, _ := group("a", 1, 1)
				err := sendUntil(t, e, g, tt.hint)
				if tt.hint == "" {
					if err != nil {
						t.Error(err)
					}
					return
				}
				if err == nil {
					t.Fatal("it was delivered")
				}
				if !strings.Contains(log.String(), tt.hint) {
					t.Errorf("log %q, want a hint at %q", log.String(), tt.hint)
				}
			})
		}
	})
}

// sendUntil sends g until it is delivered or until the last error's hint
// contains a text, if there is one.
func sendUntil(t *testing.T, e *exporter.Exporter, g exporter.Group, hint string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var found atomic.Bool
	if hint != "" {
		go func() {
			for ; ctx.Err() == nil; time.Sleep(time.Millisecond) {
				if last := e.Status().LastError; last != nil && strings.Contains(last.Hint, hint) {
					found.Store(true)
					cancel()
				}
			}
		}()
	}
	err := e.Send(ctx, []exporter.Group{g})
	if hint != "" && !found.Load() {
		t.Errorf("last error %+v, want a hint at %q", e.Status().LastError, hint)
	}
	return err
}

func TestTLSFilesAreChecked(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage")
	if err := os.WriteFile(garbage, []byte("no PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		tls  exporter.TLS
		want string
	}{
		{exporter.TLS{CAFile: filepath.Join(dir, "none")}, "read CA file"},
		{exporter.TLS{CAFile: garbage}, "no certificate in it"},
		{exporter.TLS{CertFile: garbage}, "both cert_file and key_file"},
		{exporter.TLS{CertFile: garbage, KeyFile: garbage}, "read client certificate"},
	} {
		_, err := exporter.New(exporter.Config{Endpoint: "https://localhost:4317", TLS: tt.tls})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: error %v, want %q", tt.tls, err, tt.want)
		}
	}
}
