package otlpclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const token = "s3cr3t-t0ken"

func TestWhy(t *testing.T) {
	for _, x := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{context.DeadlineExceeded, "no answer in time"},
		{fmt.Errorf("export: %w", context.DeadlineExceeded), "no answer in time"},
		{status.Error(codes.DeadlineExceeded, token), "no answer in time"},
		{status.Error(codes.Unimplemented, token), "UNIMPLEMENTED: the collector has no pipeline for it"},
		{fmt.Errorf("export: %w", status.Error(codes.Unauthenticated, "you said "+token)), "gRPC Unauthenticated"},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, "no connection"},
		{&net.DNSError{Name: "collector"}, "the name cannot be resolved"},
		{errors.New("you said " + token), "no answer that can be understood"},
	} {
		if got := Why(x.err); got != x.want {
			t.Errorf("%v: %q, want %q", x.err, got, x.want)
		}
	}
}

// What a server answers with over HTTP, the SDK quotes: of that no more than the
// number is told. And what it sends us to is not asked, with our headers.
func TestWhyOverHTTP(t *testing.T) {
	var followed bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	defer elsewhere.Close()
	for code, want := range map[int]string{400: "HTTP 400", 401: "HTTP 401", 404: "HTTP 404", 307: "HTTP 307", 308: "HTTP 308"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", elsewhere.URL)
			w.WriteHeader(code)
			fmt.Fprintf(w, "you said %s, 999", r.Header.Get("Authorization"))
		}))
		c := Config{Endpoint: server.URL, Protocol: "http/protobuf", Path: "/v1/metrics",
			Headers: func() (map[string]string, error) { return map[string]string{"Authorization": token}, nil }}
		client, address, err := c.Client()
		if err != nil {
			t.Fatal(err)
		}
		e, err := otlpmetrichttp.New(t.Context(), otlpmetrichttp.WithHTTPClient(client), otlpmetrichttp.WithEndpoint(address.Host), otlpmetrichttp.WithURLPath(address.Path), otlpmetrichttp.WithInsecure())
		if err != nil {
			t.Fatal(err)
		}
		err = e.Export(t.Context(), &metricdata.ResourceMetrics{})
		if got := Why(err); got != want || strings.Contains(got, token) {
			t.Errorf("%d: %q, want %q, of %v", code, got, want, err)
		}
		server.Close()
	}
	if followed {
		t.Error("a redirection was followed")
	}
}
