package parts

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/rtcship/rtcship/bench/internal/corpus"
	"github.com/rtcship/rtcship/bench/internal/sink"
	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/tailer"
	"github.com/rtcship/rtcship/tailer/entry"
)

// TestMain lets the test binary be the receiver, in a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("PARTS_SINK") == "" {
		os.Exit(m.Run())
	}
	if err := sink.Serve(os.Stdin, os.Stdout); err != nil {
		os.Exit(1)
	}
}

// A counter is a consumer that settles at once, and stops the tailer when it
// has seen all lines.
type counter struct {
	mu   sync.Mutex
	left int
	stop func()
}

func (c *counter) Offer(_ context.Context, b entry.Batch) (entry.Receipt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left -= len(b.Entries); c.left <= 0 {
		c.stop()
	}
	return entry.Settled, nil
}

// BenchmarkRead is following one file: reading, splitting, checkpoints.
func BenchmarkRead(b *testing.B) {
	lines := max(b.N, 1000)
	dir, err := corpus.Dir(b.TempDir(), int64(lines), 1)
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	t, err := tailer.New(tailer.Config{
		StateDir: b.TempDir(),
		Sources:  []tailer.Source{{Name: "sora", Origin: "sora", Dir: dir, Rules: tailer.SoraRules()}},
	}, &counter{left: lines, stop: stop})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	defer cpuPerOp(b)()
	if err := t.Run(ctx); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkRequest is gathering records into requests and sending them by
// gRPC to a receiver in another process.
func BenchmarkRequest(b *testing.B) {
	const batch = 3000
	e := newExporter(b)
	groups := converted(b, soraEntries(batch))
	b.ReportAllocs()
	b.ResetTimer()
	defer cpuPerOp(b)()
	var senders sync.WaitGroup
	for range 2 { // as many batches as one file has under way
		senders.Go(func() {
			for n := 0; n < b.N/2; n += batch {
				if err := e.Send(context.Background(), groups); err != nil {
					b.Error(err)
				}
			}
		})
	}
	senders.Wait()
}

func newExporter(b *testing.B) *exporter.Exporter {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	b.Setenv("PARTS_SINK", "1")
	s, err := sink.Start(self)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	if err := s.Expect(sink.Plan{Lines: 1}); err != nil {
		b.Fatal(err)
	}
	// Two batches wait at most, so nothing more can come when both do.
	e, err := exporter.New(exporter.Config{Endpoint: "http://" + s.Addr, Blocked: func(waiting int) bool { return waiting == 2 }})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { e.Close(context.Background()) })
	return e
}

// converted returns the groups that entries become.
func converted(b *testing.B, entries []entry.Entry) []exporter.Group {
	b.Helper()
	conv, err := convert.New(convert.Config{})
	if err != nil {
		b.Fatal(err)
	}
	var out convert.Output
	conv.Convert(entry.Batch{Origin: &entry.Origin{Source: "sora", Log: "sora", Path: "/logs/sora.jsonl"}, Entries: entries}, &out)
	var groups []exporter.Group
	for _, g := range out.Groups {
		groups = append(groups, exporter.Group(g))
	}
	return groups
}
