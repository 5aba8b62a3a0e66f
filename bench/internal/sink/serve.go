// Package sink is the far end of every measurement: an OTLP/gRPC receiver
// that answers at once and only counts, so that as little as possible of a
// contender's time depends on it. It runs in a process of its own.
package sink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
)

// Method is the full name of the method that takes requests.
const Method = "/" + service + "/Export"

const service = "opentelemetry.proto.collector.logs.v1.LogsService"

// An order is one line on the sink's standard input.
type order struct {
	Plan *Plan  // start over, expecting this
	Ask  string // "tally" or "delays"
}

// An answer is one line on its standard output; one for each order, and a
// first one that tells the address.
type answer struct {
	Addr   string  `json:",omitempty"`
	Tally  *Tally  `json:",omitempty"`
	Delays *Delays `json:",omitempty"`
}

// Serve listens on a free port of 127.0.0.1 and obeys the orders on in until
// it ends.
func Serve(in io.Reader, out io.Writer) error {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	c := &counter{}
	srv := newServer(c)
	defer srv.Stop()
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(lis) }()

	enc, dec := json.NewEncoder(out), json.NewDecoder(in)
	if err := enc.Encode(answer{Addr: lis.Addr().String()}); err != nil {
		return fmt.Errorf("tell the address: %w", err)
	}
	for {
		var o order
		if err := dec.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read order: %w", err)
		}
		select {
		case err := <-failed:
			return fmt.Errorf("serve: %w", err)
		default:
		}
		if err := enc.Encode(c.obey(o)); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
}

func (c *counter) obey(o order) answer {
	if o.Plan != nil {
		c.reset(*o.Plan)
	}
	if o.Ask == "delays" {
		d := c.measured()
		return answer{Delays: &d}
	}
	t := c.current()
	return answer{Tally: &t}
}

// newServer returns a server with windows so large that flow control never
// holds a contender back.
func newServer(c *counter) *grpc.Server {
	srv := grpc.NewServer(
		grpc.ForceServerCodecV2(codec{c}),
		grpc.MaxRecvMsgSize(1<<30),
		grpc.InitialWindowSize(16<<20),
		grpc.InitialConnWindowSize(32<<20),
		grpc.ReadBufferSize(256<<10),
		grpc.StatsHandler(wireCounter{c}),
	)
	srv.RegisterService(&grpc.ServiceDesc{
		ServiceName: service,
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Export", Handler: export}},
	}, nil)
	return srv
}

// export answers a request, all of whose work the codec has done.
func export(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	return nil, decode(nil)
}

// codec counts requests instead of decoding them, and answers with an empty
// message, which says that all records were taken.
type codec struct{ c *counter }

func (codec) Name() string { return "proto" }

func (codec) Marshal(any) (mem.BufferSlice, error) { return nil, nil }

func (c codec) Unmarshal(data mem.BufferSlice, _ any) error {
	return c.c.request(data.Len(), func(record func(uint64)) error { return scan(data, record) })
}
