package exporter

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

const (
	// maxAnswer bounds what is read of an answer, and what it may unpack to. It
	// is one byte less than a round number, since gRPC has one text for an
	// answer over our limit and for a request over the collector's, in which
	// only the limit tells the two apart.
	maxAnswer = 1<<20 - 1

	// maxComplaint bounds what is read of an answer that is no success.
	maxComplaint = 64 << 10

	// maxAnswerHeaders bounds what headers and trailers of an answer may take.
	maxAnswerHeaders = 64 << 10
)

// A reply is the body of an HTTP answer, as far as it was read.
type reply struct {
	body []byte
	err  error // why the body is not whole; nil if it is

	// early: it came before the records had left, so nobody can have read them.
	early bool
}

// readReply reads the body of an answer. It is bounded in bytes here, and in time
// by the context of the request.
func readReply(resp *http.Response) reply {
	switch {
	case resp.StatusCode < 200: // after 101 the body is the connection, which has no end
		return reply{}
	case resp.StatusCode > 299:
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxComplaint))
		if unpacked, unpackErr := unpackReply(resp, body); unpackErr == nil {
			body = unpacked
		}
		return reply{body: body, err: err}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return reply{body: body, err: fmt.Errorf("the answer breaks off: %w", err)}
	case len(body) > maxAnswer:
		return reply{body: body, err: fmt.Errorf("the answer has more than %d bytes", maxAnswer)}
	}
	unpacked, err := unpackReply(resp, body)
	if err != nil {
		return reply{body: body, err: err}
	}
	return reply{body: unpacked}
}

// unpackReply decompresses a body. We ask for none that is compressed, but there
// are proxies that do not care.
func unpackReply(resp *http.Response, body []byte) ([]byte, error) {
	name := strings.ToLower(strings.TrimSpace(strings.Join(resp.Header.Values("Content-Encoding"), ",")))
	if len(body) == 0 || name == "" || name == "identity" {
		return body, nil
	}
	unpacked, err := unpack(strings.TrimPrefix(name, "x-"), strings.NewReader(string(body)))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the answer cannot be decompressed: %w", err)
	case len(unpacked) > maxAnswer:
		return nil, fmt.Errorf("the answer has more than %d bytes", maxAnswer)
	}
	return unpacked, nil
}

// acknowledgement returns what a success says, and which form it has in words
// for people: no body at all, OTLP's protobuf answer, or a JSON object. Anything
// else is an error. The stated type does not count: there are servers, and
// proxies before them, that state a wrong one or none.
func (r reply) acknowledgement() (said response, form string, err error) {
	switch {
	case r.err != nil:
		return response{}, "", r.err
	case len(r.body) == 0:
		return response{}, "an empty body", nil
	}
	if said, err = parseResponse(r.body); err == nil {
		return said, "OTLP's protobuf answer", nil
	}
	if said, err = parseJSONResponse(r.body); err == nil {
		return said, "a JSON object", nil
	}
	return response{}, "", errors.New("the answer is none of OTLP's")
}
