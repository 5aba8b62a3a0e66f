package exporter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// CodeNoAnswer stands for attempts that no collector has answered.
const CodeNoAnswer = "no answer"

// classifyGRPC says what a gRPC status means. The retryable codes are those of
// https://opentelemetry.io/docs/specs/otlp/#failures; the others are tried
// again all the same, since what they complain of is set right by people.
func classifyGRPC(st *status.Status, in response) answer {
	a := answer{code: codeName(st.Code()), message: strings.ToValidUTF8(st.Message(), "?")}
	switch st.Code() {
	case codes.OK:
		a.verdict, a.rejected, a.message = accepted, in.rejected, in.message
	case codes.InvalidArgument:
		a.verdict = refused
	case codes.ResourceExhausted:
		a.verdict = again
		if isTooLarge(a.message) {
			a.verdict = tooLarge
		}
	case codes.Internal, codes.Unknown:
		a.verdict = faulty
	case codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented, codes.NotFound:
		a.verdict = unwelcome
	default:
		a.verdict = again
	}
	if a.verdict != accepted {
		a.delay, _ = retryInfo(st.Proto())
		a.hint = hint(a.code, a.message)
		if a.verdict == again && a.hint != "" && strings.Contains(a.message, "handshake") {
			a.verdict = unwelcome
		}
	}
	a.message = clip(a.message)
	return a
}

// isTooLarge tells a message over the receiver's limit from a receiver out of
// resources: gRPC has one code for both. The texts are those of the gRPC
// implementations in Go, C++, Java and Rust.
func isTooLarge(message string) bool {
	m := strings.ToLower(message)
	for _, text := range []string{"larger than max", "message too large", "exceeds maximum size", "too large"} {
		if strings.Contains(m, text) {
			return true
		}
	}
	return false
}

// codeName returns a code as gRPC's documents write it: RESOURCE_EXHAUSTED. A
// number that they do not know gets one name with all the others: answers are
// counted by it, and a server may send any number.
func codeName(c codes.Code) string {
	switch {
	case c == codes.OK:
		return "OK"
	case c == codes.Canceled:
		return "CANCELLED"
	case c > codes.Unauthenticated: // the last one there is
		return "UNKNOWN_CODE"
	}
	var b strings.Builder
	for i, r := range c.String() {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}

// classifyHTTP says what an HTTP response means.
func classifyHTTP(resp *http.Response, body []byte, now time.Time) answer {
	a := answer{code: fmt.Sprintf("HTTP %d", resp.StatusCode)}
	if resp.StatusCode < 100 || resp.StatusCode > 599 {
		a.code = "HTTP, no known status" // of which there could be any number
	}
	switch code := resp.StatusCode; {
	case code >= 200 && code < 300:
		return classifyHTTPSuccess(a, resp, body)
	case code == http.StatusRequestEntityTooLarge:
		a.verdict = tooLarge
	case code == http.StatusBadRequest, code == http.StatusUnprocessableEntity:
		a.verdict = refused
	case code == http.StatusInternalServerError:
		a.verdict = faulty
	case code >= 300 && code < 400, code == http.StatusUnauthorized, code == http.StatusForbidden,
		code == http.StatusNotFound, code == http.StatusMethodNotAllowed, code == http.StatusUnsupportedMediaType:
		a.verdict = unwelcome
	default:
		a.verdict = again
	}
	var st spb.Status
	a.message = text(body)
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/x-protobuf") && proto.Unmarshal(body, &st) == nil {
		a.message = text([]byte(st.GetMessage()))
		a.delay, _ = retryInfo(&st)
	}
	if d := retryAfter(resp.Header.Get("Retry-After"), now); d > 0 {
		a.delay = d
	}
	if location := resp.Header.Get("Location"); location != "" {
		a.message = strings.TrimSpace("redirected to " + location + " " + a.message)
	}
	a.hint = hint(a.code, a.message)
	return a
}

// classifyHTTPSuccess reads a success. A body that is no response at all comes
// from something that is no collector: a captive portal, say.
func classifyHTTPSuccess(a answer, resp *http.Response, body []byte) answer {
	a.verdict, a.code = accepted, "OK"
	kind := resp.Header.Get("Content-Type")
	if strings.HasPrefix(kind, "text/html") {
		return answer{
			verdict: unwelcome, code: fmt.Sprintf("HTTP %d", resp.StatusCode), message: text(body),
			hint: "the endpoint answers with a web page: is it the collector's OTLP/HTTP port?",
		}
	}
	parse := parseResponse
	if strings.HasPrefix(kind, "application/json") {
		parse = parseJSONResponse
	}
	if in, err := parse(body); err == nil {
		a.rejected, a.message = in.rejected, clip(in.message)
	}
	return a
}

// classifyNoAnswer says what an error of the HTTP client means.
func classifyNoAnswer(err error) answer {
	a := answer{verdict: again, code: CodeNoAnswer}
	if urlErr := (*url.Error)(nil); errors.As(err, &urlErr) {
		err = urlErr.Err // without the URL, which may hold a password
	}
	a.message = err.Error()
	if errors.Is(err, context.DeadlineExceeded) {
		a.code, a.message = "DEADLINE_EXCEEDED", "no answer within the timeout"
	}
	a.hint = hint(a.code, a.message)
	if strings.Contains(a.message, "x509") || strings.Contains(a.message, "tls:") {
		a.verdict = unwelcome
	}
	return a
}

// retryAfter reads a Retry-After header: seconds, or a date.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if t, err := http.ParseTime(value); err == nil {
		return max(t.Sub(now), 0)
	}
	return 0
}

// mostMessage is how much is kept of what a collector says, in bytes: its words
// stand in the log, on the status page and in each dead letter.
const mostMessage = 1 << 10

// clip returns the beginning of a message.
func clip(message string) string {
	if len(message) <= mostMessage {
		return message
	}
	return strings.ToValidUTF8(message[:mostMessage], "?")
}

// text returns the beginning of a response body as one line.
func text(body []byte) string {
	if len(body) > mostMessage {
		body = body[:mostMessage]
	}
	return strings.Join(strings.Fields(strings.ToValidUTF8(string(body), "?")), " ")
}

// endpointKeys is where people write what is wrong about an endpoint.
const endpointKeys = "export.endpoint (or OTEL_EXPORTER_OTLP_ENDPOINT)"

const notHTTP = "the endpoint does not speak HTTP: is it the gRPC port (4317), or does it want https://? See " + endpointKeys

// hints say in plain words what to look at, by code or by a part of the
// message. The first that fits is taken.
var hints = []struct{ code, message, hint string }{
	{"", "certificate required", "the collector asks for a client certificate: set export.tls.cert_file and key_file"},
	{"", "bad certificate", "the collector does not take our client certificate: see export.tls.cert_file and key_file"},
	{"", "unknown authority", "the collector's certificate is not signed by a known authority: set export.tls.ca_file"},
	{"", "x509:", "the collector's certificate does not fit: see export.tls.ca_file and the name in export.endpoint"},
	{"", "first record does not look like a tls handshake", "the endpoint does not speak TLS: write http:// instead of https:// in " + endpointKeys},
	{"", "server gave http response to https client", "the endpoint does not speak TLS: write http:// instead of https:// in " + endpointKeys},
	{"", "error reading server preface", "the endpoint does not speak gRPC without TLS: is it the HTTP port (4318), or does it want https://? See " + endpointKeys},
	{"", "malformed http response", notHTTP},
	{"", "readlooppeekfaillocked: %!w(<nil>)", notHTTP}, // net/http, when the server speaks before it is asked, as gRPC servers do
	{"", "http request to an https server", "the endpoint wants TLS: write https:// instead of http:// in " + endpointKeys},
	{"", "connection refused", "nothing listens at the endpoint: is the collector running, and are host and port right? See " + endpointKeys},
	{"", "no such host", "the endpoint's name is not known: is it spelt right? See " + endpointKeys},
	{"", "produced zero addresses", "the endpoint's name is not known: is it spelt right? See " + endpointKeys},
	{"", "i/o timeout", "the endpoint cannot be reached: look for a firewall or a network policy, and see " + endpointKeys},
	{"", "no route to host", "the endpoint cannot be reached: look for a firewall or a network policy, and see " + endpointKeys},
	{"", "network is unreachable", "the endpoint cannot be reached: look for a firewall or a network policy, and see " + endpointKeys},
	{"UNAUTHENTICATED", "", "the collector wants to know who we are: see export.headers"},
	{"HTTP 401", "", "the collector wants to know who we are: see export.headers"},
	{"PERMISSION_DENIED", "", "the collector knows us and does not let us in: see export.headers"},
	{"HTTP 403", "", "the collector knows us and does not let us in: see export.headers"},
	{"UNIMPLEMENTED", "", "the endpoint takes no logs over gRPC: has the collector a logs pipeline with the otlp receiver?"},
	{"HTTP 404", "", "the endpoint takes no logs at this path: see " + endpointKeys},
	{"HTTP 405", "", "the endpoint takes no logs at this path: see " + endpointKeys},
	{"HTTP 415", "", "the endpoint does not know protobuf bodies or the compression: see export.endpoint and export.compression"},
	{"HTTP 3", "", "the endpoint has moved: write its new address in " + endpointKeys},
}

func hint(code, message string) string {
	message = strings.ToLower(message)
	for _, h := range hints {
		if strings.HasPrefix(code, h.code) && strings.Contains(message, h.message) {
			return h.hint
		}
	}
	return ""
}
