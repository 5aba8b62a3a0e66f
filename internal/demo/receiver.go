package demo

import (
	"context"
	"net"

	collogspb "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	"google.golang.org/grpc"
)

// A receiver is an OTLP/gRPC log receiver that takes everything.
type receiver struct {
	server   *grpc.Server
	listener net.Listener
}

// startReceiver listens on a free port of 127.0.0.1 and calls take with each request before it is acknowledged.
func startReceiver(take func(*collogspb.ExportLogsServiceRequest)) (*receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{server: grpc.NewServer(grpc.MaxRecvMsgSize(64 << 20)), listener: l}
	r.server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "opentelemetry.proto.collector.logs.v1.LogsService",
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{
			MethodName: "Export",
			Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
				var req collogspb.ExportLogsServiceRequest
				if err := decode(&req); err != nil {
					return nil, err
				}
				take(&req)
				return &collogspb.ExportLogsServiceResponse{}, nil
			},
		}},
	}, r)
	go r.server.Serve(l) //nolint:errcheck // ends with close, which has nothing to say
	return r, nil
}

func (r *receiver) endpoint() string { return "http://" + r.listener.Addr().String() }
func (r *receiver) close()           { r.server.Stop() }
