package exporter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
)

func TestClassifyGRPC(t *testing.T) {
	want := map[codes.Code]verdict{
		codes.OK:                 accepted,
		codes.Canceled:           again,
		codes.Unknown:            faulty,
		codes.InvalidArgument:    refused,
		codes.DeadlineExceeded:   again,
		codes.NotFound:           unwelcome,
		codes.AlreadyExists:      again,
		codes.PermissionDenied:   unwelcome,
		codes.ResourceExhausted:  again,
		codes.FailedPrecondition: again,
		codes.Aborted:            again,
		codes.OutOfRange:         again,
		codes.Unimplemented:      unwelcome,
		codes.Internal:           faulty,
		codes.Unavailable:        again,
		codes.DataLoss:           again,
		codes.Unauthenticated:    unwelcome,
		codes.Code(77):           again,
	}
	for code, v := range want {
		if got := classifyGRPC(status.New(code, "text"), response{}); got.verdict != v {
			t.Errorf("%s: verdict %d, want %d", got.code, got.verdict, v)
		}
	}
}

func TestTooLargeTexts(t *testing.T) {
	for text, want := range map[string]verdict{
		"grpc: received message larger than max (5000000 vs. 4194304)":                      tooLarge,
		"grpc: received message after decompression larger than max (5000000 vs. 4194304)":  tooLarge,
		"Received message larger than max (5 vs. 4)":                                        tooLarge,
		"gRPC message exceeds maximum size 4194304: 5000000":                                tooLarge,
		"Error, message length too large: found 5000000 bytes, the limit is: 4194304 bytes": tooLarge,
		"sending queue is full":                    again,
		"data refused due to high memory usage":    again,
		"the rate limit of the tenant is exceeded": again,
	} {
		if got := classifyGRPC(status.New(codes.ResourceExhausted, text), response{}); got.verdict != want {
			t.Errorf("%q: verdict %d, want %d", text, got.verdict, want)
		}
	}
}

func withRetryInfo(t *testing.T, d time.Duration) *spb.Status {
	t.Helper()
	detail, err := anypb.New(&errdetails.RetryInfo{RetryDelay: durationpb.New(d)})
	if err != nil {
		t.Fatal(err)
	}
	return &spb.Status{Code: int32(codes.Unavailable), Message: "busy", Details: []*anypb.Any{{TypeUrl: "type.googleapis.com/unknown"}, detail}}
}

func TestRetryInfo(t *testing.T) {
	for _, d := range []time.Duration{0, time.Millisecond, time.Hour} {
		if got := classifyGRPC(status.FromProto(withRetryInfo(t, d)), response{}); got.delay != d {
			t.Errorf("delay %v, want %v", got.delay, d)
		}
	}
	if got := classifyGRPC(status.FromProto(withRetryInfo(t, -time.Hour)), response{}); got.delay != 0 {
		t.Errorf("delay %v", got.delay)
	}
}

func TestClassifyHTTP(t *testing.T) {
	want := map[verdict][]int{
		accepted:  {200, 202, 204},
		tooLarge:  {413},
		refused:   {400, 422},
		faulty:    {500},
		unwelcome: {301, 302, 303, 307, 308, 401, 403, 404, 405, 415},
		again:     {402, 408, 409, 410, 418, 425, 429, 501, 502, 503, 504, 507, 599},
	}
	for v, list := range want {
		for _, code := range list {
			got := classifyHTTP(&http.Response{StatusCode: code, Header: http.Header{}}, reply{}, time.Now(), false)
			if got.verdict != v {
				t.Errorf("HTTP %d: verdict %d, want %d", code, got.verdict, v)
			}
		}
	}
}

func TestHTTPBodies(t *testing.T) {
	protobuf := "application/x-protobuf"
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	marshal := func(m proto.Message) string { return string(mustMarshal(m)) }
	tests := []struct {
		name   string
		status int
		header http.Header
		body   string
		want   answer
	}{
		{"status", 503, http.Header{"Content-Type": {protobuf}}, marshal(&spb.Status{Message: "busy"}),
			answer{verdict: again, code: "HTTP 503", message: "busy"}},
		{"RetryInfo", 503, http.Header{"Content-Type": {protobuf}}, marshal(withRetryInfo(t, 3*time.Second)),
			answer{verdict: again, code: "HTTP 503", message: "busy", delay: 3 * time.Second}},
		{"Retry-After wins", 503, http.Header{"Content-Type": {protobuf}, "Retry-After": {"7"}}, marshal(withRetryInfo(t, 3*time.Second)),
			answer{verdict: again, code: "HTTP 503", message: "busy", delay: 7 * time.Second}},
		{"a date", 429, http.Header{"Retry-After": {"Fri, 02 Jan 2026 03:05:05 GMT"}}, "", answer{verdict: again, code: "HTTP 429", delay: time.Minute}},
		{"a date that is over", 429, http.Header{"Retry-After": {"Fri, 02 Jan 2026 03:04:05 GMT"}}, "", answer{verdict: again, code: "HTTP 429"}},
		{"nonsense", 429, http.Header{"Retry-After": {"soon"}}, "", answer{verdict: again, code: "HTTP 429"}},
		{"negative", 429, http.Header{"Retry-After": {"-1"}}, "", answer{verdict: again, code: "HTTP 429"}},
		{"text", 502, nil, "<html>\n bad\tgateway \xff", answer{verdict: again, code: "HTTP 502", message: "<html> bad gateway ?"}},
		{"redirected", 307, http.Header{"Location": {"https://new/"}}, "", answer{verdict: unwelcome, code: "HTTP 307",
			message: "redirected to https://new/", hint: "the endpoint has moved: write its new address in export.endpoint (or OTEL_EXPORTER_OTLP_ENDPOINT)"}},
		{"a status that nobody knows", 987, nil, "", answer{verdict: again, code: "HTTP, no known status"}},
		{"RetryInfo without a type, as Loki sends it", 503, nil, marshal(withRetryInfo(t, 3*time.Second)),
			answer{verdict: again, code: "HTTP 503", message: "busy", delay: 3 * time.Second}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.header == nil {
				tt.header = http.Header{}
			}
			got := classifyHTTP(&http.Response{StatusCode: tt.status, Header: tt.header}, reply{body: []byte(tt.body)}, now, false)
			if got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// answering is a client with one answer.
type answering struct{ a answer }

func (c *answering) send(context.Context, *payload) answer { return c.a }

func (c *answering) watch(context.Context, func()) {}

func (c *answering) close() error { return nil }

// What a collector says is kept in many places, and answers are counted by code;
// so neither a long message nor any number of codes may fill the memory.
func TestAnswersAreBounded(t *testing.T) {
	long := strings.Repeat("ü", 1<<20)
	for _, a := range []answer{
		classifyGRPC(status.New(codes.Unavailable, long), response{}),
		classifyGRPC(status.New(codes.OK, ""), response{rejected: 1, message: long}),
		classifyHTTP(&http.Response{StatusCode: 503}, reply{body: []byte(long)}, time.Now(), false),
		classifyHTTP(&http.Response{StatusCode: 200}, reply{body: mustMarshal(&collectorpb.ExportLogsServiceResponse{
			PartialSuccess: &collectorpb.ExportLogsPartialSuccess{RejectedLogRecords: 1, ErrorMessage: long},
		})}, time.Now(), false),
	} {
		a = (&discreet{client: &answering{a}, headers: &headerSource{}}).send(t.Context(), nil)
		if len(a.message) > mostMessage+4 || !utf8.ValidString(a.message) || len(a.message) < mostMessage/2 {
			t.Errorf("%s: a message of %d bytes", a.code, len(a.message))
		}
	}
	seen := map[string]bool{}
	for n := range 5000 {
		seen[classifyGRPC(status.New(codes.Code(n), ""), response{}).code] = true
		seen[classifyHTTP(&http.Response{StatusCode: n}, reply{}, time.Now(), false).code] = true
	}
	if len(seen) > 600 {
		t.Errorf("%d codes", len(seen))
	}
}

func TestNoAnswer(t *testing.T) {
	a := classifyNoAnswer(&url.Error{Op: "Post", URL: "http://user:s3cret@c/", Err: errors.New("dial tcp: connection refused")})
	if a.verdict != again || strings.Contains(a.message, "s3cret") || a.hint == "" {
		t.Errorf("%+v", a)
	}
	if a := classifyNoAnswer(fmt.Errorf("x: %w", context.DeadlineExceeded)); a.code != "DEADLINE_EXCEEDED" || a.verdict != again {
		t.Errorf("%+v", a)
	}
}
