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
		server, err := exportertest.Start(exportertest.Config{Answer: func(r *exportertest.Request) *exportertest.Fault {
			if records, err := r.Records(); err != nil || len(records) != 1 || records[0].EventName != "rtcship.probe" {
				t.Errorf("records %v, %v, want one of our own", records, err)
			}
			return fault
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		said, got, err := Check(t.Context(), Config{Endpoint: server.Endpoint(protocol), Protocol: protocol, Timeout: 30 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if code == "" {
			if got != nil || !strings.Contains(said, hint) {
				t.Errorf("%s: %q, %+v, want no failure and %q", protocol, said, got, hint)
			}
			return
		}
		if got == nil || got.Code != code || !strings.Contains(got.Hint, hint) {
			t.Errorf("%s: %+v, want %s with a hint of %q", protocol, got, code, hint)
		}
	}
	f(ProtocolGRPC, nil, "", "gRPC OK with OTLP's answer")
	f(ProtocolHTTP, nil, "", "HTTP 200 with an empty body")
	f(ProtocolHTTP, &exportertest.Fault{Message: "deprecated"}, "", "HTTP 200 with OTLP's protobuf answer: deprecated")
	f(ProtocolGRPC, &exportertest.Fault{Rejected: 1, Message: "too old"}, "OK", "look at its own log")
	f(ProtocolGRPC, &exportertest.Fault{Code: codes.Unauthenticated}, "UNAUTHENTICATED", "export.headers")
	f(ProtocolHTTP, &exportertest.Fault{Status: 403}, "HTTP 403", "export.headers")
	f(ProtocolGRPC, &exportertest.Fault{Code: codes.Unimplemented}, "UNIMPLEMENTED", "takes no logs over gRPC")
	f(ProtocolHTTP, &exportertest.Fault{Status: 404}, "HTTP 404", "at this path")
	if _, _, err := Check(t.Context(), Config{Endpoint: "ftp://x"}); err == nil {
		t.Error("an endpoint that cannot be used was tried")
	}
}
