package exporter_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/exporter/exportertest"
)

// serve serves HTTP/1.1 and, without TLS, HTTP/2, so that gRPC's answers can be
// made by hand.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, Protocols: new(http.Protocols)}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetUnencryptedHTTP2(true)
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Serve(l) })
	t.Cleanup(func() {
		s.Close()
		serving.Wait()
	})
	return "http://" + l.Addr().String()
}

// raw serves bytes to whoever has asked for something, and reads the request
// first unless it is to be early.
func raw(t *testing.T, early bool, answer func(context.Context, io.Writer)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				stop := context.AfterFunc(t.Context(), func() { conn.Close() })
				defer stop()
				req, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					return
				}
				if !early {
					_, _ = io.Copy(io.Discard, req.Body)
				}
				answer(t.Context(), conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	return "http://" + l.Addr().String()
}

// repeat writes s until nobody reads any more.
func repeat(w io.Writer, s string) {
	s = strings.Repeat(s, 1+8192/len(s))
	for {
		if _, err := io.WriteString(w, s); err != nil {
			return
		}
	}
}

// read reads a request and answers with a status of 200, or another.
func read(status int, header map[string]string, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for name, value := range header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// An oddAnswer comes from something that is no collector, or from one that is ill.
// None of them may settle a record, make a request smaller, or cost much.
type oddAnswer struct {
	name     string
	protocol string
	handler  http.HandlerFunc
	raw      func(context.Context, io.Writer)
	code     string // any if empty
	hint     string
	timeout  time.Duration // 1 min if 0
	early    bool          // raw answers before it has read the request
}

func oddAnswers() []oddAnswer {
	grpcHeader := map[string]string{"Content-Type": "application/grpc"}
	long := strings.Repeat("x", 1<<20)
	var bomb strings.Builder
	z := gzip.NewWriter(&bomb)
	_, _ = io.WriteString(z, strings.Repeat(" ", 16<<20))
	z.Close()
	return []oddAnswer{
		{name: "a web page", handler: read(200, map[string]string{"Content-Type": "text/html"}, "<html>log in</html>"), code: "HTTP 200", hint: "web page"},
		{name: "text", handler: read(200, map[string]string{"Content-Type": "text/plain"}, "ok"), code: "HTTP 200", hint: "http_success"},
		{name: "noise", handler: read(200, map[string]string{"Content-Type": "application/x-protobuf"}, "\xff\xff"), code: "HTTP 200", hint: "http_success"},
		{name: "a JSON list", handler: read(200, map[string]string{"Content-Type": "application/json"}, "[]"), code: "HTTP 200", hint: "http_success"},
		{name: "zeros without an end", handler: func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			repeat(w, "\x00")
		}, code: "HTTP 200", hint: "http_success"},
		{name: "gzip of too much", handler: read(200, map[string]string{"Content-Encoding": "gzip"}, bomb.String()), code: "HTTP 200", hint: "http_success"},
		{name: "an answer before the request is read", raw: func(ctx context.Context, w io.Writer) {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			<-ctx.Done()
		}, early: true, code: "HTTP 200", hint: "http_success"},
		{name: "redirected to ourselves", handler: read(307, map[string]string{"Location": "/v1/logs"}, ""), code: "HTTP 307", hint: "moved"},
		{name: "a body that breaks off", raw: func(_ context.Context, w io.Writer) {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")
		}, code: "HTTP 200"},
		{name: "chunks that break off", raw: func(_ context.Context, w io.Writer) {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")
		}, code: "HTTP 200"},
		{name: "a body that comes for ever, and slowly", handler: func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(10 * time.Millisecond)
			}
		}, code: "HTTP 200", timeout: 10 * time.Second}, // enough for the request and the header of its answer
		{name: "an upgrade to something else", raw: func(_ context.Context, w io.Writer) {
			_, _ = io.WriteString(w, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
			repeat(w, "x")
		}, code: "HTTP 101"},
		{name: "headers of 15 MiB", handler: func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			for i := range 15 {
				w.Header().Set(fmt.Sprint("X-", i), long)
			}
		}, code: exporter.CodeNoAnswer, hint: "larger than rtcship reads"},
		{name: "headers without an end", raw: func(_ context.Context, w io.Writer) {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\n")
			repeat(w, "X-A: b\r\n")
		}, code: exporter.CodeNoAnswer, hint: "larger than rtcship reads"},

		{name: "an answer that brings along the next one", raw: func(_ context.Context, w io.Writer) {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n<x>HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}, code: "HTTP 200", hint: "web page"},
		{name: "provisional answers without an end", raw: func(_ context.Context, w io.Writer) {
			repeat(w, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
		}, code: exporter.CodeNoAnswer},
		{name: "trailers without an end", raw: func(_ context.Context, w io.Writer) {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n2\r\n{}\r\n0\r\n")
			repeat(w, "X-A: bbbbbbbbbbbbbbbbbbbbbbb\r\n")
		}, code: "HTTP 200"},
		{name: "chunk extensions without an end", raw: func(_ context.Context, w io.Writer) {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;")
			repeat(w, "x")
		}, code: "HTTP 200"},
		{name: "chunks of one byte without an end", raw: func(_ context.Context, w io.Writer) {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			repeat(w, "1\r\n \r\n")
		}, code: "HTTP 200"},
		{name: "an error without an end", handler: func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(503)
			repeat(w, "busy ")
		}, code: "HTTP 503"},
		{name: "no HTTP", raw: func(_ context.Context, w io.Writer) { repeat(w, "SSH-2.0-x\r\n") }, code: exporter.CodeNoAnswer},
		{name: "two lengths", raw: func(_ context.Context, w io.Writer) {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 0\r\n\r\n{}")
		}, code: exporter.CodeNoAnswer},
		{name: "JSON nested deeply", handler: read(200, nil, `{"a":`+strings.Repeat("[", 500<<10)), code: "HTTP 200", hint: "http_success"},
		{name: "JSON and more", handler: read(200, nil, `{} {}`), code: "HTTP 200", hint: "http_success"},
		{name: "a JSON string", handler: read(200, nil, `"ok"`), code: "HTTP 200", hint: "http_success"},
		{name: "null", handler: read(200, nil, `null`), code: "HTTP 200", hint: "http_success"},
		{name: "a redirection to another host", handler: read(307, map[string]string{"Location": "http://127.0.0.1:1/v1/logs"}, ""), code: "HTTP 307", hint: "moved"},
		{name: "a gzip bomb for an error", handler: read(500, map[string]string{"Content-Encoding": "gzip"}, bomb.String()), code: "HTTP 500"},
		{name: "grpc: HTTP/1", protocol: exporter.ProtocolGRPC, raw: func(_ context.Context, w io.Writer) { repeat(w, "HTTP/1.1 400 Bad Request\r\n\r\n") }, early: true, code: "UNAVAILABLE"},
		{name: "grpc: a bomb", protocol: exporter.ProtocolGRPC, handler: func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/grpc")
			w.Header().Set("Grpc-Encoding", "gzip")
			n := bomb.Len()
			_, _ = io.WriteString(w, string([]byte{1, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})+bomb.String())
			w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
		}, code: exporter.CodeUnusable, hint: "OTLP/gRPC"},
		{name: "grpc: headers of 1 MiB each", protocol: exporter.ProtocolGRPC, handler: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/grpc")
			for i := range 15 {
				w.Header().Set(fmt.Sprint("X-", i), long)
			}
		}, code: "UNAVAILABLE", hint: "larger than rtcship reads"},
		{name: "grpc: headers of 15 MiB", protocol: exporter.ProtocolGRPC, handler: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/grpc")
			for i := range 15 << 10 {
				w.Header().Set(fmt.Sprint("X-", i), long[:1024])
			}
		}, code: "" /* gRPC gives the connection up, or the answer */},
		{name: "grpc: trailers of 15 MiB", protocol: exporter.ProtocolGRPC, handler: func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/grpc")
			_, _ = w.Write([]byte{0, 0, 0, 0, 0})
			w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
			for i := range 15 << 10 {
				w.Header().Set(fmt.Sprint(http.TrailerPrefix, "X-", i), long[:1024])
			}
		}, code: "" /* gRPC gives the connection up, or the answer */},
		{name: "grpc: headers a little too large", protocol: exporter.ProtocolGRPC, handler: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/grpc")
			for i := range 66 {
				w.Header().Set(fmt.Sprint("X-", i), long[:1024])
			}
		}, code: exporter.CodeUnusable, hint: "OTLP/gRPC"},
		{name: "grpc: no trailers", protocol: exporter.ProtocolGRPC, handler: read(200, grpcHeader, "\x00\x00\x00\x00\x00"), code: exporter.CodeUnusable, hint: "OTLP/gRPC"},
		{name: "grpc: no message", protocol: exporter.ProtocolGRPC, handler: grpcAnswer("", "0"), code: exporter.CodeUnusable, hint: "OTLP/gRPC"},
		{name: "grpc: a garbage message", protocol: exporter.ProtocolGRPC, handler: grpcAnswer("\x00\x00\x00\x00\x02\xff\xff", "0"), code: exporter.CodeUnusable, hint: "OTLP/gRPC"},
		{name: "grpc: text for a message", protocol: exporter.ProtocolGRPC, handler: grpcAnswer("\x00\x00\x00\x00\x02ok", "0"), code: exporter.CodeUnusable, hint: "OTLP/gRPC"},
		{name: "grpc: two messages", protocol: exporter.ProtocolGRPC, handler: grpcAnswer("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", "0"), code: exporter.CodeUnusable, hint: "OTLP/gRPC"},
		{name: "grpc: a message cut short", protocol: exporter.ProtocolGRPC, handler: grpcAnswer("\x00\x00\x00\x00\x09\x0a", "0"), code: exporter.CodeUnusable, hint: "OTLP/gRPC"},
		{name: "grpc: a message of 5 MiB", protocol: exporter.ProtocolGRPC, handler: grpcAnswer("\x00\x00\x50\x00\x00"+strings.Repeat("\x00", 5<<20), "0"), code: exporter.CodeUnusable, hint: "OTLP/gRPC"},
		{name: "grpc: a message said to be 4 GiB", protocol: exporter.ProtocolGRPC, handler: grpcAnswer("\x00\xff\xff\xff\xff", "0"), code: exporter.CodeUnusable, hint: "OTLP/gRPC"},
		{name: "grpc: compressed without a name", protocol: exporter.ProtocolGRPC, handler: grpcAnswer("\x01\x00\x00\x00\x01x", "0"), code: exporter.CodeUnusable, hint: "OTLP/gRPC"},
		{name: "grpc: a web page", protocol: exporter.ProtocolGRPC, handler: read(200, map[string]string{"Content-Type": "text/html"}, "<html>"), code: exporter.CodeUnusable, hint: "OTLP/gRPC"},
		{name: "grpc: a status that is no number", protocol: exporter.ProtocolGRPC, handler: grpcAnswer("\x00\x00\x00\x00\x00", "fine"), code: exporter.CodeUnusable, hint: "OTLP/gRPC"},
		{name: "grpc: no status", protocol: exporter.ProtocolGRPC, handler: grpcAnswer("\x00\x00\x00\x00\x00", ""), code: "UNKNOWN"},
	}
}

func grpcAnswer(message, status string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/grpc")
		w.WriteHeader(200)
		_, _ = io.WriteString(w, message)
		if status != "" {
			w.Header().Set(http.TrailerPrefix+"Grpc-Status", status)
		} else {
			w.Header().Set(http.TrailerPrefix+"X-Other", "1")
		}
	}
}

func TestOddAnswers(t *testing.T) {
	g, _ := group("a", 3000, 600) // more than a server's socket holds
	for _, o := range oddAnswers() {
		t.Run(o.name, func(t *testing.T) {
			endpoint := ""
			if o.raw != nil {
				endpoint = raw(t, o.early, o.raw)
			} else {
				endpoint = serve(t, o.handler)
			}
			if o.timeout == 0 {
				o.timeout = time.Minute
			}
			if o.protocol == "" {
				o.protocol = exporter.ProtocolHTTP
			}
			e := open(t, exporter.Config{Endpoint: endpoint, Protocol: o.protocol, Blocked: always, Timeout: o.timeout})
			before := heap()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 1)
			go func() { done <- e.Send(ctx, []exporter.Group{g}) }()
			for e.Status().LastError == nil {
				select {
				case err := <-done:
					t.Fatalf("settled: %v", err)
				case <-time.After(time.Millisecond):
				}
			}
			grown := int64(heap()) - int64(before)
			s := e.Status()
			cancel()
			if err := <-done; err == nil || s.Accepted != 0 || s.Connected {
				t.Errorf("%v, accepted %d, connected %v", err, s.Accepted, s.Connected)
			}
			if o.code != "" && s.LastError.Code != o.code || !strings.Contains(s.LastError.Hint, o.hint) || s.Limit < 3<<20 {
				t.Errorf("%+v, limit %d, want %q and a hint of %q", s.LastError, s.Limit, o.code, o.hint)
			}
			if grown > 48<<20 { // the servers' own answers are in this process, too, and what they have read of them
				t.Errorf("the heap has grown by %d KiB", grown>>10)
			}
			runtime.KeepAlive(g)
		})
	}
}

// The way out for a server that acknowledges in a way of its own.
func TestSuccessByStatus(t *testing.T) {
	slow := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(202)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	for name, handler := range map[string]http.HandlerFunc{
		"text": read(200, nil, "ok"), "a list": read(201, nil, "[]"), "no end": slow,
	} {
		t.Run(name, func(t *testing.T) {
			e := open(t, exporter.Config{Endpoint: serve(t, handler), Protocol: exporter.ProtocolHTTP, HTTPSuccess: exporter.HTTPSuccessStatus, Blocked: always})
			g, _ := group("a", 10, 10)
			if err := e.Send(t.Context(), []exporter.Group{g}); err != nil || e.Status().Accepted != 10 {
				t.Errorf("%v, %+v", err, e.Status())
			}
		})
	}
}

// A collector, or a proxy before it, that quotes our request in its answer must
// not bring the token into the log, the page, or the dead letters.
func TestAnswersThatQuoteSecrets(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol string) {
		const token = "s3cret/t0ken"
		s := start(t, exportertest.Config{Answer: func(r *exportertest.Request) *exportertest.Fault {
			if contains(r, "a/1") {
				return &exportertest.Fault{Code: codes.InvalidArgument, Message: strings.Repeat("x", 1000) + "you said " + r.Header.Get("Authorization")}
			}
			return nil
		}})
		path := filepath.Join(t.TempDir(), "dead-letters.jsonl")
		e := open(t, exporter.Config{
			Endpoint: s.Endpoint(protocol), Protocol: protocol, Blocked: always, DeadLetters: exporter.DeadLetters{Path: path},
			Headers: map[string]string{"Authorization": "Bearer " + token},
		})
		g, _ := group("a", 3, 10)
		if err := e.Send(t.Context(), []exporter.Group{g}); err != nil {
			t.Fatal(err)
		}
		texts := e.Status().LastError.Message
		err := exporter.ReadDeadLetters(path, func(l exporter.DeadLetter) error {
			texts += l.Message
			return nil
		})
		if err != nil || strings.Contains(texts, "s3cr") || strings.Count(texts, "you said ***") != 2 {
			t.Errorf("%v, %q", err, texts)
		}
	})
}
