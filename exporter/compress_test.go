package exporter_test

import (
	"maps"
	"net"
	"slices"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/exporter/exportertest"
)

// A picky receiver takes some compressions only, and says so in its own way.
type picky struct {
	ledger
	takes []string // besides none
	fault exportertest.Fault

	mu   sync.Mutex
	came map[string]int // requests by compression
}

func (p *picky) answer(r *exportertest.Request) *exportertest.Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.came == nil {
		p.came = map[string]int{}
	}
	p.came[r.Compression]++
	if r.Compression != "" && !slices.Contains(p.takes, r.Compression) {
		return new(p.fault)
	}
	return nil
}

func (p *picky) requests() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.came)
}

// Whatever a receiver takes, everything arrives once, nothing becomes a dead
// letter or is halved, and the best it takes is used.
func TestAutoCompression(t *testing.T) {
	for _, tt := range []struct {
		name     string
		protocol string
		set      string
		takes    []string
		fault    exportertest.Fault
		want     map[string]int // of ten requests
	}{
		{"grpc, all", "grpc", "auto", []string{"zstd", "gzip"}, exportertest.Fault{}, map[string]int{"zstd": 10}},
		{"grpc, gzip", "grpc", "auto", []string{"gzip"}, exportertest.Fault{Code: codes.Unimplemented}, map[string]int{"zstd": 1, "": 1, "gzip": 9}},
		{"grpc, none", "grpc", "auto", nil, exportertest.Fault{Code: codes.Unimplemented}, map[string]int{"zstd": 1, "gzip": 1, "": 10}},
		{"grpc, not what is set", "grpc", "zstd", nil, exportertest.Fault{Code: codes.Unimplemented}, map[string]int{"zstd": 1, "": 10}},
		{"http, all", "http/protobuf", "auto", []string{"zstd", "gzip"}, exportertest.Fault{}, map[string]int{"zstd": 10}},
		{"http, gzip, by 400", "http/protobuf", "auto", []string{"gzip"}, exportertest.Fault{Status: 400, Message: "unsupported Content-Encoding: zstd"}, map[string]int{"zstd": 1, "": 1, "gzip": 9}},
		{"http, gzip, by 415", "http/protobuf", "auto", []string{"gzip"}, exportertest.Fault{Status: 415}, map[string]int{"zstd": 1, "": 1, "gzip": 9}},
		{"http, not what is set", "http/protobuf", "gzip", nil, exportertest.Fault{Status: 400}, map[string]int{"gzip": 1, "": 10}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &picky{takes: tt.takes, fault: tt.fault}
			s := start(t, exportertest.Config{Take: p.take, Answer: p.answer})
			e := open(t, exporter.Config{
				Endpoint: s.Endpoint(tt.protocol), Protocol: tt.protocol, Compression: tt.set, Blocked: always,
				DeadLetters: exporter.DeadLetters{Path: t.TempDir() + "/dead"},
			})
			g, uids := group("a", 30, 300)
			for range 10 {
				if err := e.Send(t.Context(), []exporter.Group{g}); err != nil {
					t.Fatal(err)
				}
			}
			if got := p.requests(); !maps.Equal(got, tt.want) {
				t.Errorf("requests %v, want %v", got, tt.want)
			}
			if s := e.Status(); len(p.missing(uids)) > 0 || p.times["a/0"] != 10 || s.Dead != 0 || s.Accepted != 300 || s.Requests["OK"] != 10 || s.LastError != nil {
				t.Errorf("%+v, %v", s, p.times["a/0"])
			}
		})
	}
}

// Two backends behind one address: each gets what it takes.
func TestAutoCompressionOfTwoBackends(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol string) {
		fault := exportertest.Fault{Code: codes.Unimplemented, Status: 400}
		all, few := &picky{takes: []string{"zstd"}}, &picky{takes: []string{"gzip"}, fault: fault}
		a := start(t, exportertest.Config{Take: all.take, Answer: all.answer})
		b := start(t, exportertest.Config{Take: few.take, Answer: few.answer})
		// In turn, as a Service's address leads to one Pod and another.
		addr, drop := inTurn(t, a.Addr(protocol), b.Addr(protocol))
		e := open(t, exporter.Config{Endpoint: "http://" + addr, Protocol: protocol, Compression: exporter.CompressionAuto, Blocked: always})
		g, _ := group("a", 30, 300)
		for range 4 {
			for range 5 {
				if err := e.Send(t.Context(), []exporter.Group{g}); err != nil {
					t.Fatal(err)
				}
			}
			drop()
		}
		if got := all.requests(); got["zstd"] < 9 || got["gzip"]+got[""] > 1 {
			t.Errorf("the one that takes all got %v", got)
		}
		if got := few.requests(); got["gzip"] < 7 || got["zstd"] > 4 {
			t.Errorf("the one that takes gzip got %v", got)
		}
	})
}

// inTurn forwards connections to two addresses in turn, and drops them all.
func inTurn(t *testing.T, targets ...string) (addr string, drop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var open []net.Conn
	drop = func() {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range open {
			c.Close()
		}
		open = nil
	}
	var all sync.WaitGroup
	all.Go(func() {
		for n := 0; ; n++ {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", targets[n%len(targets)])
			if err != nil {
				in.Close()
				continue
			}
			mu.Lock()
			open = append(open, in, out)
			mu.Unlock()
			all.Go(func() { pump(in, out) })
			all.Go(func() { pump(out, in) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		drop()
		all.Wait()
	})
	return l.Addr().String(), drop
}

func pump(to, from net.Conn) {
	defer to.Close()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if _, writeErr := to.Write(b[:n]); err != nil || writeErr != nil {
			return
		}
	}
}
