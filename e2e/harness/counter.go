package harness

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"sync"

	collogs "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	"google.golang.org/protobuf/proto"
)

// A Counter counts the numbered lines of OTLP requests. It may be used by
// several goroutines at once.
type Counter struct {
	mu    sync.Mutex
	tally *Tally
}

// NewCounter returns a counter of nothing.
func NewCounter() *Counter { return &Counter{tally: NewTally()} }

// Take counts the records of a request.
func (c *Counter) Take(req *collogs.ExportLogsServiceRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rl := range req.ResourceLogs {
		for _, sl := range rl.ScopeLogs {
			for _, lr := range sl.LogRecords {
				c.tally.Add(lr.Body.GetStringValue(), uidOf(lr.Attributes))
			}
		}
	}
}

// Complete is nil if all numbers below n of a stream were taken, under one uid each.
func (c *Counter) Complete(stream string, n int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tally.Complete(stream, n)
}

// Holds is nil if the given numbers of a stream were taken, under one uid each.
func (c *Counter) Holds(stream string, numbers map[int]bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tally.Holds(stream, numbers)
}

// Repeats returns how many records came again.
func (c *Counter) Repeats() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tally.Repeats
}

// ServeOTLP takes an OTLP/HTTP request in protobuf, plain or gzip, and acknowledges it.
func (c *Counter) ServeOTLP(w http.ResponseWriter, r *http.Request) error {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return err
		}
		body = z
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	var req collogs.ExportLogsServiceRequest
	if err := proto.Unmarshal(text, &req); err != nil {
		return fmt.Errorf("decode request: %w", err)
	}
	c.Take(&req)
	w.Header().Set("Content-Type", "application/x-protobuf")
	return nil
}

func uidOf(attributes []*common.KeyValue) string {
	for _, kv := range attributes {
		if kv.Key == "log.record.uid" {
			return kv.Value.GetStringValue()
		}
	}
	return ""
}
