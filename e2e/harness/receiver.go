package harness

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A Fault is what a Receiver does to a request instead of taking and acknowledging it.
type Fault int

// The faults. LoseAck and DropAfter take the records first: what comes again then is a repeat.
const (
	None Fault = iota
	Refuse
	Exhausted
	Stall
	LoseAck
	DropBefore
	DropAfter
	faults
)

// A Receiver is an OTLP/gRPC server in the test's own process that misbehaves
// on purpose and counts what it was given.
type Receiver struct {
	*Counter
	Addr string

	mu       sync.Mutex
	faulty   float64 // share of requests that meet a fault
	spared   Fault   // a refusal in its place; None if it has its turn
	random   *rand.Rand
	met      [faults]int
	listener *droppingListener
}

// NewReceiver starts a receiver that meets the given share of requests with a random fault.
func NewReceiver(t testing.TB, faulty float64, seed uint64) *Receiver {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &Receiver{
		Addr: l.Addr().String(), faulty: faulty, random: rand.New(rand.NewPCG(seed, seed)),
		Counter: NewCounter(), listener: &droppingListener{Listener: l, conns: map[net.Conn]bool{}},
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(64 << 20))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "opentelemetry.proto.collector.logs.v1.LogsService",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Export", Handler: exportHandler}},
	}, r)
	go func() { _ = server.Serve(r.listener) }() // its error is that it was stopped
	t.Cleanup(server.Stop)
	return r
}

// Behave ends all faults.
func (r *Receiver) Behave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faulty = 0
}

// Spare has requests refused where they would have met f.
func (r *Receiver) Spare(f Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spared = f
}

// Met returns how many requests met each fault.
func (r *Receiver) Met() [faults]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.met
}

func exportHandler(srv any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var req collogs.ExportLogsServiceRequest
	if err := decode(&req); err != nil {
		return nil, err
	}
	return srv.(*Receiver).export(ctx, &req)
}

func (r *Receiver) export(ctx context.Context, req *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
	switch r.next() {
	case Refuse:
		return nil, status.Error(codes.Unavailable, "refused for the test")
	case Exhausted:
		return nil, status.Error(codes.ResourceExhausted, "no room, for the test")
	case Stall:
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Second):
		}
		return nil, status.Error(codes.DeadlineExceeded, "stalled for the test")
	case LoseAck:
		r.Take(req)
		return nil, status.Error(codes.Unavailable, "taken, but the answer is lost for the test")
	case DropBefore:
		r.listener.drop()
		return nil, status.Error(codes.Unavailable, "dropped")
	case DropAfter:
		r.Take(req)
		r.listener.drop()
		return nil, status.Error(codes.Unavailable, "dropped")
	}
	r.Take(req)
	return &collogs.ExportLogsServiceResponse{}, nil
}

func (r *Receiver) next() Fault {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := None
	if r.random.Float64() < r.faulty {
		f = 1 + Fault(r.random.IntN(int(faults)-1))
		if f == r.spared {
			f = Refuse
		}
	}
	r.met[f]++
	return f
}

// A droppingListener can close all connections that it has accepted, as a broken network would.
type droppingListener struct {
	net.Listener
	mu    sync.Mutex
	conns map[net.Conn]bool
}

func (l *droppingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.mu.Lock()
		l.conns[c] = true
		l.mu.Unlock()
	}
	return c, err
}

func (l *droppingListener) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		c.Close()
	}
	clear(l.conns)
}
