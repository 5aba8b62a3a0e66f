package exporter_test

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"

	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/exporter/exportertest"
)

// The receiver for measurements runs in a process of its own, so that only the
// client's work is counted.
func TestMain(m *testing.M) {
	if os.Getenv("EXPORTER_TEST_RECEIVER") != "" {
		receive()
		return
	}
	os.Exit(m.Run())
}

// receive serves until standard input ends.
func receive() {
	s, err := exportertest.Start(exportertest.Config{MaxMessage: 64 << 20})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%s %s\n", s.Endpoint(exportertest.GRPC), s.Endpoint(exportertest.HTTP))
	_, _ = os.Stdin.Read(make([]byte, 1))
	s.Close()
}

// processTime is the CPU time of this process so far.
func processTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// bareClient sends prepared bytes with gRPC and nothing else.
type bareClient struct{ conn *grpc.ClientConn }

func newBareClient(tb testing.TB, endpoint string) *bareClient {
	conn, err := grpc.NewClient(strings.TrimPrefix(endpoint, "http://"),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(bytesCodec{}), grpc.MaxCallSendMsgSize(math.MaxInt32)))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close() })
	return &bareClient{conn}
}

func (c *bareClient) send(ctx context.Context, body []byte) error {
	var reply []byte
	return c.conn.Invoke(ctx, "/opentelemetry.proto.collector.logs.v1.LogsService/Export", body, &reply)
}

type bytesCodec struct{}

func (bytesCodec) Name() string { return "proto" }

func (bytesCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

func (bytesCodec) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

// batches returns n groups of about a mebibyte, as a source hands them on.
func batches(n int) []exporter.Group {
	groups := make([]exporter.Group, n)
	for i := range groups {
		groups[i], _ = group("sora", 2500, 350)
		if i > 0 {
			groups[i].Resource, groups[i].Scope = groups[0].Resource, groups[0].Scope
		}
	}
	return groups
}

var ratio = flag.Bool("ratio", false, "measure the exporter against a bare gRPC client")

// TestRatio compares the CPU time from converted records to the
// acknowledgement with that of a bare gRPC client which sends as many prepared
// bytes in as many requests, turn by turn in the same process.
func TestRatio(t *testing.T) {
	if !*ratio {
		t.Skip("needs -ratio and a quiet machine")
	}
	endpoint := receiver(t)
	e := open(t, exporter.Config{Endpoint: endpoint, Blocked: always})
	bare := newBareClient(t, endpoint)
	groups := batches(3)
	var body []byte
	for _, g := range groups {
		body = append(body, g.Records...)
	}
	best := [2]time.Duration{math.MaxInt64, math.MaxInt64}
	const rounds, requests = 15, 40
	for range rounds {
		for i, send := range []func() error{
			func() error { return bare.send(t.Context(), body) },
			func() error { return e.Send(t.Context(), groups) },
		} {
			begin := processTime(t)
			for range requests {
				if err := send(); err != nil {
					t.Fatal(err)
				}
			}
			best[i] = min(best[i], processTime(t)-begin)
		}
	}
	got := float64(best[1]) / float64(best[0])
	mib := float64(len(body)) / (1 << 20)
	t.Logf("%.1f MiB a request: bare %v, exporter %v, ratio %.2f", mib, best[0]/requests, best[1]/requests, got)
	if got > 1.3 {
		t.Errorf("ratio %.2f, want at most 1.3", got)
	}
}

// TestAllocations holds that the number of allocations does not depend on the
// number of records.
func TestAllocations(t *testing.T) {
	if testing.Short() {
		t.Skip("counts in a process that does nothing else")
	}
	s := start(t, exportertest.Config{MaxMessage: 64 << 20})
	e := open(t, exporter.Config{Endpoint: s.Endpoint(exportertest.GRPC), Blocked: always})
	count := func(records int) float64 {
		g, _ := group("a", records, 100)
		groups := []exporter.Group{g}
		return testing.AllocsPerRun(20, func() {
			if err := e.Send(t.Context(), groups); err != nil {
				t.Fatal(err)
			}
		})
	}
	few, many := count(10), count(5010)
	// The receiver runs in this process and allocates by the frame.
	if perRecord := (many - few) / 5000; perRecord > 0.05 {
		t.Errorf("%.0f allocations for 10 records, %.0f for 5010: %.3f a record", few, many, perRecord)
	}
}

func BenchmarkSend(b *testing.B) {
	for _, protocol := range protocols {
		for _, compression := range []string{exporter.CompressionNone, exporter.CompressionGzip, exporter.CompressionZstd} {
			b.Run(protocol+"/"+compression, func(b *testing.B) {
				endpoint := receiver(b)
				if protocol == exporter.ProtocolHTTP {
					endpoint = httpReceiver(b)
				}
				e := open(b, exporter.Config{Endpoint: endpoint, Protocol: protocol, Compression: compression, Blocked: always})
				groups := logLike(3)
				size := 0
				for _, g := range groups {
					size += len(g.Records)
				}
				b.SetBytes(int64(size))
				b.ReportAllocs()
				begin := processTime(b)
				for b.Loop() {
					if err := e.Send(b.Context(), groups); err != nil {
						b.Fatal(err)
					}
				}
				used := processTime(b) - begin
				status := e.Status()
				b.ReportMetric(float64(status.Bytes)/float64(status.WireBytes), "ratio")
				b.ReportMetric(float64(size)*float64(b.N)/1e6/used.Seconds(), "MB/cpu-s")
			})
		}
	}
}
