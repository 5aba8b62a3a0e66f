package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"

	"github.com/rtcship/rtcship/internal/admin"
)

// A debugServer serves profiles of the running program on the address of
// debug.listen, which the configuration allows to be a loopback one only. The
// zero value serves nothing.
type debugServer struct {
	address string
	server  *http.Server
}

// serve moves to another address; "" serves nothing.
func (d *debugServer) serve(address string) error {
	if d.server != nil && d.address == address {
		return nil
	}
	d.close()
	if address == "" {
		return nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen for profiles (debug.listen): %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	// Profiles take as long as they are asked to.
	d.address, d.server = address, admin.NewHTTPServer(admin.CheckHost(func() []string { return nil }, nil, mux), 0)
	go d.server.Serve(admin.Limit(l)) //nolint:errcheck // it ends with Close, which has nothing to say
	return nil
}

func (d *debugServer) close() {
	if d.server != nil {
		d.server.Close()
		d.server = nil
	}
}
