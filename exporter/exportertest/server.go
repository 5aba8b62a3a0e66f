// Package exportertest is an OTLP receiver for logs and traces that can be told to
// misbehave: for tests, for measurements, and for showing what arrives.
//
// It listens on loopback, speaks OTLP/gRPC and OTLP/HTTP, and does as one
// function says: accept a request, refuse it with any answer, stall, close the
// connection, or keep the records and lose the acknowledgement.
package exportertest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
)

// The protocols, as a Request names them.
const (
	GRPC = "grpc"
	HTTP = "http/protobuf"
)

// The signals, as a Request names them.
const (
	Logs   = "logs"
	Traces = "traces"
)

// Config says how a Server listens and behaves. The zero value accepts
// everything and keeps nothing.
type Config struct {
	GRPCListen string      // 127.0.0.1:0 if empty; "-" for none
	HTTPListen string      // 127.0.0.1:0 if empty; "-" for none
	TLS        *tls.Config // for both; none if nil
	MaxMessage int         // bytes after decompression; 4 MiB if 0, as gRPC has it

	// Admit is asked when a request begins, before its body is read; if it
	// returns false, the connection is closed. May be nil.
	Admit func() bool

	// Answer says what becomes of a request: nil accepts it. It may be called
	// from several goroutines at once. May be nil.
	Answer func(*Request) *Fault

	// Take gets each request whose records are kept, before it is answered.
	// It may be called from several goroutines at once. May be nil.
	Take func(*Request)
}

// A Fault is an answer other than plain acceptance.
type Fault struct {
	Code     codes.Code    // of gRPC; over HTTP it becomes the status that OTLP gives it, unless Status is set
	Status   int           // of HTTP; over gRPC it becomes the code that gRPC gives it, unless Code is set
	Message  string        // for people
	Wait     time.Duration // sent as RetryInfo, or Retry-After, which has whole seconds
	Delay    time.Duration // before the answer
	Taken    bool          // the records are kept, though the answer says otherwise
	Stall    bool          // there is no answer until the client gives up
	Drop     bool          // the connection is closed instead of an answer
	Rejected int64         // accepted, but for so many records: partial success
	Header   http.Header   // further ones, over HTTP only
}

// A Server receives logs and traces until it is closed.
type Server struct {
	cfg      Config
	grpc     *grpc.Server
	http     *http.Server
	grpcAddr string
	httpAddr string
	serving  sync.WaitGroup
	conns    connections
	ending   context.Context // ends with Close
	end      context.CancelFunc
}

// Start listens and serves until Close.
func Start(cfg Config) (*Server, error) {
	if cfg.MaxMessage == 0 {
		cfg.MaxMessage = 4 << 20
	}
	if cfg.TLS != nil { // net/http writes to it
		cfg.TLS = cfg.TLS.Clone()
		cfg.TLS.NextProtos = slices.Clone(cfg.TLS.NextProtos)
	}
	s := &Server{cfg: cfg}
	s.ending, s.end = context.WithCancel(context.Background())
	if err := errors.Join(s.startGRPC(), s.startHTTP()); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Server) startGRPC() error {
	listener, err := s.listen(s.cfg.GRPCListen)
	if listener == nil {
		return err
	}
	s.grpcAddr = listener.Addr().String()
	options := []grpc.ServerOption{
		grpc.ForceServerCodecV2(rawCodec{}),
		grpc.MaxRecvMsgSize(s.cfg.MaxMessage),
		grpc.InTapHandle(s.tap),
		grpc.StatsHandler(calls{}),
	}
	if s.cfg.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(s.cfg.TLS)))
	}
	s.grpc = grpc.NewServer(options...)
	for signal := range services {
		s.grpc.RegisterService(serviceDesc(signal), s)
	}
	s.serving.Go(func() { _ = s.grpc.Serve(listener) })
	return nil
}

func (s *Server) startHTTP() error {
	listener, err := s.listen(s.cfg.HTTPListen)
	if listener == nil {
		return err
	}
	s.httpAddr = listener.Addr().String()
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.serveHTTP),
		TLSConfig:         s.cfg.TLS,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // clients that go away are what tests are about
	}
	s.serving.Go(func() {
		if s.cfg.TLS != nil {
			_ = s.http.ServeTLS(listener, "", "")
		} else {
			_ = s.http.Serve(listener)
		}
	})
	return nil
}

func (s *Server) listen(addr string) (net.Listener, error) {
	switch addr {
	case "-":
		return nil, nil
	case "":
		addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return s.conns.listener(listener), nil
}

// Endpoint returns the URL of the server for a protocol.
func (s *Server) Endpoint(protocol string) string {
	scheme := "http://"
	if s.cfg.TLS != nil {
		scheme = "https://"
	}
	if protocol == HTTP {
		return scheme + s.httpAddr
	}
	return scheme + s.grpcAddr
}

// Addr returns host and port for a protocol.
func (s *Server) Addr(protocol string) string {
	if protocol == HTTP {
		return s.httpAddr
	}
	return s.grpcAddr
}

// Connections returns how many connections there have been.
func (s *Server) Connections() int { return s.conns.count() }

// DropConnections closes all connections that are open now.
func (s *Server) DropConnections() { s.conns.closeAll() }

// Close stops the server at once, and with it whatever it is still asked.
func (s *Server) Close() {
	s.end()
	if s.http != nil {
		s.http.Close()
	}
	if s.grpc != nil {
		s.grpc.Stop()
	}
	s.serving.Wait()
}
