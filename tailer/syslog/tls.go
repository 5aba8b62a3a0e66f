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
	stamps  [3]stamp
	checked time.Time
}

// stamp tells a file from what it was before.
type stamp struct {
	modified time.Time
	size     int64
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

func (cfg TLSConfig) stamps() (out [3]stamp) {
	for i, name := range []string{cfg.CertFile, cfg.KeyFile, cfg.ClientCAFile} {
		if name == "" {
			continue
		}
		if info, err := os.Stat(name); err == nil {
			out[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return out
}

func (cfg TLSConfig) load() (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(cfg.CertFile, cfg.KeyFile)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}
	if cfg.ClientCAFile == "" {
		return config, nil
	}
	pem, err := os.ReadFile(cfg.ClientCAFile)
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
	stamps := c.cfg.stamps()
	if stamps == c.stamps {
		return
	}
	config, err := c.cfg.load()
	if err != nil {
		// The stamps stay old, so that it is tried again: the other file may
		// be on its way.
		c.log.Error("cannot reload the TLS certificates; the old ones stay", "error", err)
		return
	}
	c.config, c.stamps = config, stamps
	c.log.Info("reloaded the TLS certificates", "cert_file", c.cfg.CertFile)
}
