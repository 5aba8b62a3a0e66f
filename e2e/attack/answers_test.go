package attack

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// overHTTP lets the collector answer in its own way.
func overHTTP(h http.HandlerFunc) func(*testing.T, *field) {
	return func(_ *testing.T, f *field) { f.collector.answer.Store(&h) }
}

func overGRPC(r responder) func(*testing.T, *field) {
	return func(_ *testing.T, f *field) { f.collector.respond.Store(&r) }
}

// behave ends the collector's ways; what waits arrives then.
func behave(_ *testing.T, f *field) {
	f.collector.answer.Store(nil)
	f.collector.respond.Store(nil)
}

// unsettled is nil once the collector was asked and what it said has settled nothing.
func unsettled(t *testing.T, f *field) error {
	before := f.ship.Metric(t, "rtcship_records_total", `outcome="accepted"`)
	asked := f.collector.asked.Load()
	if asked < 3 {
		return fmt.Errorf("the collector was asked %d times", asked)
	}
	if before > 100 { // what the living wrote before the attack, and a few requests under way
		t.Errorf("%v records were taken for accepted", before)
	}
	return nil
}

// says answers 200 with a text of some type.
func says(kind, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", kind)
		_, _ = io.WriteString(w, text)
	}
}

// unasked answers, and says more when nothing was asked.
func unasked(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	fmt.Fprintf(c, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nhi")
	time.Sleep(200 * time.Millisecond) // until the client waits for nothing
	fmt.Fprintf(c, "you said %s", r.Header.Get("Authorization"))
	time.Sleep(200 * time.Millisecond)
}

const away = "does not take records"

// answers are those of what is no collector, or none in its right mind.
var answers = []attack{
	{name: "200 with plain text", strike: overHTTP(says("text/plain", "hello")), counts: unsettled, states: "red", says: away, after: behave, deaf: true},
	{name: "200 with a web page", strike: overHTTP(says("text/html", "<html>log in")), counts: unsettled, states: "red", says: away, after: behave, deaf: true},
	{name: "200 with noise as protobuf", strike: overHTTP(says("application/x-protobuf", string(noise(100)))), counts: unsettled, states: "red", says: away, after: behave, deaf: true},
	{name: "200 with a JSON list", strike: overHTTP(says("application/json", "[1]")), counts: unsettled, states: "red", says: away, after: behave, deaf: true},
	{
		name: "200 with zeros without end", counts: unsettled, states: "red", says: away, after: behave, deaf: true,
		strike: overHTTP(func(w http.ResponseWriter, _ *http.Request) {
			for zeros := make([]byte, 64<<10); ; {
				if _, err := w.Write(zeros); err != nil {
					return
				}
			}
		}),
	},
	{
		name: "headers without end", counts: unsettled, states: "red", says: away, after: behave, deaf: true,
		strike: overHTTP(func(w http.ResponseWriter, _ *http.Request) {
			for i := range 15 {
				w.Header().Set(fmt.Sprint("X-", i), strings.Repeat("a", 1<<20))
			}
		}),
	},
	{
		name: "the token comes back", strike: overHTTP(func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "no such token: "+r.Header.Get("Authorization"), http.StatusUnauthorized)
		}),
		config: "", states: "red", says: away, after: behave, deaf: true,
		before: func(t *testing.T, f *field) { addHeader(t, f, "Bearer s3cr3t-t0ken") },
		counts: func(t *testing.T, f *field) error { return f.hides(t, "s3cr3t-t0ken") },
	},
	{
		name: "the token comes unasked", strike: overHTTP(unasked),
		states: "red", says: away, after: behave, deaf: true, lasts: 5 * time.Second,
		before: func(t *testing.T, f *field) { addHeader(t, f, "Bearer s3cr3t-t0ken") },
		counts: func(t *testing.T, f *field) error { return f.hides(t, "s3cr3t-t0ken") },
	},
	{
		name: "15 MiB of gRPC headers", grpc: true, states: "green amber red", after: behave, deaf: true,
		strike: overGRPC(func(ctx context.Context) (*collogs.ExportLogsServiceResponse, error) {
			md := metadata.MD{}
			for i := range 15 {
				md.Append(fmt.Sprint("x-", i), strings.Repeat("a", 1<<20))
			}
			return &collogs.ExportLogsServiceResponse{}, grpc.SetHeader(ctx, md)
		}),
	},
	{
		name: "a gRPC response of 5 MiB", grpc: true, states: "green amber red", after: behave, deaf: true,
		strike: overGRPC(func(context.Context) (*collogs.ExportLogsServiceResponse, error) {
			return &collogs.ExportLogsServiceResponse{PartialSuccess: &collogs.ExportLogsPartialSuccess{ErrorMessage: strings.Repeat("a", 5<<20)}}, nil
		}),
	},
}
