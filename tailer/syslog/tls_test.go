package syslog

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// An authority signs certificates for tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t testing.TB, name string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// issue returns a certificate for 127.0.0.1, and its key.
func (a *authority) issue(t testing.TB, serial int64) (cert, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: fmt.Sprint("leaf ", serial)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &k.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	kder, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: kder})
}

// pair returns a certificate as a client uses it.
func (a *authority) pair(t testing.TB, serial int64) tls.Certificate {
	t.Helper()
	cert, err := tls.X509KeyPair(a.issue(t, serial))
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// files writes certificate and key of a server, and returns the configuration.
func (a *authority) files(t testing.TB, dir string, serial int64) TLSConfig {
	t.Helper()
	cert, key := a.issue(t, serial)
	cfg := TLSConfig{CertFile: filepath.Join(dir, "tls.crt"), KeyFile: filepath.Join(dir, "tls.key")}
	for name, data := range map[string][]byte{cfg.CertFile: cert, cfg.KeyFile: key} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cfg
}

// trust returns a client's configuration.
func (a *authority) trust() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{RootCAs: pool}
}

func dialTLS(t testing.TB, s *Server, cfg *tls.Config) (*tls.Conn, error) {
	t.Helper()
	c, err := tls.Dial("tcp", s.addrs()[0].String(), cfg)
	if err == nil {
		t.Cleanup(func() { c.Close() })
	}
	return c, err
}

func TestTLS(t *testing.T) {
	ca := newAuthority(t, "ca")
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			var sink memory
			s := serve(t, Config{Listen: []string{"tls://127.0.0.1:0"}, TLS: ca.files(t, t.TempDir(), 2)}, &sink)
			cfg := ca.trust()
			cfg.MinVersion, cfg.MaxVersion = version, version
			c, err := dialTLS(t, s, cfg)
			if err != nil {
				t.Fatal(err)
			}
			send(t, c, "9 <14>one\nx")
			send(t, c, "<14>two\n<14>th")
			e := sink.wait(t, 2)
			if string(e[0].Text) != "<14>one\nx" || e[0].Transport != "tls" || e[0].Peer.String() != c.LocalAddr().String() {
				t.Errorf("got %+v", e[0])
			}
			c.Close()
			if e := sink.wait(t, 3); string(e[2].Text) != "<14>th" {
				t.Errorf("got %q", e[2].Text)
			}
			waitFor(t, func() bool { return s.Status()[0].Connections == 0 })
			for reason, n := range s.Status()[0].Refused {
				if n != 0 {
					t.Errorf("%s: %d", reason, n)
				}
			}
		})
	}
}

// Records of all sizes, arriving in pieces, with messages across them.
func TestTLSInPieces(t *testing.T) {
	ca := newAuthority(t, "ca")
	var sink memory
	s := serve(t, Config{Listen: []string{"tls://127.0.0.1:0"}, TLS: ca.files(t, t.TempDir(), 2)}, &sink)
	raw, err := net.Dial("tcp", s.addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	cfg := ca.trust()
	cfg.ServerName = "127.0.0.1"
	c := tls.Client(&choppy{Conn: raw}, cfg)
	const n = 300
	for i := range n {
		text := fmt.Sprintf("<14>message %d %s", i, strings.Repeat("x", i*i%9000))
		send(t, c, fmt.Sprintf("%d %s", len(text), text))
	}
	for i, e := range sink.wait(t, n) {
		if want := fmt.Sprintf("<14>message %d %s", i, strings.Repeat("x", i*i%9000)); string(e.Text) != want {
			t.Fatalf("message %d: %d bytes, want %d", i, len(e.Text), len(want))
		}
	}
}

// choppy writes in pieces of odd sizes, with pauses now and then.
type choppy struct {
	net.Conn
	count int
}

func (c *choppy) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		c.count++
		m, werr := c.Conn.Write(p[n:min(len(p), n+1+c.count*37%2000)])
		n, err = n+m, werr
		if c.count%10 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	return n, err
}

func TestTLSRefuses(t *testing.T) {
	ca, other := newAuthority(t, "ca"), newAuthority(t, "other")
	cfg := ca.files(t, t.TempDir(), 2)
	cfg.ClientCAFile = filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(cfg.ClientCAFile, ca.pem, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(*tls.Config)
	}{
		{"no certificate", func(*tls.Config) {}},
		{"certificate of another authority", func(c *tls.Config) { c.Certificates = []tls.Certificate{other.pair(t, 3)} }},
		{"TLS 1.1", func(c *tls.Config) {
			c.Certificates = []tls.Certificate{ca.pair(t, 3)}
			c.MinVersion, c.MaxVersion = tls.VersionTLS11, tls.VersionTLS11
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var sink memory
			s := serve(t, Config{Listen: []string{"tls://127.0.0.1:0"}, TLS: cfg}, &sink)
			client := ca.trust()
			tt.change(client)
			if c, err := dialTLS(t, s, client); err == nil {
				c.Write([]byte("<14>bad\n")) // TLS 1.3 clients learn of it later
				if !closedByServer(c) {
					t.Error("the connection stays open")
				}
			}
			waitFor(t, func() bool { return s.Status()[0].Refused[EndHandshake] == 1 })
			good := ca.trust()
			good.Certificates = []tls.Certificate{ca.pair(t, 4)}
			c, err := dialTLS(t, s, good)
			if err != nil {
				t.Fatal(err)
			}
			send(t, c, "good\n")
			if got := sink.wait(t, 1); string(got[0].Text) != "good" {
				t.Errorf("got %q", got[0].Text)
			}
		})
	}
}

// closedByServer says whether reading fails with something else than a timeout.
func closedByServer(c net.Conn) bool {
	c.SetReadDeadline(time.Now().Add(patience))
	_, err := c.Read(make([]byte, 1))
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

// A peer that speaks no TLS, or nothing, does not keep others waiting.
func TestNoTLS(t *testing.T) {
	ca := newAuthority(t, "ca")
	var sink memory
	s := serve(t, Config{Listen: []string{"tls://127.0.0.1:0"}, TLS: ca.files(t, t.TempDir(), 2)}, &sink)
	for range 20 {
		dial(t, s, 0) // silent
	}
	plain := dial(t, s, 0)
	send(t, plain, "<14>hello\n")
	if !closedByServer(plain) {
		t.Error("the connection stays open")
	}
	c, err := dialTLS(t, s, ca.trust())
	if err != nil {
		t.Fatal(err)
	}
	send(t, c, "good\n")
	sink.wait(t, 1)
	waitStatus(t, s, func(st []ListenerStatus) bool { return st[0].Refused[EndHandshake] == 1 && st[0].Connections == 21 })
}

func TestCertificatesAreReloaded(t *testing.T) {
	ca := newAuthority(t, "ca")
	dir := t.TempDir()
	cfg := ca.files(t, dir, 2)
	c, err := loadCerts(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	serial := func() int64 {
		c.checked = time.Time{} // as if a second had passed
		leaf, err := x509.ParseCertificate(c.current().Certificates[0].Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return leaf.SerialNumber.Int64()
	}
	before := c.current()
	if serial() != 2 || c.current() != before {
		t.Error("loaded again without a change")
	}
	ca.files(t, dir, 3)
	touch(t, dir, time.Hour)
	if n := serial(); n != 3 {
		t.Errorf("serial number %d after a change", n)
	}
	// A certificate without its key, as it is while both are being replaced.
	cert, key := ca.issue(t, 4)
	if err := os.WriteFile(cfg.CertFile, cert, 0o600); err != nil {
		t.Fatal(err)
	}
	touch(t, dir, 2*time.Hour)
	if n := serial(); n != 3 {
		t.Errorf("serial number %d with half of a pair", n)
	}
	if err := os.WriteFile(cfg.KeyFile, key, 0o600); err != nil {
		t.Fatal(err)
	}
	touch(t, dir, 3*time.Hour)
	if n := serial(); n != 4 {
		t.Errorf("serial number %d with the whole pair", n)
	}
	if err := os.Remove(cfg.KeyFile); err != nil {
		t.Fatal(err)
	}
	if n := serial(); n != 4 {
		t.Errorf("serial number %d without a key", n)
	}
}

// touch makes the files look changed.
func touch(t testing.TB, dir string, ago time.Duration) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.Chtimes(name, time.Time{}, time.Now().Add(ago)); err != nil {
			t.Fatal(err)
		}
	}
}

// Kubernetes replaces the files of a secret by moving a symbolic link.
func TestCertificatesBehindSymlink(t *testing.T) {
	ca := newAuthority(t, "ca")
	dir := t.TempDir()
	for i := range int64(2) {
		if err := os.Mkdir(filepath.Join(dir, fmt.Sprint(i)), 0o700); err != nil {
			t.Fatal(err)
		}
		ca.files(t, filepath.Join(dir, fmt.Sprint(i)), i+1)
	}
	link := filepath.Join(dir, "data")
	if err := os.Symlink("0", link); err != nil {
		t.Fatal(err)
	}
	c, err := loadCerts(TLSConfig{CertFile: filepath.Join(link, "tls.crt"), KeyFile: filepath.Join(link, "tls.key")}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	first := c.current()
	if err := os.Symlink("1", link+".new"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(link+".new", link); err != nil {
		t.Fatal(err)
	}
	c.checked = time.Time{}
	if c.current() == first {
		t.Error("not loaded again")
	}
}

func TestTLSConfigFaults(t *testing.T) {
	ca := newAuthority(t, "ca")
	cfg := ca.files(t, t.TempDir(), 2)
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]TLSConfig{
		"a pipe":            {CertFile: pipe, KeyFile: cfg.KeyFile},
		"a pipe for a key":  {CertFile: cfg.CertFile, KeyFile: pipe},
		"a pipe for the CA": {CertFile: cfg.CertFile, KeyFile: cfg.KeyFile, ClientCAFile: pipe},
		"a CA without end":  {CertFile: cfg.CertFile, KeyFile: cfg.KeyFile, ClientCAFile: "/dev/zero"},
		"nothing":           {},
		"no key":            {CertFile: cfg.CertFile},
		"missing file":      {CertFile: cfg.CertFile, KeyFile: "/does/not/exist"},
		"key for a cert":    {CertFile: cfg.KeyFile, KeyFile: cfg.CertFile},
		"empty client CA":   {CertFile: cfg.CertFile, KeyFile: cfg.KeyFile, ClientCAFile: empty},
		"missing client CA": {CertFile: cfg.CertFile, KeyFile: cfg.KeyFile, ClientCAFile: empty + "x"},
	} {
		s, err := Listen(Config{Listen: []string{"tls://127.0.0.1:0"}, TLS: bad}, &memory{})
		if err == nil {
			t.Errorf("%s: accepted", name)
			s.Close()
		}
	}
}

// Many small records are taken together.
func TestTLSReadsMuchAtOnce(t *testing.T) {
	ca := newAuthority(t, "ca")
	var sink memory
	s := serve(t, Config{Listen: []string{"tls://127.0.0.1:0"}, TLS: ca.files(t, t.TempDir(), 2)}, &sink)
	c, err := dialTLS(t, s, ca.trust())
	if err != nil {
		t.Fatal(err)
	}
	line := append(bytes.Repeat([]byte("y"), 400), '\n')
	for range 5000 {
		if _, err := c.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	sink.wait(t, 5000)
}
