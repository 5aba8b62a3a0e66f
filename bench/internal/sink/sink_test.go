package sink

import (
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	logs "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/rtcship/rtcship/bench/internal/corpus"
)

// request returns a request of two resources and as many records as times.
func request(times ...uint64) *collogs.ExportLogsServiceRequest {
	req := &collogs.ExportLogsServiceRequest{}
	for half := range 2 {
		scope := &logs.ScopeLogs{Scope: &common.InstrumentationScope{Name: "x"}, SchemaUrl: "u"}
		for i, t := range times {
			if i%2 == half {
				scope.LogRecords = append(scope.LogRecords, &logs.LogRecord{
					TimeUnixNano: t, SeverityNumber: 9, Flags: 1, TraceId: []byte("0123456789abcdef"),
					Body: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: "text of a line"}},
				})
			}
		}
		req.ResourceLogs = append(req.ResourceLogs, &logs.ResourceLogs{ScopeLogs: []*logs.ScopeLogs{scope}})
	}
	return req
}

// pieces cuts b at random places, as buffers of a connection may.
func pieces(b []byte, rnd *rand.Rand) mem.BufferSlice {
	var s mem.BufferSlice
	for len(b) > 0 {
		n := min(len(b), 1+rnd.IntN(20))
		s = append(s, mem.SliceBuffer(b[:n]))
		b = b[n:]
	}
	return s
}

func TestScanSeesEveryRecord(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 40 {
		times := make([]uint64, n)
		want := map[uint64]int{}
		for i := range times {
			times[i] = rnd.Uint64N(5) // 0 is not on the wire at all
			want[times[i]]++
		}
		b, err := proto.Marshal(request(times...))
		if err != nil {
			t.Fatal(err)
		}
		if err := scan(pieces(b, rnd), func(at uint64) { want[at]-- }); err != nil {
			t.Fatal(err)
		}
		for at, left := range want {
			if left != 0 {
				t.Errorf("%d records: those of time %d miscounted by %d", n, at, left)
			}
		}
	}
}

func TestScanRefusesDamage(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	b, _ := proto.Marshal(request(1, 2, 3))
	for n := 1; n < len(b); n++ {
		// A cut may fall between two whole fields; it then counts fewer.
		records := 0
		if err := scan(pieces(b[:n], rnd), func(uint64) { records++ }); err == nil && records == 3 {
			t.Errorf("%d of %d bytes are taken for the whole", n, len(b))
		}
	}
}

func TestCounterKnowsItsLines(t *testing.T) {
	var c counter
	at := func(n int) uint64 { return uint64(corpus.Base.UnixNano() + int64(n)*int64(corpus.Step) + 17) }
	feed := func(times ...uint64) {
		c.request(1, func(record func(uint64)) error {
			for _, t := range times {
				record(t)
			}
			return nil
		})
	}
	c.reset(Plan{Lines: 100})
	feed(at(0), at(99), at(99), at(100), at(-1), uint64(time.Now().UnixNano()))
	if got := c.current(); got.Records != 6 || got.Lines != 2 || got.Repeats != 1 {
		t.Errorf("numbered: %+v", got)
	}
	c.reset(Plan{Delays: true})
	now := time.Now()
	feed(uint64(now.UnixNano()), uint64(now.Add(-corpus.Shift-3*time.Second).UnixNano()))
	if got, d := c.current(), c.measured(); got.Records != 2 || got.Lines != 1 || d.Median.Round(time.Second) != 3*time.Second {
		t.Errorf("delayed: %+v, %+v", got, d)
	}
}

func TestServe(t *testing.T) {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- Serve(inR, outW) }()
	s := &Sink{in: inW, out: json.NewDecoder(outR)}
	var hello answer
	if err := s.out.Decode(&hello); err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient(hello.Addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for name, options := range map[string][]grpc.CallOption{
		"none": nil, "gzip": {grpc.UseCompressor("gzip")}, "zstd": {grpc.UseCompressor("zstd")},
	} {
		for range 2 { // the second time with what the first has left in pools
			if err := s.Expect(Plan{Lines: 100}); err != nil {
				t.Fatal(err)
			}
			var times []uint64
			for n := range 100 {
				times = append(times, uint64(corpus.Base.Add(time.Duration(n)*corpus.Step).UnixNano()))
			}
			resp := &collogs.ExportLogsServiceResponse{}
			err = conn.Invoke(context.Background(), Method, request(times...), resp, options...)
			if err != nil || resp.PartialSuccess != nil {
				t.Fatalf("%s: export: %v, %v", name, resp, err)
			}
			got, err := s.Wait(time.Second, func(t Tally) bool { return t.Lines == 100 && t.Wire > 0 })
			if err != nil || got.Requests != 1 || (got.Wire == got.Bytes) != (options == nil) || got.Wire > got.Bytes {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
	}
	inW.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
