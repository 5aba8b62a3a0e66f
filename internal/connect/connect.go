// Package connect finds out how far a connection to the collector gets: name,
// TCP, TLS, protocol and authorisation, one after another, so that the first
// that fails is the one to mend.
package connect

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/internal/endpoint"
)

// A Step is one thing that was tried.
type Step struct {
	Name string // "name", "TCP", "TLS", "proxy", "OTLP"
	Said string // what came of it
	Do   string // what to change; "" if it went well
	OK   bool
}

// Try goes through the steps until one fails. cfg is what rtcship exports
// with; secure is its TLS configuration and may be nil for the system's.
func Try(ctx context.Context, cfg exporter.Config, secure *tls.Config) []Step {
	var steps []Step
	add := func(s Step) bool {
		steps = append(steps, s)
		return s.OK
	}
	t, ok := parse(cfg)
	if !ok { // a gRPC target such as unix:/path: the protocol says it all
		add(otlp(ctx, cfg, nil))
		return steps
	}
	if p := t.proxy(cfg.Protocol); p != nil { // which looks the name up, and speaks TCP
		if add(throughProxy(ctx, p)) {
			add(otlp(ctx, cfg, nil))
		}
		return steps
	}
	if !add(t.name(ctx)) || !add(t.tcp(ctx)) || t.secure && !add(t.tls(ctx, secure)) {
		return steps
	}
	add(otlp(ctx, cfg, t.speaksHTTP2))
	return steps
}

type target struct {
	host, port string
	secure     bool
}

// endpointKeys is where people write what is wrong about an endpoint.
const endpointKeys = "export.endpoint (or OTEL_EXPORTER_OTLP_ENDPOINT)"

// stepTimeout bounds each step but the last, which has the export's own.
const stepTimeout = 5 * time.Second

func parse(cfg exporter.Config) (target, bool) {
	t, err := endpoint.Parse(endpoint.Address{
		Text: cfg.Endpoint, HTTP: cfg.Protocol == exporter.ProtocolHTTP, ExactPath: cfg.ExactPath, Insecure: cfg.Insecure, TLS: cfg.TLS != exporter.TLS{},
	})
	return target{t.Host, t.Port, t.Secure}, err == nil && t.Host != ""
}

func (t target) address() string { return net.JoinHostPort(t.host, t.port) }

// proxy returns the proxy that the environment has for the target, or nil. gRPC
// asks for that of https:// whatever the endpoint is.
func (t target) proxy(protocol string) *url.URL {
	scheme := "http"
	if t.secure || protocol == exporter.ProtocolGRPC {
		scheme = "https"
	}
	p, err := httpproxy.FromEnvironment().ProxyFunc()(&url.URL{Scheme: scheme, Host: t.address()})
	if err != nil {
		return nil
	}
	return p
}

func throughProxy(ctx context.Context, p *url.URL) Step {
	port := p.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080"}[p.Scheme]
	}
	d := net.Dialer{Timeout: stepTimeout}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(p.Hostname(), port))
	if err != nil {
		return Step{Name: "proxy", Said: err.Error(), Do: "the variables HTTP_PROXY and HTTPS_PROXY name a proxy that cannot be reached: correct them, or add the collector to NO_PROXY"}
	}
	conn.Close()
	return Step{Name: "proxy", Said: "connected to " + endpoint.Mask(p.String()) + ", by HTTP_PROXY, HTTPS_PROXY and NO_PROXY", OK: true}
}

func (t target) name(ctx context.Context) Step {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupHost(ctx, t.host)
	if err != nil {
		return Step{Name: "name", Said: err.Error(), Do: fmt.Sprintf("check the host name %q in %s, and this machine's DNS", t.host, endpointKeys)}
	}
	return Step{Name: "name", Said: t.host + " is " + strings.Join(addrs, ", "), OK: true}
}

func (t target) tcp(ctx context.Context) Step {
	d := net.Dialer{Timeout: stepTimeout}
	conn, err := d.DialContext(ctx, "tcp", t.address())
	if err != nil {
		return Step{Name: "TCP", Said: err.Error(), Do: fmt.Sprintf("check that the collector runs and listens on port %s (4317 is usual for gRPC, 4318 for HTTP), firewalls and network policies between, and host and port in %s", t.port, endpointKeys)}
	}
	conn.Close()
	return Step{Name: "TCP", Said: "connected to " + t.address(), OK: true}
}

// speaksHTTP2 tells whether the target answers HTTP/2 without TLS (RFC 9113,
// section 3.4), which is what gRPC speaks. What an HTTP/1.1 client makes of such
// a port is no sure sign: it depends on which of the two sides is the quicker.
func (t target) speaksHTTP2(ctx context.Context) bool {
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	const settings = 4 // the type of the frame that either side begins with
	d := net.Dialer{Timeout: stepTimeout}
	conn, err := d.DialContext(ctx, "tcp", t.address())
	if err != nil {
		return false
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(stepTimeout)); err != nil {
		return false
	}
	if _, err := conn.Write(append([]byte(preface), 0, 0, 0, settings, 0, 0, 0, 0, 0)); err != nil {
		return false
	}
	var head [9]byte
	_, err = io.ReadFull(conn, head[:])
	return err == nil && head[3] == settings && [4]byte(head[5:]) == [4]byte{}
}

func (t target) tls(ctx context.Context, c *tls.Config) Step {
	if c == nil {
		c = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	c = c.Clone()
	c.NextProtos = []string{"h2", "http/1.1"}
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: stepTimeout}, Config: c}
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	conn, err := d.DialContext(ctx, "tcp", t.address())
	if err != nil {
		return Step{Name: "TLS", Said: err.Error(), Do: tlsAdvice(err)}
	}
	defer conn.Close()
	state := conn.(*tls.Conn).ConnectionState()
	return Step{Name: "TLS", Said: fmt.Sprintf("%s with %s", tls.VersionName(state.Version), state.PeerCertificates[0].Subject), OK: true}
}

func tlsAdvice(err error) string {
	s := err.Error()
	switch {
	case strings.Contains(s, "first record does not look like a TLS handshake"):
		return "the port does not speak TLS: write http:// in " + endpointKeys
	case strings.Contains(s, "unknown authority"):
		return "set export.tls.ca_file to the authority that signed the collector's certificate"
	case strings.Contains(s, "x509:"):
		return "the certificate does not fit: compare the name in " + endpointKeys + " with those it is made for, and its dates"
	default:
		return "check export.tls.cert_file and key_file, and the collector's TLS settings"
	}
}

// otlp sends a record of our own, and tells what came back.
// speaksHTTP2, which may be nil, is asked when there is no answer over HTTP.
func otlp(ctx context.Context, cfg exporter.Config, speaksHTTP2 func(context.Context) bool) Step {
	said, failure, err := exporter.Check(ctx, cfg)
	switch {
	case err != nil:
		return Step{Name: "OTLP", Said: err.Error(), Do: "mend the export section of the configuration"}
	case failure == nil:
		return Step{Name: "OTLP", Said: "the collector took a record over " + cfg.Protocol + ": " + said, OK: true}
	}
	do := failure.Hint
	if failure.Code == exporter.CodeNoAnswer && cfg.Protocol == exporter.ProtocolHTTP && speaksHTTP2 != nil && speaksHTTP2(ctx) {
		do = "the endpoint speaks HTTP/2 without TLS, as a gRPC port (4317) does: set export.protocol to grpc, or name the HTTP port (4318) in " + endpointKeys
	}
	if do == "" {
		do = "look at the collector's own log"
	}
	return Step{Name: "OTLP", Said: strings.TrimSpace(failure.Code + " " + failure.Message), Do: do}
}
