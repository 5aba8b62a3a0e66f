package exporter

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	grpccredentials "google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/rtcship/rtcship/internal/smallfile"
)

// credentials hold what TLS needs, as the files say it at each handshake.
type credentials struct {
	files  TLS
	secure bool
	log    *slog.Logger
	loud   *limiter

	mu    sync.Mutex
	stamp []fileStamp
	roots *x509.CertPool // nil: the system's
	cert  *tls.Certificate
}

// A fileStamp tells two versions of a file apart. Kubernetes replaces mounted
// secrets by a symbolic link, which Stat follows.
type fileStamp struct {
	size  int64
	mtime time.Time
}

func stampOf(path string) fileStamp {
	info, err := os.Stat(path)
	if err != nil {
		return fileStamp{size: -1}
	}
	return fileStamp{info.Size(), info.ModTime()}
}

func newCredentials(files TLS, secure bool, log *slog.Logger) (*credentials, error) {
	c := &credentials{files: files, secure: secure, log: log, loud: newLimiter(time.Minute)}
	if !secure {
		return c, nil
	}
	if (files.CertFile == "") != (files.KeyFile == "") {
		return nil, errors.New("TLS: a client certificate needs both cert_file and key_file")
	}
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// load reads the files, if they have changed.
func (c *credentials) load() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	stamp := []fileStamp{stampOf(c.files.CAFile), stampOf(c.files.CertFile), stampOf(c.files.KeyFile)}
	if c.stamp != nil && stamp[0] == c.stamp[0] && stamp[1] == c.stamp[1] && stamp[2] == c.stamp[2] {
		return nil
	}
	roots, err := readRoots(c.files.CAFile)
	if err != nil {
		return err
	}
	cert := new(tls.Certificate)
	if c.files.CertFile != "" {
		pair, err := smallfile.KeyPair(c.files.CertFile, c.files.KeyFile)
		if err != nil {
			return fmt.Errorf("read client certificate: %w", err)
		}
		cert = &pair
	}
	c.stamp, c.roots, c.cert = stamp, roots, cert
	return nil
}

// reload is load for the middle of a handshake, where the last good files do
// if the new ones do not.
func (c *credentials) reload() {
	if err := c.load(); err != nil {
		c.loud.do("reload", func() {
			c.log.Error("TLS files have changed and cannot be used; the ones read before stay in use", "error", err)
		})
	}
}

func readRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	pem, err := smallfile.Read(path)
	if err != nil {
		return nil, fmt.Errorf("read CA file: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read CA file %s: no certificate in it", path)
	}
	return roots, nil
}

// config returns a configuration that asks for the files' contents at each
// handshake. While they are being replaced and do not fit together, the last
// ones that did are used.
func (c *credentials) config() *tls.Config {
	cfg := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: c.files.InsecureSkipVerify,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			c.reload()
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.cert, nil
		},
	}
	if c.files.CAFile != "" && !c.files.InsecureSkipVerify {
		// crypto/tls would verify against a pool fixed now; verify does the
		// same against the one in the file.
		cfg.InsecureSkipVerify = true
		cfg.VerifyConnection = c.verify
	}
	return cfg
}

func (c *credentials) verify(state tls.ConnectionState) error {
	c.reload()
	c.mu.Lock()
	roots := c.roots
	c.mu.Unlock()
	options := x509.VerifyOptions{DNSName: state.ServerName, Roots: roots, Intermediates: x509.NewCertPool()}
	for _, cert := range state.PeerCertificates[1:] {
		options.Intermediates.AddCert(cert)
	}
	_, err := state.PeerCertificates[0].Verify(options)
	if err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
	}
	return nil
}

// forGRPC returns the credentials as gRPC wants them; conns will know each
// connection that is made with them.
func (c *credentials) forGRPC(conns *connections) grpccredentials.TransportCredentials {
	inner := insecure.NewCredentials()
	if c.secure {
		inner = grpccredentials.NewTLS(c.config())
	}
	return tracking{inner, conns}
}

// tracking adds each connection to conns before the handshake.
type tracking struct {
	grpccredentials.TransportCredentials
	conns *connections
}

func (t tracking) ClientHandshake(ctx context.Context, authority string, conn net.Conn) (net.Conn, grpccredentials.AuthInfo, error) {
	secured, info, err := t.TransportCredentials.ClientHandshake(ctx, authority, t.conns.track(conn))
	if err == nil {
		secured = partingConn{secured}
	}
	return secured, info, err
}

// A partingConn tells why the other end has closed it. With TLS 1.3 a server says
// what it thinks of our certificate after our handshake is over, and closes; when
// a write fails because of that, its reason is still there to be read.
type partingConn struct{ net.Conn }

// partingWait is how long the reason is waited for.
const partingWait = 200 * time.Millisecond

func (c partingConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err == nil {
		return n, nil
	}
	_ = c.SetReadDeadline(time.Now().Add(partingWait)) // nothing can be sent any more, so nothing is expected
	_, last := c.Read(make([]byte, 1<<10))
	if op := (*net.OpError)(nil); errors.As(last, &op) && op.Op == "remote error" {
		err = last
	}
	return n, err
}

func (t tracking) Clone() grpccredentials.TransportCredentials {
	return tracking{t.TransportCredentials.Clone(), t.conns}
}
