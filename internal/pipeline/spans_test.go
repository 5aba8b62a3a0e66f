package pipeline

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/exporter/exportertest"
	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/ownlog"
	"github.com/rtcship/rtcship/tailer/entry"
)

// A spanBench is a consumer with an endpoint whose traces are answered by answer.
type spanBench struct {
	*consumer
	mu     sync.Mutex
	answer func(*exportertest.Request) *exportertest.Fault // of requests with spans; nil accepts them
	spans  map[string]int                                  // by id, how often they came
	logs   int                                             // records
	n      int                                             // lines written
}

func newSpanBench(t *testing.T, protocol string, answer func(*exportertest.Request) *exportertest.Fault) *spanBench {
	t.Helper()
	b := &spanBench{spans: map[string]int{}, answer: answer}
	server, err := exportertest.Start(exportertest.Config{Answer: b.answered, Take: b.take})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	b.open(t, server.Endpoint(protocol), server.Endpoint(protocol), protocol)
	return b
}

// open makes the consumer.
func (b *spanBench) open(t *testing.T, logs, traces, protocol string) {
	t.Helper()
	cfg := config.Default()
	cfg.Calls.Traces = true
	cfg.Export.Protocol, cfg.Export.Endpoint, cfg.Export.MaxDelay = protocol, logs, time.Millisecond
	cfg.Calls.OTel.Endpoint = traces
	if protocol == exportertest.HTTP {
		cfg.Calls.OTel.Endpoint = "" // the path would be taken as it stands
	}
	converter, err := NewConverter(&cfg, "test")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Log: ownlog.New(ownlog.Config{Writer: io.Discard})}
	logsConfig := exportConfig(&cfg, o)
	logsConfig.DeadLetters = exporter.DeadLetters{}
	e, err := exporter.New(logsConfig)
	if err != nil {
		t.Fatal(err)
	}
	b.consumer = newConsumer(converter, e, newGate(64<<20, func() {}), newBooks())
	if b.consumer.spans, err = newSpans(spanConfig(&cfg, o), b.books, func() {}); err != nil {
		t.Fatal(err)
	}
	b.consumer.spans.every = 50 * time.Millisecond
	t.Cleanup(func() { e.Close(context.Background()); b.consumer.spans.close(context.Background()) })
}

func (b *spanBench) answered(r *exportertest.Request) *exportertest.Fault {
	b.mu.Lock()
	answer := b.answer
	b.mu.Unlock()
	if r.Signal != exportertest.Traces || answer == nil {
		return nil
	}
	return answer(r)
}

func (b *spanBench) take(r *exportertest.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.Signal != exportertest.Traces {
		b.logs += r.Count()
		return
	}
	spans, _ := r.Spans()
	for _, s := range spans {
		b.spans[fmt.Sprintf("%x", s.SpanId)]++
	}
}

func (b *spanBench) behave(answer func(*exportertest.Request) *exportertest.Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = answer
}

func (b *spanBench) seen() (logs, spans int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.logs, len(b.spans)
}

// consume hands a batch of n calls' ends over.
func (b *spanBench) consume(t *testing.T, n int) {
	t.Helper()
	batch := entry.Batch{Origin: &entry.Origin{Source: "sora", Log: "event_webhook", Path: "/log/event_webhook.jsonl", Generation: [16]byte{1}}}
	for range n {
		b.n++
		batch.Entries = append(batch.Entries, entry.Entry{Text: []byte(closingLine(b.n)), Offset: int64(b.n) * 1000, Observed: time.Now()})
	}
	if err := b.consumer.consume(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
}

// closingLine closes the connection that i stands for.
func closingLine(i int) string {
	return fmt.Sprintf(`{"timestamp":"2026-05-01T00:01:00Z","req":{"type":"connection.destroyed","connection_id":"%026d","data":{"created_timestamp":"2026-05-01T00:00:00Z","destroyed_timestamp":"2026-05-01T00:01:00Z"}}}`, i)
}

func TestSpansArrive(t *testing.T) {
	for _, protocol := range []string{exportertest.GRPC, exportertest.HTTP} {
		t.Run(protocol[:4], func(t *testing.T) {
			b := newSpanBench(t, protocol, nil)
			b.consumer.spans.patience = time.Minute
			for range 10 {
				b.consume(t, 7)
			}
			if logs, spans := b.seen(); logs != 70 || spans != 70 {
				t.Errorf("%d records and %d spans of 70 calls", logs, spans)
			}
			if l := b.books.spanLedger(); l.Accepted != 70 || len(l.Dropped) > 0 {
				t.Errorf("ledger %+v", l)
			}
		})
	}
}

// Whatever is wrong with the endpoint for traces, the first batch waits for a second
// and no other does; once it answers, spans go there again, and those that were
// sent ahead are not lost.
func TestSpansHoldUpNothing(t *testing.T) {
	fault := func(f exportertest.Fault) func(*exportertest.Request) *exportertest.Fault {
		return func(*exportertest.Request) *exportertest.Fault { return &f }
	}
	for name, answer := range map[string]func(*exportertest.Request) *exportertest.Fault{
		"refuses":       fault(exportertest.Fault{Code: codes.Unavailable, Message: "away"}),
		"hangs":         fault(exportertest.Fault{Stall: true}),
		"unimplemented": fault(exportertest.Fault{Code: codes.Unimplemented, Message: "unknown service"}),
		"drops":         fault(exportertest.Fault{Drop: true}),
		"unauthorized":  fault(exportertest.Fault{Code: codes.Unauthenticated, Message: "who are you"}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newSpanBench(t, exportertest.GRPC, answer)
			before := time.Now()
			b.consume(t, 3)
			if took := time.Since(before); took < spanWait {
				t.Errorf("the first batch waited %v", took)
			}
			if !b.consumer.spans.away() {
				t.Error("the endpoint is not taken to be away")
			}
			before = time.Now()
			for range 40 {
				b.consume(t, 3)
			}
			if took := time.Since(before); took > 20*spanWait {
				t.Errorf("40 batches took %v", took)
			}
			if logs, _ := b.seen(); logs != 41*3 {
				t.Errorf("%d records of %d arrived", logs, 41*3)
			}
			if l := b.books.spanLedger(); l.Dropped[spansAway] != 40*3 || l.Accepted != 0 {
				t.Errorf("ledger %+v", l)
			}
			b.behave(nil)
			for end := time.Now().Add(time.Minute); b.consumer.spans.away() && time.Now().Before(end); {
				time.Sleep(10 * time.Millisecond)
			}
			b.consumer.spans.patience = time.Minute
			b.consume(t, 3)
			if l := b.books.spanLedger(); l.Accepted != 6 {
				t.Errorf("after it is back: ledger %+v", l)
			}
		})
	}
}

// With nobody at the endpoint for traces, logs arrive all the same.
func TestSpansToNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := "http://" + l.Addr().String()
	l.Close()
	b := &spanBench{spans: map[string]int{}}
	server, err := exportertest.Start(exportertest.Config{HTTPListen: "-", Take: b.take})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	b.open(t, server.Endpoint(exportertest.GRPC), gone, exportertest.GRPC)
	for range 20 {
		b.consume(t, 1)
	}
	if logs, _ := b.seen(); logs != 20 || !b.consumer.spans.away() {
		t.Errorf("%d records of 20, away: %v", logs, b.consumer.spans.away())
	}
}

// A batch whose context ends while it waits for its spans is not settled: it will be
// read again, and its spans have the same ids.
func TestSpansOfAnEndingProcess(t *testing.T) {
	b := newSpanBench(t, exportertest.GRPC, func(*exportertest.Request) *exportertest.Fault { return &exportertest.Fault{Stall: true} })
	ctx, cancel := context.WithTimeout(t.Context(), spanWait/4)
	defer cancel()
	batch := entry.Batch{
		Origin:  &entry.Origin{Source: "sora", Log: "event_webhook", Path: "/log/event_webhook.jsonl"},
		Entries: []entry.Entry{{Text: []byte(closingLine(1)), Observed: time.Now()}},
	}
	if err := b.consumer.consume(ctx, batch); err == nil {
		t.Fatal("the batch is settled without its spans")
	}
	ledgers, _ := b.books.snapshot()
	if l := ledgers["sora"]; l.Balance() != 0 || l.Read != 0 {
		t.Errorf("ledger %+v", l)
	}
	if l := b.books.spanLedger(); l.Accepted != 0 || len(l.Dropped) > 0 {
		t.Errorf("span ledger %+v", l)
	}
}

// What is refused by partial success is counted.
func TestSpansRejected(t *testing.T) {
	b := newSpanBench(t, exportertest.GRPC, func(*exportertest.Request) *exportertest.Fault {
		return &exportertest.Fault{Rejected: 2, Message: "two of them"}
	})
	b.consumer.spans.patience = time.Minute
	b.consume(t, 3)
	if l := b.books.spanLedger(); l.Accepted != 1 || !maps.Equal(l.Dropped, map[string]int64{spansRejected: 2}) {
		t.Errorf("ledger %+v", l)
	}
}

// A scout is a copy, no larger than it may be, and a span at least.
func TestScout(t *testing.T) {
	large := exporter.Group{Resource: []byte("r"), Records: make([]byte, 2*maxScout), Ends: []int{maxScout + 1, 2 * maxScout}}
	small := exporter.Group{Resource: []byte("r"), Records: []byte("abcd"), Ends: []int{2, 4}}
	for _, x := range []struct {
		groups []exporter.Group
		n      int
	}{{[]exporter.Group{small}, 2}, {[]exporter.Group{small, small, large}, 4}, {[]exporter.Group{large, small}, 1}} {
		scout, n := scoutOf(x.groups)
		held := 0
		for _, g := range scout {
			held += len(g.Ends)
		}
		if n != x.n || held != n {
			t.Errorf("%d spans, %d counted, want %d", held, n, x.n)
		}
		if &scout[0].Records[0] == &x.groups[0].Records[0] {
			t.Error("the scout is no copy")
		}
	}
}

// Spans go where logs go, but for what the variables for traces say.
func TestSpanConfig(t *testing.T) {
	for _, x := range []struct {
		env  []string
		want string
	}{
		{nil, "http://localhost:4317 grpc exact=false headers=[]"},
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4317", "OTEL_EXPORTER_OTLP_HEADERS=a=1"}, "http://c:4317 grpc exact=false headers=[a]"},
		{[]string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf"}, "http://localhost:4318 http/protobuf exact=false headers=[]"},
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4317", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://t:4317", "OTEL_EXPORTER_OTLP_TRACES_HEADERS=b=1"}, "http://t:4317 grpc exact=true headers=[b]"},
		{[]string{"OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=http://l/x/v1/logs"}, "http://l/x/v1/logs http/protobuf exact=false headers=[]"},
		{[]string{"RTCSHIP_EXPORT_ENDPOINT=http://f:4317", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4317"}, "http://f:4317 grpc exact=false headers=[]"},
	} {
		loaded, err := config.Load(config.Input{Environ: append(x.env, "RTCSHIP_CALLS_TRACES=true")})
		if err != nil {
			t.Fatal(err)
		}
		c := spanConfig(&loaded.Config, Options{Log: ownlog.New(ownlog.Config{Writer: io.Discard})})
		got := fmt.Sprintf("%s %s exact=%v headers=%v", c.Endpoint, c.Protocol, c.ExactPath, slices.Sorted(maps.Keys(c.Headers)))
		if got != x.want || c.Signal != exporter.SignalTraces || c.DeadLetters.Path != "" {
			t.Errorf("%v: %s, want %s", x.env, got, x.want)
		}
	}
}
