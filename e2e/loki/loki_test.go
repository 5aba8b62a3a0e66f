// Package loki ships through the collector configuration for Grafana Loki into
// a real Loki, and asks Loki for it.
package loki

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/cache"
	"github.com/rtcship/rtcship/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// morning is what the lines' six o'clock of a certain day is moved to. A Loki
// that has just been started was seen not to find a line that is three hours
// old when it comes, and to find one of an hour ago; query_ingesters_within,
// longer or off, changed nothing.
var morning = time.Now().UTC().Truncate(time.Second).Add(-time.Hour)

var lineTime = regexp.MustCompile(`2026-11-21([T ])06:(\d\d:\d\d)`)

// justNow moves the times within text, between six and seven, to the last hour.
func justNow(text string) string {
	return lineTime.ReplaceAllStringFunc(text, func(at string) string {
		m := lineTime.FindStringSubmatch(at)
		past, err := time.Parse("04:05", m[2])
		if err != nil {
			panic(err) // minutes and seconds are digits
		}
		to := morning.Add(time.Duration(past.Minute())*time.Minute + time.Duration(past.Second())*time.Second)
		return to.Format(time.DateOnly) + m[1] + to.Format(time.TimeOnly)
	})
}

// justNowFiles does so in all files of a folder.
func justNowFiles(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f, []byte(justNow(string(text))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReadTwice ships a log, forgets that it did, and ships it again: Loki shows every line once.
func TestReadTwice(t *testing.T) {
	const lines = 2000
	server := startLoki(t)
	collector, env := harness.Backend(t, "loki.yaml", "LOKI_ENDPOINT=http://"+server.addr+"/otlp")
	logs := t.TempDir()
	var b strings.Builder
	for n := range lines {
		b.WriteString(justNow(harness.SoraLine("line", n, "")) + "\n")
	}
	if err := os.WriteFile(filepath.Join(logs, "sora.jsonl"), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	ship := harness.NewShip(t, fmt.Sprintf("sora: {log_dir: %q}\nexport: {endpoint: \"http://%s\"}\nlog: {otlp: false}\n", logs, collector.GRPC))
	ship.ReadTwice(t, collector, env, "the acknowledgement of all lines", func(int) error {
		if got := ship.Metric(t, "rtcship_records_total", `source="sora"`, `outcome="accepted"`); int(got) < lines {
			return fmt.Errorf("%v records accepted", got)
		}
		return nil
	})
	tally := harness.NewTally()
	for _, e := range server.query(t, `{service_name="sora"}`) {
		tally.Add(e.line, e.metadata["log_record_uid"])
	}
	if err := tally.Complete("line", lines); err != nil {
		t.Error(err)
	}
	if tally.Repeats > 0 {
		t.Errorf("Loki shows %d lines twice", tally.Repeats)
	}
}

// TestFields looks at what Loki makes of a record: labels, level, and
// structured metadata to filter by.
func TestFields(t *testing.T) {
	server := startLoki(t)
	collector, env := harness.Backend(t, "loki.yaml", "LOKI_ENDPOINT=http://"+server.addr+"/otlp")
	collector.Start(t, env...)
	logs, tcp := t.TempDir(), harness.FreeAddr(t)
	line := `{"timestamp":"2026-11-21T06:00:00.000001Z","level":"warning","msg":"PONG-TIMEOUT-ERROR | reason=<<\"WebSocket\">>",` +
		`"domain":["sora"],"node":"sora@127.0.0.1","channel_id":"lobby","connection_id":"7QK2M5T8ZD1N93WBXC6R4HFEVA"}` + "\n"
	if err := os.WriteFile(filepath.Join(logs, "sora.jsonl"), []byte(justNow(line)), 0o644); err != nil {
		t.Fatal(err)
	}
	ship := harness.NewShip(t, fmt.Sprintf(`
sora: {log_dir: %q}
pexip: {listen: ["tcp://%s"]}
resource: {attributes: {service.namespace: conferencing}}
export: {endpoint: "http://%s"}
`, logs, tcp, collector.GRPC))
	ship.Start(t)
	harness.SendTCP(t, tcp, []string{justNow(harness.PexipLine("pexip", 0))}, harness.Newline)

	for query, want := range map[string]string{
		`{service_name="sora", service_namespace="conferencing"} | sora_code="PONG-TIMEOUT-ERROR" | sora_channel_id="lobby" | detected_level="warn"`: "PONG-TIMEOUT-ERROR",
		`{service_name="pexip-infinity"} | pexip_module="administrator.configuration" | pexip_user="load"`:                                           "seq=pexip/0",
	} {
		harness.Wait(t, 30*time.Second, query, func() error {
			entries := server.query(t, query)
			if len(entries) != 1 || !strings.Contains(entries[0].line, want) {
				return fmt.Errorf("%d entries: %v", len(entries), entries)
			}
			return nil
		}, ship.Process(), collector.Process(), server.process)
	}
	ship.Stop(t)
}

// A server is a Loki of the test's own.
type server struct {
	addr    string
	process *harness.Process
}

func startLoki(t *testing.T) server {
	t.Helper()
	return startRuler(t, t.TempDir(), "")
}

// startRuler starts a Loki that keeps everything in the folder data and tells
// the alerts of the rules in data/rules/fake to an Alertmanager. The folder is
// called after the tenant of a Loki without tenants.
func startRuler(t *testing.T, data, alertmanager string) server {
	t.Helper()
	bin, err := cache.Loki()
	if err != nil {
		t.Fatal(err)
	}
	addr, grpc := harness.FreeAddr(t), harness.FreeAddr(t)
	config, err := filepath.Abs("loki.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "-config.file="+config, "-config.expand-env=true", "-target=all")
	cmd.Env = append(os.Environ(), "LOKI_DATA="+data, "LOKI_ALERTMANAGER="+alertmanager, "LOKI_HTTP="+port(addr), "LOKI_GRPC="+port(grpc))
	s := server{addr: addr, process: harness.Start(t, "loki", cmd)}
	harness.Wait(t, 90*time.Second, "Loki's /ready", func() error {
		// Before it is ready Loki says why not, in words that hold "ready" too.
		body, err := s.get("/ready", nil)
		if err == nil && strings.TrimSpace(body) != "ready" {
			err = fmt.Errorf("it says %q", body)
		}
		return err
	}, s.process)
	return s
}

func port(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }

func (s server) get(path string, query url.Values) (string, error) {
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

// An entry is a line as Loki returns it, with its labels and structured metadata.
type entry struct {
	line     string
	metadata map[string]string
}

// query returns what a LogQL query finds of the tests' lines.
func (s server) query(t *testing.T, logQL string) (entries []entry) {
	t.Helper()
	text, err := s.get("/loki/api/v1/query_range", url.Values{
		"query": {logQL}, "limit": {"100000"},
		"start": {fmt.Sprint(morning.UnixNano())}, "end": {fmt.Sprint(morning.Add(4 * time.Hour).UnixNano())},
	})
	if err != nil {
		t.Fatalf("%s: %v", logQL, err)
	}
	var answer struct {
		Data struct {
			Result []struct {
				Stream map[string]string
				Values [][2]string
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatal(err)
	}
	for _, stream := range answer.Data.Result {
		for _, v := range stream.Values {
			entries = append(entries, entry{v[1], stream.Stream})
		}
	}
	return entries
}
