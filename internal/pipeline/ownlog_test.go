package pipeline

import (
	"bytes"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/rtcship/rtcship/exporter/exportertest"
)

// rtcship's own log comes with the headers that its records come with, those of
// the file among them: a collector that wants a token wants it for both.
func TestOwnLogHasTheHeaders(t *testing.T) {
	b := newBench(t)
	headers := filepath.Join(t.TempDir(), "headers")
	if err := os.WriteFile(headers, []byte("authorization: Bearer of-the-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.flags["export.headers_file"] = []string{headers}
	b.flags["export.headers"] = []string{"{x-scope: tenant}"}
	b.flags["log.otlp"] = []string{"true"}
	var own atomic.Bool
	b.fault = func(r *exportertest.Request) *exportertest.Fault {
		if bytes.Contains(r.Body, []byte("shipping logs")) {
			own.Store(true)
		}
		if r.Header.Get("Authorization") != "Bearer of-the-file" || r.Header.Get("X-Scope") != "tenant" {
			t.Errorf("a request with the headers %v", r.Header)
		}
		return nil
	}
	r := b.start(false)
	b.await("the own log", own.Load)
	r.drain()
}
