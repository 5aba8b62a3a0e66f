package loki

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/rtcship/rtcship/e2e/harness"
)

// What the dashboards are asked about: a bad day of a Sora and of a Pexip.
var soraFiles = map[string][]string{
	"sora.jsonl": {
		soraCode("error", "EXCEED-MAX-CONNECTIONS", "", "lobby", "CONN1"),
		soraCode("error", "EXCEED-MAX-CONNECTIONS", "", "lobby", "CONN2"),
		soraCode("error", "EXCEED-MAX-CONNECTIONS", "", "attic", "CONN3"),
		soraCode("error", "PONG-TIMEOUT-ERROR", "timeout", "lobby", "CONN4"),
		soraCode("error", "AUTH-WEBHOOK-INTERNAL-ERROR", "{error,econnrefused}", "lobby", "CONN5"),
		soraCode("warning", "UNKNOWN-RTP", "", "lobby", "CONN6"),
	},
	"event_webhook.jsonl": {webhook("connection.created", 1), webhook("connection.created", 2), webhook("connection.created", 3), webhook("connection.destroyed", 4)},
	"auth_webhook.jsonl": {
		`{"id":"W1","timestamp":"2026-11-21T06:30:00.000001Z","req":{"channel_id":"lobby"},"res":{"allowed":true}}`,
		`{"id":"W2","timestamp":"2026-11-21T06:30:00.000002Z","req":{"channel_id":"lobby"},"res":{"allowed":false,"reason":"full"}}`,
	},
	"event_webhook_error.jsonl": {
		`{"id":"W3","timestamp":"2026-11-21T06:30:00.000003Z","reason":"timeout","req":{"type":"connection.created","channel_id":"lobby"}}`,
	},
	"crash.log": {
		"2026-11-21 06:30:00 =CRASH REPORT====", "  crasher:", "    initial call: sora_thing:init/1", "    pid: <0.1.0>", "",
	},
}

func soraCode(level, code, reason, channel, connection string) string {
	msg := code
	if reason != "" {
		msg += " | reason=" + reason
	}
	return fmt.Sprintf(`{"timestamp":"2026-11-21T06:30:00.%06dZ","level":%q,"msg":%q,"domain":["sora"],"node":"sora@10.0.0.1","channel_id":%q,"connection_id":%q}`,
		len(connection)*1000+int(connection[4]), level, msg, channel, connection)
}

func webhook(kind string, n int) string {
	return fmt.Sprintf(`{"id":"E%d","timestamp":"2026-11-21T06:30:01.00000%dZ","req":{"type":%q,"node_name":"sora@10.0.0.1","channel_id":"lobby","connection_id":"CONN%d"},"res":null}`, n, n, kind, n)
}

var pexipLines = []string{
	pexipLine(1, "administrator.conference", "Participant failed to join conference.", `Conference="Board Room" Location="Tokyo" Protocol="SIP" Call-id="c1" Detail="Insufficient licenses"`),
	pexipLine(2, "administrator.conference", "Participant failed to join conference.", `Conference="Board Room" Location="Tokyo" Protocol="SIP" Call-id="c2" Detail="Insufficient licenses"`),
	pexipLine(3, "administrator.conference", "Participant has joined.", `Conference="Board Room" Call-id="c3" Protocol="WebRTC"`),
	pexipLine(4, "administrator.conference", "Participant has disconnected.", `Conference="Board Room" Call-id="c3" Protocol="WebRTC" Duration="312.5" Licenses="1" Service-Type="conference" Detail="Remote disconnect"`),
	pexipLine(5, "administrator.conference", "Participant entered incorrect conference PIN.", `Conference="Board Room" Call-id="c4"`),
	pexipLine(6, "administrator.conference", "Failed creating conference.", `Conference="Board Room"`),
	pexipLine(7, "support.participant", "Media Stream destroyed", `Call-id="c3" Detail="Stream 0 (audio)^M  RX: rate 48kbps loss 7.50% jitter 4ms^M    codec opus rate 48kbps^M  TX: rate 50kbps loss 0.25% jitter 1ms^M    codec opus rate 64kbps"`),
	pexipLine(8, "administrator.apps.cloudbursting", "On-prem location 'Tokyo' is overloaded! Starting instance i-1 (stopped) in location 'Cloud'", ""),
	pexipLine(9, "administrator.registration", "Registration added.", `Alias="a@example.org" Protocol="SIP"`),
	pexipLine(10, "administrator.system.connectivity", "Connectivity lost to node", `Node="10.0.0.9"`),
	pexipLine(11, "administrator.configuration", "User login failed.", `User="root"`),
	pexipLine(12, "administrator.configuration", "Configuration changed.", `User="ann"`),
}

func pexipLine(n int, module, message, pairs string) string {
	return fmt.Sprintf(`<134>2026-11-21T06:30:00.%03d+00:00 node-1 2026-11-21 06:30:00,%03d Level="INFO" Name=%q Message=%q %s`, n, n, module, message, pairs)
}

// answers are what a panel must show: the sum of all its values, or, for a percentile, its largest value.
var answers = map[string]float64{
	"Failures while joining": 5, "Connections": 3, "Refused by authentication": 1, "Over the licence": 3,
	"Failures while joining, by code": 5, "Most frequent codes": 6, "Reasons of codes": 2,
	"Channels with failures": 5, "Connections with failures": 5, "Nodes with failures": 5,
	"Webhook failures": 1, "Webhook failures by event": 1, "Connections and sessions": 4, "Crash reports and dumps": 1, "Crashes by kind": 1,

	"Failed to join": 2, "Joined": 1, "Wrong PIN": 1, "Conferences that could not start": 1, "Failures by reason": 2, "Most frequent reasons": 2,
	"Conferences with failures": 2, "Locations with failures": 2, "Systems with failures": 2,
	"Call duration, 95th percentile": 312.5, "Why calls ended": 1, "Calls that ended": 1,
	"Loss received, 95th percentile": 7.5, "Loss sent, 95th percentile": 0.25, "Jitter received, 95th percentile": 4,
	"Licences of a call, 95th percentile": 1, "Bursts to the cloud": 1, "Registrations": 1, "Nodes that lost each other": 1,
	"Failed logins of administrators": 1, "Changes by administrators": 1,
}

// TestDashboards asks Loki every question of Grafana's dashboards and every alert of the ruler.
func TestDashboards(t *testing.T) {
	server := startLoki(t)
	shipBadDay(t, server)
	for _, name := range []string{"sora", "pexip"} {
		for _, p := range panels(t, name) {
			for _, target := range p.Targets {
				got, err := server.ask(target.Expr)
				want, known := answers[p.Title]
				switch {
				case err != nil:
					t.Errorf("%s, %q: %v\n%s", name, p.Title, err, target.Expr)
				case known && got != want:
					t.Errorf("%s, %q: %v, want %v\n%s", name, p.Title, got, want, target.Expr)
				case got == 0:
					t.Errorf("%s, %q: no answer\n%s", name, p.Title, target.Expr)
				}
			}
		}
	}
	for alert, expr := range rules(t) {
		if _, err := server.ask(expr); err != nil {
			t.Errorf("alert %s: %v\n%s", alert, err, expr)
		}
	}
}

func shipBadDay(t *testing.T, s server) {
	t.Helper()
	collector, env := harness.Backend(t, "loki.yaml", "LOKI_ENDPOINT=http://"+s.addr+"/otlp")
	collector.Start(t, env...)
	logs, tcp := t.TempDir(), harness.FreeAddr(t)
	for name, lines := range soraFiles {
		if err := os.WriteFile(filepath.Join(logs, name), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ship := harness.NewShip(t, fmt.Sprintf("sora: {log_dir: %q}\npexip: {listen: [\"tcp://%s\"]}\nexport: {endpoint: \"http://%s\"}\nlog: {otlp: false}\n", logs, tcp, collector.GRPC))
	ship.Start(t)
	harness.SendTCP(t, tcp, pexipLines, harness.Newline)
	harness.Wait(t, 60*time.Second, "the acknowledgement of all records", func() error {
		sora, pexip := ship.Metric(t, "rtcship_records_total", `outcome="accepted"`, `source="sora"`), ship.Metric(t, "rtcship_records_total", `outcome="accepted"`, `source="pexip"`)
		if sora < 14 || int(pexip) < len(pexipLines) {
			return fmt.Errorf("%v of Sora, %v of Pexip", sora, pexip)
		}
		return nil
	}, ship.Process(), collector.Process())
	ship.Stop(t)
}

type panel struct {
	Title, Type string
	Targets     []struct{ Expr string }
}

func panels(t *testing.T, name string) []panel {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(), "charts", "rtcship", "dashboards", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct{ Panels []panel }
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	return dashboard.Panels
}

func rules(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(), "charts", "rtcship", "rules", "loki.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	exprs := map[string]string{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			exprs[r.Alert] = r.Expr
		}
	}
	return exprs
}

// ask runs a query over the bad day, with Grafana's variables filled in, and returns the sum of its values: of a log query the
// number of lines, of a percentile the largest value. Steps and ranges are an hour both, so that nothing counts twice.
func (s server) ask(expr string) (sum float64, err error) {
	day := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	overTime := strings.Contains(expr, "$__auto")
	for _, v := range [][2]string{{"$__auto", "1h"}, {"$__range", "24h"}, {"$channel", ".*"}, {"$connection", ".*"}, {"$conference", ".*"}, {"$call", ".*"}} {
		expr = strings.ReplaceAll(expr, v[0], v[1])
	}
	path, query := "/loki/api/v1/query", url.Values{"query": {expr}, "time": {fmt.Sprint(day.AddDate(0, 0, 1).UnixNano())}}
	if overTime || strings.HasPrefix(expr, "{") {
		path, query = "/loki/api/v1/query_range", url.Values{"query": {expr}, "start": {fmt.Sprint(day.UnixNano())},
			"end": {fmt.Sprint(day.AddDate(0, 0, 1).UnixNano())}, "step": {"3600"}, "limit": {"5000"}}
	}
	text, err := s.get(path, query)
	if err != nil {
		return 0, err
	}
	var answer struct {
		Data struct {
			ResultType string
			Result     []struct {
				Value  [2]any
				Values [][2]any
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		return 0, err
	}
	for _, series := range answer.Data.Result {
		for _, v := range append(series.Values, series.Value) {
			text, ok := v[1].(string)
			switch n, err := strconv.ParseFloat(text, 64); {
			case !ok:
			case answer.Data.ResultType == "streams":
				sum++
			case err != nil:
				return 0, err
			case strings.HasPrefix(expr, "quantile"):
				sum = max(sum, n)
			default:
				sum += n
			}
		}
	}
	return sum, nil
}
