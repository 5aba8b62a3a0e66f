package exporter

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/rtcship/rtcship/exporter/exportertest"
)

func TestCheck(t *testing.T) {
	f := func(protocol string, fault *exportertest.Fault, code, hint string) {
		t.Helper()
		server, err := exportertest.Start(exportertest.Config{Answer: func(*exportertest.Request) *exportertest.Fault { return fault }})
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		got, err := Check(t.Context(), Config{Endpoint: server.Endpoint(protocol), Protocol: protocol, Timeout: 30 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if code == "" {
			if got != nil {
				t.Errorf("%s: %+v, want no failure", protocol, got)
			}
			return
		}
		if got == nil || got.Code != code || !strings.Contains(got.Hint, hint) {
			t.Errorf("%s: %+v, want %s with a hint of %q", protocol, got, code, hint)
		}
	}
	f(ProtocolGRPC, nil, "", "")
	f(ProtocolHTTP, nil, "", "")
	f(ProtocolGRPC, &exportertest.Fault{Code: codes.Unauthenticated}, "UNAUTHENTICATED", "export.headers")
	f(ProtocolHTTP, &exportertest.Fault{Status: 403}, "HTTP 403", "export.headers")
	f(ProtocolGRPC, &exportertest.Fault{Code: codes.Unimplemented}, "UNIMPLEMENTED", "takes no logs over gRPC")
	f(ProtocolHTTP, &exportertest.Fault{Status: 404}, "HTTP 404", "at this path")
	if _, err := Check(t.Context(), Config{Endpoint: "ftp://x"}); err == nil {
		t.Error("an endpoint that cannot be used was tried")
	}
}
