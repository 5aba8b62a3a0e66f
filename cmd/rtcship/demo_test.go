package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/exporter/exportertest"
)

// A demo that ships elsewhere counts what was acknowledged there.
func TestDemoEndpoint(t *testing.T) {
	t.Parallel()
	server, err := exportertest.Start(exportertest.Config{MaxMessage: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for _, protocol := range []string{exportertest.GRPC, exportertest.HTTP} {
		cmd := newDemoCommand()
		var out bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetArgs([]string{"--duration", "500ms", "--endpoint", server.Endpoint(protocol), "--protocol", protocol})
		if err := cmd.Execute(); err != nil {
			t.Fatalf("%v\n%s", err, &out)
		}
		if s := out.String(); !strings.Contains(s, "lost 0") || strings.Contains(s, "delivered 0 ") || strings.Contains(s, "written 0 ") {
			t.Errorf("%s: it says\n%s", protocol, s)
		}
	}
}

func TestDemoRefuses(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--duration", "-1s"}, {"--protocol", "smoke", "--endpoint", "http://127.0.0.1:1"}} {
		cmd := newDemoCommand()
		cmd.SetArgs(args)
		cmd.SetOut(&bytes.Buffer{})
		cmd.SetErr(&bytes.Buffer{})
		if err := cmd.Execute(); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}

// The demo shows its own page and metrics where it is told to, and nowhere else.
func TestDemoShowsItself(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := newDemoCommand()
	cmd.SetArgs([]string{"--duration", "0", "--quiet", "--admin-listen", address, "--admin-hosts", "demo"})
	cmd.SetOut(&bytes.Buffer{})
	ended := make(chan error, 1)
	go func() { ended <- cmd.ExecuteContext(ctx) }()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		text, err := scrapeAs(ctx, "demo", address)
		if err == nil && strings.Contains(text, "rtcship_entries_read_total") {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("no metrics: %v\n%s", err, text)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// scrapeAs asks for metrics as Prometheus does that knows the address as host.
func scrapeAs(ctx context.Context, host, address string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", http.NoBody)
	if err != nil {
		return "", err
	}
	req.Host = host
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}
