package ownlog

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/rtcship/rtcship/exporter/exportertest"
)

func TestFormats(t *testing.T) {
	f := func(format, want string) {
		t.Helper()
		var b bytes.Buffer
		New(Config{Writer: &b, Level: "info", Format: format}).Info("hello", "n", 1)
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s: %s", format, b.String())
		}
	}
	f("text", "msg=hello n=1")
	f("json", `"msg":"hello","n":1`)
	f("auto", `"msg":"hello","n":1`) // a buffer is no terminal
}

func TestLevel(t *testing.T) {
	var b bytes.Buffer
	l := New(Config{Writer: &b, Level: "warn", Format: "text"})
	l.Info("quiet")
	l.SetLevel("debug")
	l.Debug("loud")
	if s := b.String(); strings.Contains(s, "quiet") || !strings.Contains(s, "loud") {
		t.Errorf("log:\n%s", s)
	}
}

// A message that comes every second is written once a minute, with the number of those left out.
func TestRepeatsAreSummarised(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		l := New(Config{Writer: &b, Level: "info", Format: "text"}).Logger.With("part", "exporter")
		for i := range 125 {
			l.Warn("collector is away", "error", errors.New("refused"), "after", time.Duration(i))
			l.Info("progress") // never left out
			time.Sleep(time.Second)
		}
		l.Warn("collector is away", "error", errors.New("another reason"), "after", time.Duration(1))
		if n := strings.Count(b.String(), "error=refused"); n != 3 {
			t.Errorf("%d lines, want one a minute:\n%s", n, b.String())
		}
		if strings.Count(b.String(), "repeated=59") != 2 {
			t.Errorf("the repeats are not counted:\n%s", b.String())
		}
		if !strings.Contains(b.String(), "another reason") || strings.Count(b.String(), "progress") != 125 {
			t.Error("something else was left out")
		}
	})
}

func TestRepeatsAreBounded(t *testing.T) {
	p := newRepeats(time.Hour)
	for i := range 10 * maxRepeats {
		p.seen("", slog.NewRecord(time.Now(), slog.LevelError, strings.Repeat("x", i), 0))
	}
	if len(p.seenAt) > maxRepeats {
		t.Errorf("%d messages are remembered", len(p.seenAt))
	}
}

func TestRecent(t *testing.T) {
	l := New(Config{Writer: &bytes.Buffer{}, Level: "info"})
	for i := range keepRecent + 5 {
		l.Error("fault", "n", i)
	}
	l.Info("no news for the page")
	got := l.Recent()
	if len(got) != keepRecent || got[0].Text != "fault n=24" || got[0].Level != "error" || got[keepRecent-1].Text != "fault n=5" {
		t.Errorf("recent: %+v", got)
	}
}

// A collector that takes what rtcship itself says.
type collector struct {
	mu      sync.Mutex
	bodies  []string
	service string
}

func (c *collector) take(r *exportertest.Request) {
	logs, err := r.Logs()
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rl := range logs.ResourceLogs {
		for _, kv := range rl.Resource.Attributes {
			if kv.Key == "service.name" {
				c.service = kv.Value.GetStringValue()
			}
		}
		for _, sl := range rl.ScopeLogs {
			for _, record := range sl.LogRecords {
				c.bodies = append(c.bodies, record.Body.GetStringValue())
			}
		}
	}
}

// A token that is made anew once an hour is taken without a reload.
func TestHeadersAreAskedForWithEachRequest(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=of-the-environment")
	for _, protocol := range []string{exportertest.GRPC, exportertest.HTTP} {
		var token atomic.Value
		seen := make(chan string, 10)
		server, err := exportertest.Start(exportertest.Config{Take: func(r *exportertest.Request) {
			seen <- strings.Join(r.Header.Values("Authorization"), ", ")
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		l := New(Config{Writer: &bytes.Buffer{}, Level: "info"})
		headers := func() (map[string]string, error) {
			return map[string]string{"authorization": token.Load().(string)}, nil
		}
		token.Store("first")
		stop, err := l.Export(Export{Endpoint: server.Endpoint(protocol), Protocol: protocol, Timeout: time.Minute, Headers: headers})
		if err != nil {
			t.Fatal(err)
		}
		token.Store("renewed")
		l.Info("message")
		stop(t.Context()) // which sends what waits
		if got := <-seen; got != "renewed" {
			t.Errorf("%s: sent with %q", protocol, got)
		}
	}
}

func TestExport(t *testing.T) {
	for _, protocol := range []string{exportertest.GRPC, exportertest.HTTP} {
		var c collector
		server, err := exportertest.Start(exportertest.Config{Take: c.take})
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		l := New(Config{Writer: &bytes.Buffer{}, Level: "info"})
		with := l.With("early", true) // made before there is an exporter
		stop, err := l.Export(Export{Endpoint: server.Endpoint(protocol), Protocol: protocol, Timeout: time.Minute, Version: "test"})
		if err != nil {
			t.Fatal(err)
		}
		with.Info("hello")
		stop(t.Context())
		with.Info("after the end")
		if len(c.bodies) != 1 || c.bodies[0] != "hello" || c.service != "rtcship" {
			t.Errorf("%s: bodies %q of service %q", protocol, c.bodies, c.service)
		}
	}
}

// What the endpoint holds of secrets is sent and not said: the SDK's own
// messages name the address that it was given.
func TestSecretsOfTheEndpoint(t *testing.T) {
	asked := make(chan *http.Request, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r
		w.WriteHeader(http.StatusBadRequest)
	}))
	defer server.Close()
	address := strings.Replace(server.URL, "http://", "http://user:s3cret@", 1) + "/otlp?key=s3cret"
	var b bytes.Buffer
	l := New(Config{Writer: &b, Level: "debug", Format: "text"})
	stop, err := l.Export(Export{Endpoint: address, Protocol: "http/protobuf", Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	l.Info("hello")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stop(ctx)
	r := <-asked
	if _, password, _ := r.BasicAuth(); password != "s3cret" || r.URL.String() != "/otlp/v1/logs?key=s3cret" {
		t.Errorf("asked for %s with password %q", r.URL, password)
	}
	if s := b.String(); !strings.Contains(s, "not exported") || strings.Contains(s, "s3cret") {
		t.Errorf("log:\n%s", s)
	}
}

// What goes wrong with the export is said locally and never exported, or a
// collector in trouble would get ever more to do.
func TestFailedExportIsNoNews(t *testing.T) {
	server, err := exportertest.Start(exportertest.Config{Answer: func(*exportertest.Request) *exportertest.Fault {
		return &exportertest.Fault{Code: codes.InvalidArgument, Message: "no"}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	var b bytes.Buffer
	l := New(Config{Writer: &b, Level: "debug", Format: "text"})
	stop, err := l.Export(Export{Endpoint: server.Endpoint(exportertest.GRPC), Protocol: "grpc", Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	l.Info("hello")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stop(ctx)
	if n := strings.Count(b.String(), "own log was not exported"); n == 0 || n > 3 {
		t.Errorf("log:\n%s", b.String())
	}
	if recent := l.Recent(); len(recent) != 0 {
		t.Errorf("failures of the export reached the page: %v", recent)
	}
}
