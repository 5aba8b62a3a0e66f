// Package calls ships logs of both servers through a real collector into a real
// Jaeger, and asks it for the calls.
package calls

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/cache"
	"github.com/rtcship/rtcship/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// collectorConfig writes logs to a file and sends spans to Jaeger.
const collectorConfig = `
extensions:
  health_check: {endpoint: "{{.Health}}"}
receivers:
  otlp:
    protocols:
      grpc: {endpoint: "{{.GRPC}}"}
      http: {endpoint: "{{.HTTP}}"}
exporters:
  file: {path: "{{.Output}}", append: true, flush_interval: 100ms}
  otlp_grpc/jaeger:
    endpoint: "{{.Jaeger}}"
    tls: {insecure: true}
    sending_queue: {enabled: false}
    retry_on_failure: {enabled: false}
service:
  extensions: [health_check]
  telemetry: {metrics: {level: none}, logs: {level: warn}}
  pipelines:
    logs: {receivers: [otlp], exporters: [file]}
    traces: {receivers: [otlp], exporters: [otlp_grpc/jaeger]}
`

const jaegerConfig = `
service:
  extensions: [jaeger_storage, jaeger_query]
  telemetry: {metrics: {level: none}, logs: {level: warn}}
  pipelines:
    traces: {receivers: [otlp], exporters: [jaeger_storage_exporter]}
extensions:
  jaeger_storage: {backends: {memory: {memory: {max_traces: 10000}}}}
  jaeger_query:
    storage: {traces: memory}
    http: {endpoint: "%s"}
    grpc: {endpoint: "%s"}
receivers:
  otlp: {protocols: {grpc: {endpoint: "%s"}}}
exporters:
  jaeger_storage_exporter: {trace_storage: memory}
`

// The ids of docs/calls.md.
const (
	connection, connectionTrace, connectionSpan = "C4ZK2YM8RX0TQ4WB7HCJ9D3NVE", "ec995f333425fe4db50d46a8f6bdcca8", "0a4df4d9ab2602f4"
	session, sessionTrace, sessionSpan          = "S0D9WJ5YQ2XK7RB4MT8HZC3NVE", "5245f6fb8adced0b12cdb7743a20d64c", "fe9db92b0208d4b6"
	recording, recordingSpan                    = "T3QX8YB2M7WZ0RHKC5N9V1JD4E", "01bd02fba2174aa0"
	callTrace, participantSpan                  = "25afa9399b93829e378a80814b99e735", "11779c426925fc8d"
	conferenceTrace, conferenceSpan             = "40d923bf8cbba81b721e672ada51c90b", "5b18af7fd35fff0e"
)

var logs = map[string]string{
	"sora.jsonl": `{"connection_id":"` + connection + `","level":"error","msg":"PONG-TIMEOUT-ERROR","timestamp":"2026-05-01T00:00:58.000000Z"}
{"level":"info","msg":"about nobody","timestamp":"2026-05-01T00:00:58.000000Z"}
`,
	"event_webhook.jsonl": `{"timestamp":"2026-05-01T00:01:00.100000Z","req":{"type":"connection.destroyed","connection_id":"` + connection + `","session_id":"` + session + `","channel_id":"lobby","data":{"created_timestamp":"2026-05-01T00:00:00.250000Z","destroyed_timestamp":"2026-05-01T00:00:59.750000Z","destroyed_reason":"PONG-TIMEOUT-ERROR"}}}
{"timestamp":"2026-05-01T00:01:01.100000Z","req":{"type":"archive.available","recording_id":"` + recording + `","connection_id":"` + connection + `","start_timestamp":"2026-05-01T00:00:10.000000Z","stop_timestamp":"2026-05-01T00:00:50.000000Z"}}
`,
	"session_webhook.jsonl": `{"timestamp":"2026-05-01T00:02:00.100000Z","req":{"type":"session.destroyed","session_id":"` + session + `","channel_id":"lobby","created_timestamp":"2026-05-01T00:00:00.000000Z","destroyed_timestamp":"2026-05-01T00:02:00.000000Z"}}
`,
}

const header = `<134>1 2026-05-06T08:08:09.402+00:00 node1 pexip - - - 2026-05-06 08:08:09,337 Level="INFO" `

var messages = []string{
	header + `Name="support.participant" Message="Call is on hold" Participant="alice" Call-id="890b38520c27737c@192.0.2.7"`,
	header + `Name="administrator.conference" Message="Participant has disconnected." Conference="Meet Alice" Protocol="WebRTC" Call-id="890b38520c27737c@192.0.2.7" Participant-id="44be63a0-2" Duration="63.123" Detail="Remote disconnect"`,
	header + `Name="administrator.conference" Message="Participant has disconnected." Conference="Meet Alice" Protocol="API" Call-id="890b38520c27737c@192.0.2.7" Participant-id="5555-3" Duration="64.000" Detail="Remote disconnect"`,
	header + `Name="administrator.conference" Message="Conference has been stopped." Conference="Meet Alice" Service-type="conference" Duration="62.234"`,
}

func TestCalls(t *testing.T) {
	j := startJaeger(t)
	collector := harness.NewCollector(t, collectorConfig, map[string]any{"Jaeger": j.otlp})
	collector.Start(t)
	dir := t.TempDir()
	for name, text := range logs {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tcp := harness.FreeAddr(t)
	ship := harness.NewShip(t, fmt.Sprintf("sora: {log_dir: %q}\npexip: {listen: [\"tcp://%s\"]}\ncalls: {traces: true}\nexport: {endpoint: \"http://%s\"}\n", dir, tcp, collector.GRPC))
	ship.Start(t)
	harness.SendTCP(t, tcp, messages, harness.Newline)
	harness.Wait(t, 60*time.Second, "five spans", func() error {
		if n := ship.Metric(t, "rtcship_spans_accepted_total"); n != 5 {
			return fmt.Errorf("%v", n)
		}
		return nil
	}, ship.Process(), collector.Process(), j.process)
	ship.Stop(t)
	collector.Stop(t)

	j.check(t, connectionTrace, map[string]string{
		connectionSpan: "sora.connection 59500000 error FOLLOWS_FROM:" + sessionTrace + "/" + sessionSpan + " sora.channel_id=lobby",
		recordingSpan:  "sora.recording 40000000 CHILD_OF:" + connectionTrace + "/" + connectionSpan + " sora.recording_id=" + recording,
	})
	j.check(t, sessionTrace, map[string]string{sessionSpan: "sora.session 120000000 sora.channel_id=lobby"})
	j.check(t, callTrace, map[string]string{participantSpan: "pexip.participant 63123000 pexip.conference=Meet Alice"})
	j.check(t, conferenceTrace, map[string]string{conferenceSpan: "pexip.conference 62234000 pexip.conference=Meet Alice"})

	count := map[string]int{}
	for _, r := range collector.Records(t) {
		if r.Service() != "rtcship" { // which says something of itself
			count[r.Trace]++
		}
	}
	for trace, want := range map[string]int{connectionTrace: 3, sessionTrace: 1, callTrace: 3, conferenceTrace: 1, "": 1} {
		if count[trace] != want {
			t.Errorf("%d records have trace %q, want %d", count[trace], trace, want)
		}
	}
}

type jaeger struct {
	otlp, api string
	process   *harness.Process
}

func startJaeger(t *testing.T) jaeger {
	t.Helper()
	bin, err := cache.Jaeger()
	if err != nil {
		t.Fatal(err)
	}
	j := jaeger{otlp: harness.FreeAddr(t), api: harness.FreeAddr(t)}
	config := filepath.Join(t.TempDir(), "jaeger.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, jaegerConfig, j.api, harness.FreeAddr(t), j.otlp), 0o600); err != nil {
		t.Fatal(err)
	}
	j.process = harness.Start(t, "jaeger", exec.Command(bin, "--config", config))
	harness.Wait(t, 60*time.Second, "Jaeger's API", func() error {
		_, err := j.get("/api/services")
		return err
	}, j.process)
	return j
}

type jaegerSpan struct {
	SpanID, OperationName string
	References            []struct{ RefType, TraceID, SpanID string }
	Duration              int64 // in microseconds
	Tags                  []struct {
		Key   string
		Value any
	}
}

var client = &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{Proxy: nil}}

func (j jaeger) get(path string) (spans []jaegerSpan, err error) {
	resp, err := client.Get("http://" + j.api + path)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var answer struct{ Data []json.RawMessage }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, err
	}
	for _, d := range answer.Data {
		var trace struct{ Spans []jaegerSpan }
		if json.Unmarshal(d, &trace) == nil {
			spans = append(spans, trace.Spans...)
		}
	}
	return spans, nil
}

// check compares the spans of a trace with what is wanted of each: its name, its
// length, whether it failed, what it points to, and an attribute.
func (j jaeger) check(t *testing.T, trace string, want map[string]string) {
	t.Helper()
	spans, err := j.get("/api/traces/" + trace)
	if err != nil {
		t.Fatal(err)
	}
	if len(spans) != len(want) {
		t.Errorf("trace %s has %d spans, want %d", trace, len(spans), len(want))
	}
	for _, s := range spans {
		words := []string{s.OperationName, fmt.Sprint(s.Duration)}
		var tags []string
		for _, tag := range s.Tags {
			if tag.Key == "error" && tag.Value == true {
				words = append(words, "error")
			}
			tags = append(tags, fmt.Sprintf("%s=%v", tag.Key, tag.Value))
		}
		for _, r := range s.References {
			words = append(words, r.RefType+":"+r.TraceID+"/"+r.SpanID)
		}
		got, wanted := strings.Join(words, " "), want[s.SpanID]
		attribute, found := strings.CutPrefix(wanted, got+" ")
		if !found || !slices.Contains(tags, attribute) || !slices.Contains(tags, "span.kind=server") {
			t.Errorf("span %s is\n%s with %q, want\n%s", s.SpanID, got, tags, wanted)
		}
	}
}
