package syslog

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/rtcship/rtcship/internal/smallfile"
)

// A TLSConfig names the files of tls:// listeners. They are read again when
// they change.
type TLSConfig struct {
	CertFile     string // PEM, the server's certificate with its intermediates
	KeyFile      string // PEM
	ClientCAFile string // PEM; clients must have a certificate of one of these. "" asks for none
}

// certs holds what the files of a TLSConfig say.
type certs struct {
	cfg TLSConfig
	log *slog.Logger

	mu      sync.Mutex
	config  *tls.Config
	stamps  stamps
	checked time.Time
}

// stamps tell whether files are what they were before; nil is none.
type stamps [3]os.FileInfo

func (s stamps) equal(o stamps) bool {
	for i := range s {
		if (s[i] == nil) != (o[i] == nil) {
			return false
		}
		if s[i] != nil && !(os.SameFile(s[i], o[i]) && s[i].ModTime().Equal(o[i].ModTime()) && s[i].Size() == o[i].Size()) {
			return false
		}
	}
	return true
}

// checkInterval is how often, at most, the files are looked at. They are
// looked at only when a client connects.
const checkInterval = time.Second

// loadCerts reads the files.
func loadCerts(cfg TLSConfig, log *slog.Logger) (*certs, error) {
	if cfg.CertFile == "" || cfg.KeyFile == "" {
		return nil, errors.New("a tls:// address needs a certificate and a key")
	}
	c := &certs{cfg: cfg, log: log, checked: time.Now(), stamps: cfg.stamps()}
	var err error
	c.config, err = cfg.load()
	return c, err
}

func (cfg TLSConfig) stamps() (out stamps) {
	for i, name := range []string{cfg.CertFile, cfg.KeyFile, cfg.ClientCAFile} {
		if name == "" {
			continue
		}
		if info, err := os.Stat(name); err == nil {
			out[i] = info
		}
	}
	return out
}

func (cfg TLSConfig) load() (*tls.Config, error) {
	cert, err := smallfile.KeyPair(cfg.CertFile, cfg.KeyFile)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}
	if cfg.ClientCAFile == "" {
		return config, nil
	}
	pem, err := smallfile.Read(cfg.ClientCAFile)
	if err != nil {
		return nil, err
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("no certificate in %s", cfg.ClientCAFile)
	}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	return config, nil
}

// current returns the configuration for a new connection. If the files have
// changed and cannot be read, the old ones stay in use.
func (c *certs) current() *tls.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.checked) >= checkInterval {
		c.checked = now
		c.refresh()
	}
	return c.config
}

func (c *certs) refresh() {
	now := c.cfg.stamps()
	if now.equal(c.stamps) {
		return
	}
	config, err := c.cfg.load()
	if err != nil {
		// The stamps stay old, so that it is tried again: the other file may
		// be on its way.
		c.log.Error("cannot reload the TLS certificates; the old ones stay", "error", err)
		return
	}
	c.config, c.stamps = config, now
	c.log.Info("reloaded the TLS certificates", "cert_file", c.cfg.CertFile)
}
