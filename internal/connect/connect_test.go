package connect

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/exporter/exportertest"
)

// certificate borrows the one that net/http/httptest makes, and the pool that knows it.
func certificate(t *testing.T) (*tls.Config, *tls.Config) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}}, &tls.Config{RootCAs: pool}
}

func receiver(t *testing.T, secure *tls.Config, fault *exportertest.Fault) *exportertest.Server {
	t.Helper()
	server, err := exportertest.Start(exportertest.Config{TLS: secure, Answer: func(*exportertest.Request) *exportertest.Fault { return fault }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

func check(t *testing.T, cfg exporter.Config, secure *tls.Config, wantSteps, wantDo string) {
	t.Helper()
	cfg.Timeout = 30 * time.Second
	steps := Try(t.Context(), cfg, secure)
	var names []string
	for _, s := range steps {
		names = append(names, s.Name)
		if s.OK != (s.Do == "") || s.Said == "" {
			t.Errorf("step %+v", s)
		}
	}
	last := steps[len(steps)-1]
	if got := strings.Join(names, " "); got != wantSteps || !strings.Contains(last.Do, wantDo) || last.OK != (wantDo == "") {
		t.Errorf("%s: steps %q, last %+v; want %q, %q", cfg.Endpoint, got, last, wantSteps, wantDo)
	}
}

func TestEachFaultIsToldApart(t *testing.T) {
	server := receiver(t, nil, nil)
	for _, protocol := range []string{exporter.ProtocolGRPC, exporter.ProtocolHTTP} {
		check(t, exporter.Config{Endpoint: server.Endpoint(protocol), Protocol: protocol}, nil, "name TCP OTLP", "")
	}
	check(t, exporter.Config{Endpoint: "http://name.invalid:4317", Protocol: "grpc"}, nil, "name", `the host name "name.invalid" in export.endpoint (or OTEL_EXPORTER_OTLP_ENDPOINT)`)

	closed, free, err := exportertest.ClosedAddress()
	if err != nil {
		t.Fatal(err)
	}
	defer free()
	check(t, exporter.Config{Endpoint: "http://" + closed, Protocol: "grpc"}, nil, "name TCP", "host and port in export.endpoint (or OTEL_EXPORTER_OTLP_ENDPOINT)")

	// Protocols crossed.
	check(t, exporter.Config{Endpoint: server.Endpoint(exporter.ProtocolHTTP), Protocol: "grpc"}, nil, "name TCP OTLP", "HTTP port")
	check(t, exporter.Config{Endpoint: server.Endpoint(exporter.ProtocolGRPC), Protocol: "http/protobuf"}, nil, "name TCP OTLP", "gRPC port")

	// Not let in.
	denied := receiver(t, nil, &exportertest.Fault{Code: codes.Unauthenticated})
	check(t, exporter.Config{Endpoint: denied.Endpoint("grpc"), Protocol: "grpc"}, nil, "name TCP OTLP", "export.headers")
}

// A gRPC server's first frame may come before or after the request has left, and
// the connection may be gone by then: net/http has an error of its own for each.
func TestGRPCPortIsKnownWhoeverSpeaksFirst(t *testing.T) {
	server := receiver(t, nil, nil)
	for range 200 {
		check(t, exporter.Config{Endpoint: server.Endpoint(exporter.ProtocolGRPC), Protocol: exporter.ProtocolHTTP}, nil, "name TCP OTLP", "gRPC port")
	}
}

// A name that only the proxy knows is no fault.
func TestProxyIsAStepOfItsOwn(t *testing.T) {
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("HTTPS_PROXY", "http://ann:secret@"+proxy.Addr().String())
	target := target{host: "name.invalid", port: "4317"}
	if p := target.proxy(exporter.ProtocolHTTP); p != nil {
		t.Errorf("HTTP without TLS goes through %s", p)
	}
	if s := throughProxy(t.Context(), target.proxy(exporter.ProtocolGRPC)); !s.OK || strings.Contains(s.Said, "secret") || strings.Contains(s.Said, "ann") {
		t.Errorf("step %+v", s)
	}
	proxy.Close()
	check(t, exporter.Config{Endpoint: "http://name.invalid:4317", Protocol: "grpc"}, nil, "proxy", "NO_PROXY")
	server := receiver(t, nil, nil)
	check(t, exporter.Config{Endpoint: server.Endpoint("grpc"), Protocol: "grpc"}, nil, "name TCP OTLP", "") // loopback
}

func TestTLSFaultsAreToldApart(t *testing.T) {
	server, client := certificate(t)
	secure := receiver(t, server, nil)
	https := "https://" + secure.Addr("grpc")
	check(t, exporter.Config{Endpoint: https, Protocol: "grpc"}, nil, "name TCP TLS", "ca_file")
	check(t, exporter.Config{Endpoint: https, Protocol: "grpc", TLS: exporter.TLS{InsecureSkipVerify: true}}, client, "name TCP TLS OTLP", "")
	plain := receiver(t, nil, nil)
	check(t, exporter.Config{Endpoint: "https://" + plain.Addr("grpc"), Protocol: "grpc"}, client, "name TCP TLS", "write http://")
	check(t, exporter.Config{Endpoint: "http://" + secure.Addr("grpc"), Protocol: "grpc"}, nil, "name TCP OTLP", "https://")
}
