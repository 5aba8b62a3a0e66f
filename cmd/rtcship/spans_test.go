package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/rtcship/rtcship/convert/cdr"
	"github.com/rtcship/rtcship/exporter/exportertest"
)

// closingLine closes the connection that i stands for, at a time.
func closingLine(i int, end time.Time) string {
	const form = "2006-01-02T15:04:05.000000Z"
	return fmt.Sprintf(`{"timestamp":%q,"req":{"type":"connection.destroyed","connection_id":"%026d","data":{"created_timestamp":%q,"destroyed_timestamp":%q}}}`+"\n",
		end.Format(form), i, end.Add(-time.Minute).Format(form), end.Format(form))
}

func spanOf(i int) string {
	return fmt.Sprintf("%x", cdr.Connection(fmt.Appendf(nil, "%026d", i)).Span)
}

// spanSet is the spans that arrived, by id, as a store keeps them.
type spanSet struct {
	mu   sync.Mutex
	ids  map[string]int
	logs int
}

func (s *spanSet) take(r *exportertest.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Signal != exportertest.Traces {
		s.logs += r.Count()
		return
	}
	spans, _ := r.Spans()
	for _, span := range spans {
		s.ids[fmt.Sprintf("%x", span.SpanId)]++
	}
}

// counts are the spans that have arrived, and the records.
func (s *spanSet) counts() (spans, logs int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.ids), s.logs
}

// missing counts those of the first n calls whose span has not arrived.
func (s *spanSet) missing(n int) (missing int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range n {
		if s.ids[spanOf(i)] == 0 {
			missing++
		}
	}
	return missing
}

// TestCrashSpans kills the program at random moments while calls end and their log
// rotates, and the endpoint takes spans at the second attempt and in time, and logs
// as it likes: each call has its span, and there are no others.
func TestCrashSpans(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	got := &spanSet{ids: map[string]int{}}
	c := &crash{t: t, dir: t.TempDir(), random: rand.New(rand.NewPCG(seed, 7)), faulty: true, args: []string{"--calls-traces=true"},
		env: []string{"TEST_SPAN_WAIT=1m"}} // whoever runs the tests may be busy
	logs := filepath.Join(c.dir, "log")
	if err := os.Mkdir(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	var asked sync.Map // for which requests
	var err error
	c.server, err = exportertest.Start(exportertest.Config{HTTPListen: "-", Take: got.take, Answer: func(r *exportertest.Request) *exportertest.Fault {
		if r.Signal != exportertest.Traces {
			return c.answer(r)
		}
		if _, again := asked.LoadOrStore(string(r.Body), true); again {
			return nil
		}
		return &exportertest.Fault{Code: codes.Unavailable, Message: "in a moment", Wait: 150 * time.Millisecond}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.server.Close)
	path, n := filepath.Join(logs, "event_webhook.jsonl"), 0
	write := func() {
		var text []byte
		for range 20 {
			text = append(text, closingLine(n, time.Now().UTC())...)
			n++
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		f.Write(text)
		f.Close()
		if n%200 == 0 {
			os.Rename(path, fmt.Sprintf("%s.%d", path, n/200))
		}
	}
	for range *kills {
		p := c.launch()
		for end := time.Now().Add(time.Duration(200+random.IntN(800)) * time.Millisecond); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			write()
		}
		p.Process.Kill()
		p.Wait()
	}
	c.behave()
	p := c.launch()
	defer p.Wait()
	defer p.Process.Kill()
	for end := time.Now().Add(patience); got.missing(n) > 0 && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
	if spans, _ := got.counts(); got.missing(n) > 0 || spans != n {
		t.Errorf("%d calls, %d spans, %d missing", n, spans, got.missing(n))
	}
	t.Logf("%d calls", n)
	settledStatus(t, c.state())
}

// TestReplaySpans makes spans from live, rotated and compressed files, since a time,
// and sends no lines.
func TestReplaySpans(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	logs := filepath.Join(dir, "log")
	if err := os.MkdirAll(filepath.Join(logs, "connection_created_wait_timeout_error"), 0o755); err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(logs, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte(closingLine(0, noon.Add(-time.Hour)) + closingLine(1, noon)))
	z.Close()
	put("event_webhook.jsonl.2.gz", packed.String())
	put("event_webhook.jsonl.1", closingLine(2, noon)+closingLine(3, noon))
	put("event_webhook.jsonl", closingLine(4, noon))
	put("event_webhook_error.jsonl", closingLine(7, noon))
	put("sora.jsonl", closingLine(8, noon))
	put("connection_created_wait_timeout_error/1777593609_"+fmt.Sprintf("%026d", 5)+".jsonl",
		`{"timestamp":"2026-05-01T12:01:00.000000Z","created_timestamp":"2026-05-01T12:00:00.000000Z"}`+"\n")
	got := &spanSet{ids: map[string]int{}}
	server, err := exportertest.Start(exportertest.Config{HTTPListen: "-", Take: got.take})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	replay := func(args ...string) string {
		cmd := exec.Command(self)
		cmd.Args = append([]string{"rtcship", "replay", "--traces", "--sora-log-dir", logs, "--state-dir", filepath.Join(dir, "state"), "--endpoint", server.Endpoint(exportertest.GRPC)}, args...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if out := replay("--since", noon.Format(time.RFC3339)); !strings.Contains(out, "5 spans sent") {
		t.Errorf("since noon:\n%s", out)
	}
	if spans, logs := got.counts(); got.missing(1) != 1 || spans != 5 || logs != 0 {
		t.Errorf("since noon came %d spans, and %d records", spans, logs)
	}
	out := replay()
	if spans, _ := got.counts(); !strings.Contains(out, "6 spans sent") || spans != 6 || got.missing(6) > 0 {
		t.Errorf("from the beginning %d spans:\n%s", spans, out)
	}
	if out := replay("--file", "event_webhook.jsonl"); !strings.Contains(out, "1 spans sent, made of 1 files") {
		t.Errorf("of one file:\n%s", out)
	}
	if _, err := os.Stat(filepath.Join(dir, "state")); err == nil {
		t.Error("it has made a state directory")
	}
}

// With an endpoint that knows no traces, everything arrives that did before.
func TestLogsWithoutTracesPipeline(t *testing.T) {
	t.Parallel()
	got := &spanSet{ids: map[string]int{}}
	c := &crash{t: t, dir: t.TempDir(), args: append([]string{"--calls-traces=true"}, patient...)}
	os.Mkdir(filepath.Join(c.dir, "log"), 0o755)
	var err error
	c.server, err = exportertest.Start(exportertest.Config{HTTPListen: "-", Take: got.take, Answer: func(r *exportertest.Request) *exportertest.Fault {
		if r.Signal == exportertest.Traces {
			return &exportertest.Fault{Code: codes.Unimplemented, Message: "unknown service opentelemetry.proto.collector.trace.v1.TraceService"}
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.server.Close)
	var text strings.Builder
	for i := range 5000 {
		text.WriteString(closingLine(i, time.Now().UTC()))
	}
	if err := os.WriteFile(filepath.Join(c.dir, "log", "event_webhook.jsonl"), []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	p := c.launch()
	defer p.Wait()
	defer p.Process.Kill()
	s := settledStatus(t, c.state())
	for end := time.Now().Add(patience); s.Ledger["sora"].Accepted < 5000 && time.Now().Before(end); { // at first nothing is read, and all of that settled
		s = settledStatus(t, c.state())
	}
	if s.Ledger["sora"].Accepted != 5000 || s.Spans == nil || !s.Spans.Away || s.Spans.Dropped["away"]+s.Spans.Dropped["timeout"] == 0 {
		t.Errorf("ledger %+v, spans %+v", s.Ledger["sora"], s.Spans)
	}
}
