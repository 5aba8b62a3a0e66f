package exporter

import (
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/rtcship/rtcship/internal/endpoint"
)

const (
	// CodeNoAnswer stands for attempts that no collector has answered.
	CodeNoAnswer = "no answer"

	// CodeUnusable stands for answers over gRPC that are none of OTLP's: too
	// large, broken off, or made of something else.
	CodeUnusable = "unusable answer"
)

// classifyGRPC says what a gRPC status means. The retryable codes are those of
// https://opentelemetry.io/docs/specs/otlp/#failures; the others are tried
// again all the same, since what they complain of is set right by people.
func classifyGRPC(st *status.Status, in response) answer {
	a := answer{code: codeName(st.Code()), message: endpoint.Scrub(strings.ToValidUTF8(st.Message(), "?"))}
	if strings.HasPrefix(a.message, "unexpected HTTP status code received from server: 413") {
		a.verdict = tooLarge // a proxy on the way, which does not speak gRPC itself
		return a
	}
	if text, ok := unusable(st, in); ok {
		return answer{verdict: unwelcome, code: CodeUnusable, message: text, hint: noGRPC}
	}
	switch st.Code() {
	case codes.OK:
		return answer{verdict: accepted, code: a.code, form: "gRPC OK with OTLP's answer", rejected: in.rejected, message: in.message}
	case codes.InvalidArgument:
		a.verdict = refused
	case codes.ResourceExhausted:
		a.verdict = again
		if IsTooLarge(a.message) {
			a.verdict = tooLarge
		}
	case codes.Internal, codes.Unknown:
		a.verdict = faulty
	case codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented, codes.NotFound:
		a.verdict = unwelcome
	default:
		a.verdict = again
	}
	a.delay, _ = retryInfo(st.Proto())
	a.hint = hint(a.code, a.message)
	if a.verdict == again && a.hint != "" && strings.Contains(a.message, "handshake") {
		a.verdict = unwelcome
	}
	return a
}

// unusable tells whether an answer says nothing about the records, because our
// end could not make sense of it. gRPC gives these the codes INTERNAL, UNKNOWN
// and RESOURCE_EXHAUSTED, which mean other things when a collector sends them:
// that a record is at fault, or a request too large.
func unusable(st *status.Status, in response) (text string, is bool) {
	if st.Code() == codes.OK {
		if in.err != nil {
			return in.err.Error(), true
		}
		return "", false
	}
	for _, own := range ownComplaints {
		if st.Code() == own.code && strings.HasPrefix(st.Message(), own.prefix) && strings.HasSuffix(st.Message(), own.suffix) {
			return st.Message(), true
		}
	}
	return "", false
}

// ownComplaints are what gRPC's client says of answers that it cannot use.
var ownComplaints = []struct {
	code           codes.Code
	prefix, suffix string
}{
	{codes.ResourceExhausted, "grpc: received message larger than max", fmt.Sprintf(" vs. %d)", maxAnswer)},
	{codes.ResourceExhausted, "grpc: message after decompression larger than max", fmt.Sprintf(" vs. %d)", maxAnswer)},
	{codes.ResourceExhausted, "grpc: received message after decompression larger than max", fmt.Sprintf(" %d", maxAnswer)},
	{codes.Internal, "peer header list size exceeded limit", ""},
	{codes.Internal, "header list size to send violates the maximum size", ""},
	{codes.Internal, "grpc: failed to decompress", ""},
	{codes.Internal, "grpc: failed to read decompressed", ""},
	{codes.Internal, "grpc: no decompressor available", ""},
	{codes.Internal, "grpc: Decompressor is not installed", ""},
	{codes.Internal, "grpc: compressed flag set", ""},
	{codes.Internal, "grpc: received unexpected payload format", ""},
	{codes.Internal, "unexpected EOF", ""},
	{codes.Internal, "cardinality violation", ""},
	{codes.Internal, "server closed the stream without sending trailers", ""},
	{codes.Internal, "a HEADERS frame cannot appear in the middle of a stream", ""},
	{codes.Internal, "transport: malformed", ""},
	{codes.Unknown, "transport: malformed", ""},
	{codes.Internal, "malformed header", ""},
	{codes.Internal, "unexpected HTTP status code received from server", ""},
	{codes.Unknown, "unexpected HTTP status code received from server", ""},
}

// IsTooLarge tells by an answer's words a message over the receiver's limit from a
// receiver out of resources: gRPC has one code for both. The texts are those of the gRPC
// implementations in Go, C++, Java and Rust.
func IsTooLarge(message string) bool {
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

// oneLine returns the beginning of a response body as one line, with room for what
// will be masked in it before it is clipped.
func oneLine(body []byte) string {
	if len(body) > 16*mostMessage {
		body = body[:16*mostMessage]
	}
	return strings.Join(strings.Fields(strings.ToValidUTF8(string(body), "?")), " ")
}
