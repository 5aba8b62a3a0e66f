// Package victorialogs ships straight into a real VictoriaLogs, with no
// collector between, and asks it for what came.
package victorialogs

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/cache"
	"github.com/rtcship/rtcship/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// TestBadDay ships a made-up bad day of both servers and asks for it by field.
func TestBadDay(t *testing.T) {
	store := start(t)
	logs := t.TempDir()
	harness.BadDaySora(t, logs)
	messages := harness.BadDayPexip()
	tcp := harness.FreeAddr(t)
	ship := harness.NewShip(t, fmt.Sprintf("sora: {log_dir: %q}\npexip: {listen: [\"tcp://%s\"]}\n%s", logs, tcp, store.export("")))
	ship.Start(t)
	harness.SendTCP(t, tcp, messages, harness.Newline)
	harness.Wait(t, 60*time.Second, "the acknowledgement of all of Pexip's messages", func() error {
		if n := ship.Metric(t, "rtcship_records_total", `outcome="accepted"`, `source="pexip"`); int(n) < len(messages) {
			return fmt.Errorf("%v", n)
		}
		return nil
	}, ship.Process(), store.process)

	for _, tt := range []struct {
		query string
		want  int
	}{
		{`{service.name="sora"} "sora.code":="EXCEED-MAX-CONNECTIONS"`, 3},
		{`{service.name="sora"} "sora.code":="EXCEED-MAX-CONNECTIONS" "sora.channel_id":=lobby severity_number:>=17`, 2},
		{`{service.name="sora"} event_name:="sora.pong_timeout_error"`, 1},
		{`{service.name="sora"} "sora.code":="UNKNOWN-RTP" severity_text:=warning`, 1},
		{`{service.name="pexip-infinity"} "pexip.call_id":=c3`, 3},
		{`{service.name="pexip-infinity"} "pexip.media.rx.loss_percent":>7`, 1},
		{`{service.name="pexip-infinity"} _msg:"failed to join conference" "pexip.detail":="Insufficient licenses"`, 2},
	} {
		store.find(t, tt.query, tt.want)
	}
	ship.Stop(t)
}

// TestTime looks for a line in the microsecond that it names, as a store must know it.
func TestTime(t *testing.T) {
	store := start(t)
	logs := t.TempDir()
	line := `{"timestamp":"2026-11-21T06:00:00.000001Z","level":"error","msg":"PONG-TIMEOUT-ERROR","channel_id":"lobby"}` + "\n"
	if err := os.WriteFile(filepath.Join(logs, "sora.jsonl"), []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	ship := harness.NewShip(t, fmt.Sprintf("sora: {log_dir: %q}\n%s", logs, store.export("")))
	ship.Start(t)
	got := store.find(t, `_time:[2026-11-21T06:00:00.000001Z, 2026-11-21T06:00:00.000002Z) "sora.code":*`, 1)
	if at := got[0]["_time"]; at != "2026-11-21T06:00:00.000001Z" {
		t.Errorf("_time %q", at)
	}
	ship.Stop(t)
}

// TestReadTwice ships a log, forgets that it did, and ships it again. VictoriaLogs
// keeps repeats; the query of the document shows each line once.
func TestReadTwice(t *testing.T) {
	const lines = 500
	store := start(t)
	logs := t.TempDir()
	var b strings.Builder
	for n := range lines {
		b.WriteString(harness.SoraLine("line", n, "") + "\n")
	}
	if err := os.WriteFile(filepath.Join(logs, "sora.jsonl"), []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	ship := harness.NewShip(t, fmt.Sprintf("sora: {log_dir: %q}\n%s", logs, store.export("observed_time: record, ")))
	ship.Start(t)
	store.find(t, `{service.name="sora"}`, lines)
	replay := exec.Command(harness.Binary(t), "replay", "--config", ship.Config, "--file", "sora.jsonl", "--yes")
	if out, err := replay.CombinedOutput(); err != nil {
		t.Fatalf("replay: %v\n%s", err, out)
	}
	store.find(t, `{service.name="sora"}`, 2*lines)
	store.find(t, `{service.name="sora"} `+once(t), lines)
	ship.Stop(t)
}

// once is the pipe that collapses repeats, as docs/stores.md has it.
func once(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(), "docs", "stores.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(text), "```logsql\n")
	query, _, closed := strings.Cut(after, "\n```")
	_, pipe, piped := strings.Cut(query, "|")
	if !ok || !closed || !piped {
		t.Fatal("docs/stores.md has no query that collapses repeats")
	}
	return "|" + pipe
}

type store struct {
	addr    string
	process *harness.Process
}

// start starts a VictoriaLogs that keeps everything, however old its time.
func start(t *testing.T) store {
	t.Helper()
	bin, err := cache.VictoriaLogs()
	if err != nil {
		t.Fatal(err)
	}
	addr := harness.FreeAddr(t)
	cmd := exec.Command(bin, "-httpListenAddr="+addr, "-storageDataPath="+t.TempDir(), "-retentionPeriod=100y", "-memory.allowedBytes=256MB", "-loggerLevel=WARN")
	s := store{addr: addr, process: harness.Start(t, "victoria-logs", cmd)}
	harness.Wait(t, 30*time.Second, "VictoriaLogs' /health", func() error {
		_, err := s.get("/health", nil)
		return err
	}, s.process)
	return s
}

// export is the part of a configuration that delivers into the store.
func (s store) export(more string) string {
	return fmt.Sprintf("export: {%sendpoint: \"http://%s/insert/opentelemetry\", protocol: http/protobuf}\nlog: {otlp: false}\n", more, s.addr)
}

func (s store) get(path string, query url.Values) (string, error) {
	client := http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{Proxy: nil}}
	resp, err := client.Get("http://" + s.addr + path + "?" + query.Encode())
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, body)
	}
	return string(body), err
}

// find waits until a LogsQL query finds as many records as there should be, and returns them.
func (s store) find(t *testing.T, query string, want int) (found []map[string]string) {
	t.Helper()
	harness.Wait(t, 30*time.Second, query, func() error {
		text, err := s.get("/select/logsql/query", url.Values{"query": {query}, "limit": {"100000"}})
		if err != nil {
			return err
		}
		found = found[:0]
		for line := range strings.Lines(text) {
			var r map[string]string
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				return err
			}
			found = append(found, r)
		}
		if len(found) != want {
			return fmt.Errorf("%d records, want %d", len(found), want)
		}
		return nil
	}, s.process)
	return found
}
