// Package otlpclient connects exporters of the OpenTelemetry SDK to the collector
// that records go to: by the same endpoint, headers and certificates. Rtcship's own
// log and its metrics go that way.
package otlpclient

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/rtcship/rtcship/internal/endpoint"
)

// A Config says how the collector is reached, and as whom.
type Config struct {
	Endpoint   string                            // http:// or https:// URL, a gRPC target, or host and port
	ExactPath  bool                              // the URL's path is whole, that of the signal is not to be added
	Path       string                            // of the signal over HTTP; "" = /v1/logs
	Insecure   *bool                             // for an endpoint that is no URL; nil = unencrypted unless TLS is set
	Protocol   string                            // grpc | http/protobuf
	Headers    func() (map[string]string, error) // of a request, asked for each; nil = none
	TLS        *tls.Config                       // nil = the system's
	Timeout    time.Duration
	Version    string
	Attributes map[string]string // of the resource, besides service.name = rtcship
}

// OverHTTP reports whether Client is to be used, and not Dial.
func (c *Config) OverHTTP() bool { return c.Protocol == "http/protobuf" }

// target takes the endpoint apart.
func (c *Config) target() (endpoint.Target, error) {
	return endpoint.Parse(endpoint.Address{
		Text: c.Endpoint, HTTP: c.OverHTTP(), ExactPath: c.ExactPath, Path: c.Path, Insecure: c.Insecure, TLS: c.TLS != nil,
	})
}

// reconnecting is as the exporter's: gRPC's own has all members of a fleet that lost
// their collector at the same moment come back in step.
var reconnecting = backoff.Config{BaseDelay: time.Second, Multiplier: 2, Jitter: 0.5, MaxDelay: 25 * time.Second}

// Dial returns a connection, that is not made yet: an exporter's own cannot be told
// that the collector is back. further interceptors come after those for headers.
func (c *Config) Dial(further ...grpc.UnaryClientInterceptor) (*grpc.ClientConn, error) {
	t, err := c.target()
	if err != nil {
		return nil, err
	}
	creds := insecure.NewCredentials()
	if t.Secure {
		creds = credentials.NewTLS(c.TLS)
	}
	return grpc.NewClient(t.Addr,
		grpc.WithTransportCredentials(creds),
		grpc.WithChainUnaryInterceptor(append([]grpc.UnaryClientInterceptor{c.addHeaders}, further...)...),
		grpc.WithUserAgent("rtcship/"+c.Version),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: reconnecting, MinConnectTimeout: 5 * time.Second}))
}

// addHeaders adds to each request what the SDK does not know.
func (c *Config) addHeaders(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, next grpc.UnaryInvoker, o ...grpc.CallOption) error {
	if c.Headers != nil {
		headers, err := c.Headers()
		if err != nil {
			return err
		}
		var pairs []string
		for name, value := range headers {
			pairs = append(pairs, name, value)
		}
		ctx = metadata.AppendToOutgoingContext(ctx, pairs...)
	}
	return next(ctx, method, req, reply, conn, o...)
}

// Client returns a client that adds to each request what the SDK does not know, and
// the address for the SDK: without the secrets that the endpoint may have.
func (c *Config) Client() (*http.Client, *url.URL, error) {
	t, err := c.target()
	if err != nil {
		return nil, nil, err
	}
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.TLSClientConfig = c.TLS
	if t.Socket != "" {
		base.Proxy = nil
		base.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", t.Socket)
		}
	}
	address := url.URL{Scheme: t.URL.Scheme, Host: t.URL.Host, Path: t.URL.Path}
	return &http.Client{Timeout: c.Timeout, CheckRedirect: stay, Transport: &transport{base: base, headers: c.Headers, user: t.URL.User, query: t.URL.RawQuery}}, &address, nil
}

// stay follows no redirection: what is sent is for the collector, our headers too.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// A transport adds headers, which may be others for each request, and the
// secrets of the endpoint, which the SDK's own messages would show.
type transport struct {
	base    http.RoundTripper
	headers func() (map[string]string, error)
	user    *url.Userinfo
	query   string
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.RawQuery = t.query
	if t.user != nil {
		password, _ := t.user.Password()
		r.SetBasicAuth(t.user.Username(), password)
	}
	if t.headers == nil {
		return t.base.RoundTrip(r)
	}
	headers, err := t.headers()
	if err != nil {
		return nil, err
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	return t.base.RoundTrip(r)
}

// Resource is who speaks: rtcship itself, and where it runs.
func (c *Config) Resource() *resource.Resource {
	attrs := []attribute.KeyValue{
		attribute.String("service.name", "rtcship"),
		attribute.String("service.version", c.Version),
	}
	if host, err := os.Hostname(); err == nil {
		attrs = append(attrs, attribute.String("host.name", host))
	}
	for k, v := range c.Attributes {
		if strings.HasPrefix(k, "k8s.") || k == "service.namespace" || k == "deployment.environment.name" {
			attrs = append(attrs, attribute.String(k, v))
		}
	}
	return resource.NewSchemaless(attrs...)
}
