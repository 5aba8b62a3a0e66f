package admin

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/convert/cdr"
	"github.com/rtcship/rtcship/convert/pexip"
	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/convert/sora"
	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/internal/ownlog"
	"github.com/rtcship/rtcship/internal/pipeline"
	"github.com/rtcship/rtcship/tailer"
	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/spool"
	"github.com/rtcship/rtcship/tailer/syslog"
)

var update = flag.Bool("update", false, "write the table of metrics into docs/metrics.md")

// A process is a Process whose status is whatever a test wants.
type process struct{ status *pipeline.Status }

func (p process) Status() *pipeline.Status { return p.status }

func (p process) Replay(_ context.Context, r pipeline.Replay) ([]tailer.Rewound, error) {
	return []tailer.Rewound{{Path: r.File}}, nil
}

func (p process) ReplayDeadLetters(context.Context) (exporter.Resent, error) {
	return exporter.Resent{Letters: 3}, nil
}

// busy is a status in which each metric has a value.
func busy() *pipeline.Status {
	now := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	return &pipeline.Status{
		Version: "1.2.3", Now: now, Started: now.Add(-time.Hour), State: pipeline.Green, Running: true, Saved: now.Add(-time.Second),
		Ledger: map[string]pipeline.Ledger{"sora": {Read: 13, Dropped: 3, DroppedBy: map[string]int64{"log=debug": 3}, Accepted: 6, Rejected: 1, Dead: 1, Empty: 1, InFlight: 1, Bytes: 1000}},
		Counts: map[string]record.Counts{
			"sora":  {SoraEvents: ones(len(sora.Events())), Redacted: 2, Parts: 3, InvalidUTF8: 4, Spans: 5, Backward: 1, Spanless: [cdr.NumFaults]int{cdr.NoBegin: 2}},
			"pexip": {PexipEvents: ones(len(pexip.Messages()))},
		},
		Files: []pipeline.FileStatus{
			{FileStatus: tailer.FileStatus{Source: "sora", Log: "sora", Path: "/log/sora.jsonl", State: tailer.Live, Size: 100, Lag: 40, Behind: 2 * time.Second}},
			{
				FileStatus: tailer.FileStatus{Source: "sora", Log: "my-backup", Path: "/log/my-backup.log", State: tailer.Live, Gaps: []entry.Gap{{Bytes: 7, Reason: "truncated"}}},
				Trouble:    pipeline.Trouble{Rejected: 2, Dead: 1, Unparsed: map[string]int64{"json": 3}},
			},
		},
		Listeners: []syslog.ListenerStatus{{
			Listen: "udp://0.0.0.0:514", Address: "0.0.0.0:514", Transport: "udp", Messages: 5, KernelDrops: 6,
			Dropped: map[string]uint64{"spool_full": 1}, Refused: map[string]uint64{"idle": 1},
		}},
		Spool: &spool.Status{Bytes: 1 << 20, MaxBytes: 1 << 30, TornBytes: 3},
		Spans: &pipeline.SpanStatus{
			SpanLedger: pipeline.SpanLedger{Accepted: 4, Dropped: map[string]int64{"away": 1}}, Away: true, Export: exporter.Status{Endpoint: "http://tempo:4317"},
		},
		Export: &exporter.Status{Endpoint: "http://collector:4317", Protocol: "grpc", Connected: true, Requests: map[string]int64{"OK": 9}},
		Admin:  &pipeline.AdminStatus{Connections: 1, Closed: 2, Refused: 3},
		Config: []pipeline.Setting{{Key: "export.headers", Value: "{authorization: '****'}", From: "--export-headers"}},
	}
}

func ones(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = 1
	}
	return list
}

func newServer(t *testing.T, s *pipeline.Status) *Server {
	t.Helper()
	server, err := New(process{s})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

func get(t *testing.T, s *Server, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	s.handler(false).ServeHTTP(w, httptest.NewRequest("GET", "http://localhost:9464"+path, nil))
	return w.Code, w.Body.String()
}

// Each line of the table is exported under the name that the document gives, and nothing else is.
func TestMetricsAreThoseOfTheTable(t *testing.T) {
	_, text := get(t, newServer(t, busy()), "/metrics")
	exported := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)$`).FindAllStringSubmatch(text, -1) {
		exported[m[1]] = m[2]
	}
	for _, m := range table {
		want := "gauge"
		if m.counter {
			want = "counter"
		}
		if got := exported[m.prom]; got != want {
			t.Errorf("%s is exported as %q, want %q", m.prom, got, want)
		}
		delete(exported, m.prom)
	}
	if len(exported) > 0 {
		t.Errorf("not in the table: %v", exported)
	}
	for _, line := range []string{
		`rtcship_records_total{outcome="accepted",source="sora"} 6`,
		`rtcship_entries_dropped_total{rule="log=debug",source="sora"} 3`,
		`rtcship_lag_bytes{log="sora",source="sora"} 40`,
		`rtcship_lag_seconds{log="sora",source="sora"} 2`,
		`rtcship_gap_bytes_total{log="other",reason="truncated",source="sora"} 7`,
		`rtcship_events_total{event="sora.pong_timeout_error",level="error",source="sora"} 1`,
		`rtcship_udp_kernel_drops_total{listener="udp://0.0.0.0:514",transport="udp"} 6`,
		`rtcship_checkpoint_age_seconds 1`,
		`rtcship_build_info{version="1.2.3"} 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("missing: %s", line)
		}
	}
}

// A directory full of files with names of their own does not make a series each.
func TestSeriesAreBounded(t *testing.T) {
	s := busy()
	for i := range 10_000 {
		s.Files = append(s.Files, pipeline.FileStatus{FileStatus: tailer.FileStatus{Source: "sora", Log: fmt.Sprint("own-", i), State: tailer.Live}})
	}
	_, text := get(t, newServer(t, s), "/metrics")
	if n := strings.Count(text, "rtcship_lag_bytes{"); n > 3 {
		t.Errorf("%d series of rtcship_lag_bytes", n)
	}
}

func TestDocumentListsAllMetrics(t *testing.T) {
	const path = "../../docs/metrics.md"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| metric | kind | labels | |\n|---|---|---|---|\n")
	for _, m := range table {
		kind := "gauge"
		if m.counter {
			kind = "counter"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.prom, kind, strings.Join(m.labels, ", "), m.help)
	}
	before, rest, _ := strings.Cut(string(data), "-update -->\n")
	_, after, ok := strings.Cut(rest, "<!-- end of metrics")
	if !ok {
		t.Fatal("the marks around the table are gone")
	}
	want := before + "-update -->\n" + b.String() + "<!-- end of metrics" + after
	if want == string(data) {
		return
	}
	if !*update {
		t.Fatal("docs/metrics.md is out of date: go test ./internal/admin -update")
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestReady(t *testing.T) {
	f := func(want string, change func(*pipeline.Status)) {
		t.Helper()
		s := busy()
		change(s)
		code, text := get(t, newServer(t, s), "/readyz")
		if (want == "ok\n") != (code == http.StatusOK) || !strings.Contains(text, want) {
			t.Errorf("%d %q, want %q", code, text, want)
		}
	}
	f("ok\n", func(*pipeline.Status) {})
	f("ok\n", func(s *pipeline.Status) { s.Export.Connected = false }) // never the collector
	f("log directory: gone", func(s *pipeline.Status) { s.LogDirError = "gone" })
	f("0 of 1 listeners", func(s *pipeline.Status) { s.Listeners, s.Wanted = nil, []string{"udp://0.0.0.0:514"} })
	f("spool is full", func(s *pipeline.Status) { s.Spool.FullSince = s.Now })
	f("cannot be written: no room", func(s *pipeline.Status) { s.Spool.Fault = "no room" })
	f("not started: bad config", func(s *pipeline.Status) { s.Running, s.Fault = false, "bad config" })

	_, text := get(t, newServer(t, busy()), "/readyz?json")
	var answer struct{ Ready bool }
	if err := json.Unmarshal([]byte(text), &answer); err != nil || !answer.Ready {
		t.Errorf("JSON %s: %v", text, err)
	}
	if _, text := get(t, newServer(t, busy()), "/healthz?json"); strings.TrimSpace(text) != `{"alive":true,"reasons":null}` {
		t.Errorf("alive as JSON: %s", text)
	}
	if code, _ := get(t, newServer(t, &pipeline.Status{}), "/healthz"); code != http.StatusOK {
		t.Errorf("a process that is not ready is alive all the same, got %d", code)
	}
}

func TestStatusJSON(t *testing.T) {
	_, text := get(t, newServer(t, busy()), "/status.json")
	var s pipeline.Status
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	if s.Ledger["sora"].Balance() != 0 || s.Files[0].Lag != 40 {
		t.Errorf("status %+v", s)
	}
}

// What is wrong, and what to do, is on the page; a hostile file name is text there.
func TestPage(t *testing.T) {
	s := busy()
	s.State = pipeline.Red
	s.Reasons = []pipeline.Reason{{State: pipeline.Red, Text: "the collector does not take records", Do: "look at its log"}}
	s.Messages = []ownlog.Message{{Level: "error", Text: "something"}}
	s.Files[0].Path = `/log/<script>alert(1)</script>.jsonl`
	s.Saved = s.Now.Add(time.Millisecond) // positions may be saved while the status is gathered
	if _, text := get(t, newServer(t, s), "/metrics"); !strings.Contains(text, "rtcship_checkpoint_age_seconds 0\n") {
		t.Error("positions are saved in the future")
	}
	code, page := get(t, newServer(t, s), "/")
	for _, want := range []string{
		"<title>rtcship: red</title>", "the collector does not take records", "To do: look at its log", "something",
		"&lt;script&gt;", "udp://0.0.0.0:514", "7 B truncated", "2 rejected", "1 dead", "3 not understood as json", "export.headers", "****",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if code != http.StatusOK || strings.Contains(page, "<script>") || strings.Contains(page, "http://cdn") {
		t.Errorf("code %d, page:\n%s", code, page)
	}
	if _, page := get(t, newServer(t, &pipeline.Status{Fault: "x.yaml:1:1: bad"}), "/"); !strings.Contains(page, "nothing was read yet") {
		t.Errorf("a process that cannot start has no page:\n%s", page)
	}
}

func TestPageShowsTroubleFirst(t *testing.T) {
	var all []pipeline.FileStatus
	for i := range maxRows + 50 {
		all = append(all, pipeline.FileStatus{FileStatus: tailer.FileStatus{Path: fmt.Sprint(i)}})
	}
	all[maxRows+40].Lag = 1
	shown, hidden := pageFiles(all)
	if len(shown) != maxRows || hidden != 50 || shown[0].Path != fmt.Sprint(maxRows+40) {
		t.Errorf("%d shown, %d hidden, first %s", len(shown), hidden, shown[0].Path)
	}
}

func TestServeMovesAndSockets(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, Socket)
	if err := os.WriteFile(socket, nil, 0o600); err != nil { // left by a process that was killed
		t.Fatal(err)
	}
	s := newServer(t, busy())
	if err := s.Serve(Config{Listen: "127.0.0.1:0", Socket: socket}); err != nil {
		t.Fatal(err)
	}
	client := Client(dir)
	resp, err := client.Post("http://rtcship/replay/dead-letters", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); !strings.Contains(string(body), `"letters":3`) {
		t.Errorf("answer %s", body)
	}
	w := httptest.NewRecorder()
	s.handler(false).ServeHTTP(w, httptest.NewRequest("POST", "/replay/dead-letters", nil))
	if w.Code == http.StatusOK {
		t.Error("anybody may replay over TCP")
	}
	if err := s.Serve(Config{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Get("http://rtcship/healthz"); err == nil {
		t.Error("the socket still answers")
	}
	if err := s.Serve(Config{Listen: "256.0.0.1:1"}); err == nil || !strings.Contains(err.Error(), "admin.listen") {
		t.Errorf("error %v", err)
	}
}

// A second process on a state directory must not take the commands away from the first.
func TestSocketOfAnotherProcessStays(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, Socket)
	first, second := newServer(t, busy()), newServer(t, busy())
	if err := first.Serve(Config{Socket: socket}); err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if err := second.Serve(Config{Socket: socket}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("error %v", err)
	}
	second.Close()
	resp, err := Client(dir).Get("http://rtcship/healthz")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	first.Close()
	if err := second.Serve(Config{Socket: socket}); err != nil {
		t.Error(err)
	}
	second.Close()
}

func TestMetricNamesAreUnique(t *testing.T) {
	var names []string
	for _, m := range table {
		names = append(names, m.prom)
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != len(table) {
		t.Error(errors.New("two metrics have one name"))
	}
}

// TestFieldNames holds /status.json to one way of writing names, in whichever
// package a part of it is declared.
func TestFieldNames(t *testing.T) {
	snake := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Map}, typ.Kind()) {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || typ == reflect.TypeFor[time.Time]() || seen[typ] {
			return
		}
		seen[typ] = true
		for f := range typ.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "-" {
				continue
			}
			if !f.Anonymous && !snake.MatchString(name) {
				t.Errorf("%s.%s is called %q", typ, f.Name, name)
			}
			walk(f.Type)
		}
	}
	walk(reflect.TypeFor[pipeline.Status]())
	walk(reflect.TypeFor[exporter.Resent]())
	walk(reflect.TypeFor[tailer.Rewound]())
}
