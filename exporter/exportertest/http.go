package exportertest

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

// decide asks what becomes of r and hands its records on if they are kept.
func (s *Server) decide(ctx context.Context, r *Request) *Fault {
	var f *Fault
	if s.cfg.Answer != nil {
		f = s.cfg.Answer(r)
	}
	if f != nil && f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-ctx.Done():
		case <-s.ending.Done():
		}
	}
	kept := f == nil || f.Taken || !f.Drop && !f.Stall && f.code() == codes.OK
	if kept && s.cfg.Take != nil {
		s.cfg.Take(r)
	}
	return f
}

// stall waits until the client gives up.
func (s *Server) stall(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-s.ending.Done():
	}
}

func (s *Server) serveHTTP(w http.ResponseWriter, req *http.Request) {
	if s.cfg.Admit != nil && !s.cfg.Admit() {
		panic(http.ErrAbortHandler)
	}
	encoding := req.Header.Get("Content-Encoding")
	body, err := s.read(req.Body, encoding)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if len(body) > s.cfg.MaxMessage {
		http.Error(w, "request body too large", http.StatusRequestEntityTooLarge)
		return
	}
	r := &Request{Protocol: HTTP, Signal: Logs, Body: body, Compression: encoding, Header: req.Header, Path: req.URL.Path}
	if strings.HasSuffix(r.Path, "/v1/traces") {
		r.Signal = Traces
	}
	f := s.decide(req.Context(), r)
	switch {
	case f == nil:
		answerHTTP(w, http.StatusOK, nil)
	case f.Drop:
		panic(http.ErrAbortHandler)
	case f.Stall:
		s.stall(req.Context())
		panic(http.ErrAbortHandler)
	default:
		f.answerHTTP(w)
	}
}

func (s *Server) read(body io.Reader, encoding string) ([]byte, error) {
	switch encoding {
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, fmt.Errorf("decompress: %w", err)
		}
		body = z
	case "zstd":
		z, err := zstd.NewReader(body, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, fmt.Errorf("decompress: %w", err)
		}
		defer z.Close()
		body = z
	}
	var b bytes.Buffer
	_, err := b.ReadFrom(io.LimitReader(body, int64(s.cfg.MaxMessage)+1))
	return b.Bytes(), err
}

func (f *Fault) answerHTTP(w http.ResponseWriter) {
	maps.Copy(w.Header(), f.Header)
	if f.Wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((f.Wait+time.Second-1)/time.Second)))
	}
	code := f.status()
	if code == http.StatusOK {
		answerHTTP(w, code, reply(f))
		return
	}
	b, err := proto.Marshal(&spb.Status{Code: int32(f.code()), Message: f.Message})
	if err != nil {
		panic(err)
	}
	answerHTTP(w, code, b)
}

func answerHTTP(w http.ResponseWriter, code int, body []byte) {
	w.Header().Set("Content-Type", "application/x-protobuf")
	w.WriteHeader(code)
	_, _ = w.Write(body)
}

// statusOf is how OTLP/HTTP answers what OTLP/gRPC answers with a code.
var statusOf = map[codes.Code]int{
	codes.OK:                http.StatusOK,
	codes.InvalidArgument:   http.StatusBadRequest,
	codes.ResourceExhausted: http.StatusTooManyRequests,
	codes.Unavailable:       http.StatusServiceUnavailable,
	codes.DeadlineExceeded:  http.StatusGatewayTimeout,
	codes.Unauthenticated:   http.StatusUnauthorized,
	codes.PermissionDenied:  http.StatusForbidden,
	codes.Unimplemented:     http.StatusNotFound,
}

func (f *Fault) status() int {
	if f.Status != 0 {
		return f.Status
	}
	if code, ok := statusOf[f.Code]; ok {
		return code
	}
	return http.StatusInternalServerError
}

func (f *Fault) code() codes.Code {
	if f.Code != codes.OK || f.Status == 0 || f.Status == http.StatusOK {
		return f.Code
	}
	for code, status := range statusOf {
		if status == f.Status {
			return code
		}
	}
	return codes.Unknown
}
