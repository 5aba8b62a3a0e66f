package ownlog

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/rtcship/rtcship/internal/endpoint"
)

// An Export says how rtcship's own log reaches the collector: in the same way
// as what it ships, but by the OpenTelemetry SDK, since losing some of these
// messages while the collector is away is all right.
type Export struct {
	Endpoint   string                            // http:// or https:// URL, a gRPC target, or host and port
	ExactPath  bool                              // the URL's path is whole, /v1/logs is not to be added
	Insecure   *bool                             // for an endpoint that is no URL; nil = unencrypted unless TLS is set
	Protocol   string                            // grpc | http/protobuf
	Headers    func() (map[string]string, error) // of a request, asked for each; nil = none
	TLS        *tls.Config                       // nil = the system's
	Timeout    time.Duration
	Version    string
	Attributes map[string]string // of the resource, besides service.name = rtcship
}

// export is the handler behind which an exporter can be put and taken away.
type export struct {
	local *slog.Logger // where failures of the export itself go, and nowhere else
	level slog.Leveler
	to    atomic.Pointer[slog.Handler]
	by    atomic.Pointer[patient]
}

// Retry says that the collector can be reached again: what waits to be exported
// is tried at once.
func (l *Log) Retry() {
	if p := l.export.by.Load(); p != nil {
		p.wake()
	}
}

// queued is how many messages may wait to be exported. A daemon says little, and
// the SDK takes the memory for all of them at once.
const queued = 256

// Export sends messages to a collector from now on, until stop is called. It
// does not connect. Failures to export are logged locally only, so that they
// never become messages to export.
func (l *Log) Export(e Export) (stop func(context.Context), err error) {
	exporter, err := newPatient(e)
	if err != nil {
		return nil, fmt.Errorf("export own log: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		l.export.local.Debug("own log was not exported", "error", err)
	}))
	provider := sdklog.NewLoggerProvider(
		sdklog.WithResource(ownResource(e)),
		sdklog.WithProcessor(sdklog.NewBatchProcessor(exporter, sdklog.WithMaxQueueSize(queued), sdklog.WithExportMaxBatchSize(queued/2))),
	)
	var h slog.Handler = otelslog.NewHandler("rtcship", otelslog.WithLoggerProvider(provider), otelslog.WithVersion(e.Version))
	l.export.to.Store(&h)
	l.export.by.Store(exporter)
	return func(ctx context.Context) {
		l.export.to.CompareAndSwap(&h, nil)
		exporter.wake() // a last try is worth more than the rest of a wait
		if err := provider.Shutdown(ctx); err != nil {
			l.export.local.Debug("own log was not exported to its end", "error", err)
		}
		l.export.by.CompareAndSwap(exporter, nil)
	}, nil
}

func ownResource(e Export) *resource.Resource {
	attrs := []attribute.KeyValue{
		attribute.String("service.name", "rtcship"),
		attribute.String("service.version", e.Version),
	}
	if host, err := os.Hostname(); err == nil {
		attrs = append(attrs, attribute.String("host.name", host))
	}
	for k, v := range e.Attributes {
		if strings.HasPrefix(k, "k8s.") || k == "service.namespace" || k == "deployment.environment.name" {
			attrs = append(attrs, attribute.String(k, v))
		}
	}
	return resource.NewSchemaless(attrs...)
}

func newPatient(e Export) (*patient, error) {
	p := &patient{end: map[int]context.CancelFunc{}}
	target, err := e.target()
	if err != nil {
		return nil, err
	}
	if e.Protocol == "http/protobuf" {
		p.Exporter, err = newHTTPExporter(e, target)
		return p, err
	}
	if p.conn, err = e.dial(target); err != nil {
		return nil, err
	}
	p.Exporter, err = otlploggrpc.New(context.Background(), otlploggrpc.WithGRPCConn(p.conn), otlploggrpc.WithHeaders(noHeaders), otlploggrpc.WithTimeout(e.Timeout))
	return p, err
}

// noHeaders takes the place of OTEL_EXPORTER_OTLP_HEADERS: Export.Headers has them.
var noHeaders = map[string]string{}

func newHTTPExporter(e Export, t endpoint.Target) (sdklog.Exporter, error) {
	options := []otlploghttp.Option{
		otlploghttp.WithEndpoint(t.URL.Host), otlploghttp.WithURLPath(t.URL.Path),
		otlploghttp.WithHeaders(noHeaders), otlploghttp.WithHTTPClient(e.httpClient(t)),
	}
	if !t.Secure {
		options = append(options, otlploghttp.WithInsecure())
	}
	return otlploghttp.New(context.Background(), options...)
}

// dial returns a connection of our own, since the exporter's cannot be told that
// the collector is back.
func (e *Export) dial(t endpoint.Target) (*grpc.ClientConn, error) {
	creds := insecure.NewCredentials()
	if t.Secure {
		creds = credentials.NewTLS(e.TLS)
	}
	return grpc.NewClient(t.Addr,
		grpc.WithTransportCredentials(creds),
		grpc.WithUnaryInterceptor(e.addHeaders),
		grpc.WithUserAgent("rtcship/"+e.Version))
}

// httpClient returns a client that adds to each request what the SDK does not know.
func (e *Export) httpClient(t endpoint.Target) *http.Client {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.TLSClientConfig = e.TLS
	if t.Socket != "" {
		base.Proxy = nil
		base.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", t.Socket)
		}
	}
	return &http.Client{Timeout: e.Timeout, Transport: &transport{base: base, headers: e.Headers, user: t.URL.User, query: t.URL.RawQuery}}
}

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

// addHeaders does the same for gRPC.
func (e *Export) addHeaders(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, next grpc.UnaryInvoker, o ...grpc.CallOption) error {
	if e.Headers != nil {
		headers, err := e.Headers()
		if err != nil {
			return err
		}
		var pairs []string
		for name, value := range headers {
			pairs = append(pairs, name, value)
		}
		ctx = metadata.AppendToOutgoingContext(ctx, pairs...)
	}
	return next(ctx, method, req, reply, conn, append(o, callOptions(ctx)...)...)
}

// target takes the endpoint apart.
func (e *Export) target() (endpoint.Target, error) {
	return endpoint.Parse(endpoint.Address{
		Text: e.Endpoint, HTTP: e.Protocol == "http/protobuf", ExactPath: e.ExactPath, Insecure: e.Insecure, TLS: e.TLS != nil,
	})
}

// Enabled implements slog.Handler.
func (x *export) Enabled(_ context.Context, level slog.Level) bool {
	return x.to.Load() != nil && level >= x.level.Level()
}

// Handle implements slog.Handler.
func (x *export) Handle(ctx context.Context, r slog.Record) error {
	if to := x.to.Load(); to != nil {
		return (*to).Handle(ctx, r)
	}
	return nil
}

// WithAttrs implements slog.Handler.
func (x *export) WithAttrs(attrs []slog.Attr) slog.Handler { return &exportWith{x, attrs} }

// WithGroup implements slog.Handler; the log uses no groups.
func (x *export) WithGroup(string) slog.Handler { return x }

// exportWith adds attributes on the way, since the exporter may come later.
type exportWith struct {
	*export
	attrs []slog.Attr
}

// Handle implements slog.Handler.
func (x *exportWith) Handle(ctx context.Context, r slog.Record) error {
	r.AddAttrs(x.attrs...)
	return x.export.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (x *exportWith) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &exportWith{x.export, slices.Concat(x.attrs, attrs)}
}
