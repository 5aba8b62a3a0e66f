package attack

import (
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// A collector takes records over HTTP and gRPC, remembers when those of the
// living came, and may be told to answer in its own way.
type collector struct {
	http, grpc string

	answer  atomic.Pointer[http.HandlerFunc] // instead of taking them, over HTTP
	respond atomic.Pointer[responder]        // the same over gRPC
	asked   atomic.Int64

	mu      sync.Mutex
	written map[string]time.Time
	came    map[string]time.Time
}

type responder func(ctx context.Context) (*collogs.ExportLogsServiceResponse, error)

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{written: map[string]time.Time{}, came: map[string]time.Time{}}
	server := httptest.NewServer(http.HandlerFunc(c.serveHTTP))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	c.http = server.URL
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer(grpc.MaxRecvMsgSize(64<<20), grpc.MaxSendMsgSize(1<<30))
	g.RegisterService(&grpc.ServiceDesc{
		ServiceName: "opentelemetry.proto.collector.logs.v1.LogsService", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Export", Handler: exportHandler}},
	}, c)
	go func() { _ = g.Serve(l) }() // its error is that it was stopped
	t.Cleanup(g.Stop)
	c.grpc = "http://" + l.Addr().String()
	return c
}

func (c *collector) serveHTTP(w http.ResponseWriter, r *http.Request) {
	c.asked.Add(1)
	if answer := c.answer.Load(); answer != nil {
		(*answer)(w, r)
		return
	}
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = unpacked
	}
	data, err := io.ReadAll(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.take(data)
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func exportHandler(srv any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	c := srv.(*collector)
	c.asked.Add(1)
	var request collogs.ExportLogsServiceRequest
	if err := decode(&request); err != nil {
		return nil, err
	}
	if respond := c.respond.Load(); respond != nil {
		return (*respond)(ctx)
	}
	data, err := proto.Marshal(&request)
	if err != nil {
		return nil, err
	}
	c.take(data)
	return &collogs.ExportLogsServiceResponse{}, nil
}

var liveID = regexp.MustCompile(`live-(?:sora|pexip)-\d{6}\.`)

func (c *collector) take(data []byte) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range liveID.FindAll(data, -1) {
		if _, again := c.came[string(id)]; !again {
			c.came[string(id)] = now
		}
	}
}

func (c *collector) sent(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.written[id] = time.Now()
}

// waits returns how long each record of the living was under way, and waits for
// those that have not come.
func (c *collector) waits(t *testing.T) (all []delay) {
	t.Helper()
	for end := time.Now().Add(*patience); ; time.Sleep(20 * time.Millisecond) {
		c.mu.Lock()
		missing := 0
		for id := range c.written {
			if _, ok := c.came[id]; !ok {
				missing++
			}
		}
		c.mu.Unlock()
		if missing == 0 {
			break
		}
		if time.Now().After(end) {
			t.Errorf("%d records of the living have not come %v after the end", missing, *patience)
			break
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, at := range c.written {
		if came, ok := c.came[id]; ok {
			all = append(all, delay{id[:len("live-sora")], id, at, came.Sub(at), nil})
		}
	}
	return all
}
