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
	"google.golang.org/protobuf/proto"
)

// classifyHTTP says what an HTTP response means. byStatus is
// HTTPSuccessStatus: any 2xx acknowledges, whatever its body says.
func classifyHTTP(resp *http.Response, in reply, now time.Time, byStatus bool) answer {
	a := answer{code: fmt.Sprintf("HTTP %d", resp.StatusCode)}
	if resp.StatusCode < 100 || resp.StatusCode > 599 {
		a.code = "HTTP, no known status" // of which there could be any number
	}
	switch code := resp.StatusCode; {
	case code >= 200 && code < 300:
		return classifyHTTPSuccess(a, in, byStatus)
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
	a.message, a.delay = complaint(in.body)
	if d := retryAfter(resp.Header.Get("Retry-After"), now); d > 0 {
		a.delay = d
	}
	if location := resp.Header.Get("Location"); location != "" {
		a.message = strings.TrimSpace("redirected to " + oneLine([]byte(location)) + " " + a.message)
	}
	a.hint = hint(a.code, a.message)
	return a
}

// complaint reads the body of an answer that is no success: a google.rpc.Status,
// as OTLP has it, or text. Not every server that sends the one says so in its
// Content-Type; Loki does not.
func complaint(body []byte) (message string, delay time.Duration) {
	var st spb.Status
	if len(body) == 0 || isText(body) || proto.Unmarshal(body, &st) != nil {
		return oneLine(body), 0
	}
	delay, _ = retryInfo(&st)
	return oneLine([]byte(st.GetMessage())), delay
}

// classifyHTTPSuccess reads a success. A body that is no answer of OTLP's comes
// from something that is no collector, a captive portal say, or a server that
// has not understood: nothing may be taken for settled because of it.
func classifyHTTPSuccess(a answer, in reply, byStatus bool) answer {
	said, form, err := in.acknowledgement()
	switch {
	case in.early:
		a.verdict, a.message, a.hint = unwelcome, "it came before the records had left", notOTLP
		return a
	case err == nil:
		form = a.code + " with " + form
	case byStatus:
		form = a.code + ", whose body does not count"
	default:
		return noAcknowledgement(a, in, err)
	}
	return answer{verdict: accepted, code: "OK", form: form, rejected: said.rejected, message: said.message}
}

func noAcknowledgement(a answer, in reply, err error) answer {
	body := oneLine(in.body)
	a.verdict, a.hint = unwelcome, notOTLP
	if strings.HasPrefix(body, "<") {
		a.hint = webPage
	}
	a.message = strings.TrimSuffix(err.Error()+": "+body, ": ")
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
	for _, text := range []string{"x509", "tls:", "response headers exceeded"} {
		if strings.Contains(a.message, text) {
			a.verdict = unwelcome
		}
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
