package otlpclient

import (
	"context"
	"errors"
	"net"
	"regexp"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Why says in our own words why an exporter of the SDK has failed. Its error quotes
// the answer, and there are servers and proxies that quote in it what they were told
// in confidence.
func Why(err error) string {
	var dial *net.OpError
	var resolve *net.DNSError
	switch s, isGRPC := status.FromError(err); {
	case err == nil:
		return ""
	case errors.Is(err, context.DeadlineExceeded), isGRPC && s.Code() == codes.DeadlineExceeded:
		return "no answer in time"
	case errors.As(err, &resolve):
		return "the name cannot be resolved"
	case errors.As(err, &dial) && dial.Op == "dial":
		return "no connection"
	case isGRPC && s.Code() == codes.Unimplemented:
		return "UNIMPLEMENTED: the collector has no pipeline for it"
	case isGRPC:
		return "gRPC " + s.Code().String()
	}
	if code := httpStatus.FindStringSubmatch(err.Error()); code != nil {
		return "HTTP " + code[1]
	}
	return "no answer that can be understood"
}

// httpStatus is the status in the SDK's words, "failed to send metrics to URL: 503 …".
var httpStatus = regexp.MustCompile(`^(?:[^ ]+ )*?(?:to [^ ]+: |code )([1-5][0-9][0-9])\b`)
