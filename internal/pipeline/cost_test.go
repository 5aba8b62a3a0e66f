package pipeline

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/exporter/exportertest"
	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/tailer/entry"
)

// costBatch is a batch of n ordinary lines.
func costBatch(n int) entry.Batch {
	origin := &entry.Origin{Source: "sora", Log: "sora", Path: "/log/sora.jsonl", Generation: [16]byte{1}}
	b := entry.Batch{Origin: origin}
	now, at := time.Now(), int64(0)
	for i, line := range bytes.SplitAfter(bytes.TrimSpace([]byte(lines(0, n))), []byte("\n")) {
		if i == n {
			break
		}
		text := bytes.TrimSuffix(line, []byte("\n"))
		b.Entries = append(b.Entries, entry.Entry{Text: text, Offset: at, Observed: now})
		at += int64(len(line))
	}
	return b
}

func costConverter(t testing.TB) *convert.Converter {
	t.Helper()
	cfg := config.Default()
	c, err := NewConverter(&cfg, "test")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestBooksCostNothingPerRecord: what the page and the metrics show is booked
// three times a batch without an allocation, however many records it has.
func TestBooksCostNothingPerRecord(t *testing.T) {
	for _, n := range []int{1, 1000} {
		batch := costBatch(n)
		var out convert.Output
		costConverter(t).Convert(batch, &out)
		if out.Counts.Records != n {
			t.Fatalf("%d records of %d lines", out.Counts.Records, n)
		}
		b := newBooks()
		book := func() {
			b.begin("sora", n)
			b.converted("sora", &out.Counts)
			b.settled(batch.Origin, &out.Counts, exporter.Outcome{Accepted: n}, 100)
		}
		book() // the first batch of a source makes its book
		if allocs := testing.AllocsPerRun(100, book); allocs != 0 {
			t.Errorf("%v allocations for the books of a batch of %d", allocs, n)
		}
		ledgers, _ := b.snapshot()
		if l := ledgers["sora"]; l.Balance() != 0 || l.Accepted != int64(102*n) {
			t.Errorf("ledger %+v", l)
		}
	}
}

// BenchmarkOffer is the way of a batch of 1,000 lines from the tailer to the
// acknowledgement, while nobody looks, and while somebody asks for everything
// a hundred times a second. Divide allocations by 1,000 for those of a record.
func BenchmarkOffer(b *testing.B) {
	for _, watched := range []bool{false, true} {
		b.Run(fmt.Sprintf("watched=%v", watched), func(b *testing.B) {
			server, err := exportertest.Start(exportertest.Config{HTTPListen: "-"})
			if err != nil {
				b.Fatal(err)
			}
			defer server.Close()
			e, err := exporter.New(exporter.Config{Endpoint: server.Endpoint(exportertest.GRPC), Protocol: exportertest.GRPC, MaxDelay: time.Microsecond})
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close(b.Context())
			books := newBooks()
			c := newConsumer(costConverter(b), e, newGate(64<<20, func() {}), books)
			batch := costBatch(1000)
			if watched {
				defer watch(books, e)()
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := c.consume(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// watch gathers what a scrape gathers, again and again, until stop.
func watch(books *books, e *exporter.Exporter) (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
				_, _ = books.snapshot()
				_ = e.Status()
			}
		}
	}()
	return func() { close(end); <-ended }
}

// BenchmarkBooks is the share of it that the figures take.
func BenchmarkBooks(b *testing.B) {
	batch := costBatch(1000)
	var out convert.Output
	costConverter(b).Convert(batch, &out)
	books := newBooks()
	b.ReportAllocs()
	for b.Loop() {
		books.begin("sora", 1000)
		books.converted("sora", &out.Counts)
		books.settled(batch.Origin, &out.Counts, exporter.Outcome{Accepted: 1000}, 100)
	}
}
