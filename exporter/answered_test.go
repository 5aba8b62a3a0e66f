package exporter

import (
	"testing"

	"github.com/rtcship/rtcship/exporter/exportertest"
)

// Whether somebody refuses, or nobody is there, is told apart with a real server:
// for the second alone the name is looked up again at once.
func TestWhoAnswersIsKnown(t *testing.T) {
	f := func(fault *exportertest.Fault, want bool) {
		t.Helper()
		server, err := exportertest.Start(exportertest.Config{Answer: func(*exportertest.Request) *exportertest.Fault { return fault }})
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		e, err := New(Config{Endpoint: server.Endpoint(exportertest.GRPC)})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close(t.Context())
		g := records("a", 1, 10)
		a := e.send(t.Context(), []piece{{group: &g, hi: 1}})
		if a.answered != want {
			t.Errorf("%+v: answered %v, want %v", a, a.answered, want)
		}
		server.Close()
		if a := e.send(t.Context(), []piece{{group: &g, hi: 1}}); a.answered {
			t.Errorf("nobody is there: %+v", a)
		}
	}
	f(nil, true)
	f(&exportertest.Fault{Code: 14, Message: "data refused due to high memory usage"}, true)
	f(&exportertest.Fault{Code: 8, Message: "sending queue is full"}, true)
}
