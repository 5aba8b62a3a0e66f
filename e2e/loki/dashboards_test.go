package loki

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

// answers are what a panel must show: the sum of all its values, or, for a
// percentile, its largest value.
var answers = map[string]float64{
	"Failures while joining": 5, "Connections": 3, "Refused by authentication": 1, "Over the licence": 3,
	"Failures while joining, by code": 5, "Most frequent codes": 6, "Reasons of codes": 2,
	"Channels with failures": 5, "Connections with failures": 5, "Nodes with failures": 5,
	"Refused, why": 1, "Webhook failures": 1, "Webhook failures by event": 1, "Webhook failures by reason": 1,
	"Connection time, 95th percentile": 42, "Why connections ended": 1, "Why calls failed": 1, "Connections that ended": 1, "Connections and sessions": 5,
	"Crash reports and dumps": 1, "Crashes by kind": 1, "Processes that died": 1,

	"Failed to join": 2, "Joined": 1, "Wrong PIN": 1, "Conferences that could not start": 1, "Failures by reason": 2, "Most frequent reasons": 2,
	"Conferences with failures": 2, "Locations with failures": 2, "Systems with failures": 2,
	"Call duration, 95th percentile": 312.5, "Why calls ended": 1, "Calls that ended": 1,
	"Loss received, 95th percentile": 7.5, "Loss sent, 95th percentile": 0.25, "Jitter received, 95th percentile": 4,
	"Refused for want of licences": 2, "Licences of a call, 95th percentile": 1, "Bursts to the cloud": 1, "Registrations": 1, "Nodes that lost each other": 1,
	"Failed logins of administrators": 1, "Changes by administrators": 1,
}

// TestDashboards asks Loki every question of Grafana's dashboards.
func TestDashboards(t *testing.T) {
	server := startLoki(t)
	logs := t.TempDir()
	harness.BadDaySora(t, logs)
	justNowFiles(t, logs)
	messages := harness.BadDayPexip()
	for i, m := range messages {
		messages[i] = justNow(m)
	}
	ship(t, server, logs, harness.BadDaySoraEntries, messages)
	narrowDown(t, server)
	for _, name := range []string{"sora", "pexip"} {
		for _, p := range panels(t, name) {
			for _, target := range p.Targets {
				got, err := server.ask(target.Expr, nil)
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
}

// ship brings Sora's logs and Pexip's messages to Loki, and ends when at least
// so many records of Sora are acknowledged.
func ship(t *testing.T, s server, logs string, lines int, messages []string) {
	t.Helper()
	collector, env := harness.Backend(t, "loki.yaml", "LOKI_ENDPOINT=http://"+s.addr+"/otlp")
	collector.Start(t, env...)
	tcp := harness.FreeAddr(t)
	ship := harness.NewShip(t, fmt.Sprintf("sora: {log_dir: %q}\npexip: {listen: [\"tcp://%s\"]}\nexport: {endpoint: \"http://%s\"}\nlog: {otlp: false}\n", logs, tcp, collector.GRPC))
	ship.Start(t)
	harness.SendTCP(t, tcp, messages, harness.Newline)
	harness.Wait(t, 90*time.Second, "the acknowledgement of all records", func() error {
		sora, pexip := ship.Metric(t, "rtcship_records_total", `outcome="accepted"`, `source="sora"`), ship.Metric(t, "rtcship_records_total", `outcome="accepted"`, `source="pexip"`)
		if int(sora) < lines || int(pexip) < len(messages) {
			return fmt.Errorf("%v of Sora, %v of Pexip", sora, pexip)
		}
		return nil
	}, ship.Process(), collector.Process(), s.process)
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

// typed is what somebody may click on or type, and how many lines of Pexip the
// dashboard shows then.
var typed = []struct {
	values map[string]string
	lines  float64
}{
	{map[string]string{"conference": "Board Room (A+)"}, 6},
	{map[string]string{"conference": "room (a"}, 6},
	{map[string]string{"conference": "Board.Room"}, 0},
	{map[string]string{"conference": "room", "call": "c3"}, 2},
}

// narrowDown fills in the dashboard's variables in the log lines, which are its last panel.
func narrowDown(t *testing.T, s server) {
	t.Helper()
	all := panels(t, "pexip")
	expr := all[len(all)-1].Targets[0].Expr
	for _, tt := range typed {
		if got, err := s.ask(expr, tt.values); err != nil || got != tt.lines {
			t.Errorf("%v: %v lines, want %v (%v)", tt.values, got, tt.lines, err)
		}
	}
}

var variable = regexp.MustCompile(`\$\{(\w+):regex\}`)

// ask runs a query over the bad day, with Grafana's variables filled in, and
// returns the sum of its values: of a log query the number of lines, of a
// percentile the largest value. Steps and ranges are an hour both, so that
// nothing counts twice.
func (s server) ask(expr string, values map[string]string) (sum float64, err error) {
	start, end := fmt.Sprint(morning.UnixNano()), fmt.Sprint(morning.Add(4*time.Hour).UnixNano())
	overTime := strings.Contains(expr, "$__auto")
	expr = strings.NewReplacer("$__auto", "1h", "$__range", "24h").Replace(expr)
	expr = variable.ReplaceAllStringFunc(expr, func(v string) string {
		// Grafana escapes a slash, too, which Go's function leaves as it is.
		return strings.ReplaceAll(regexp.QuoteMeta(values[variable.FindStringSubmatch(v)[1]]), "/", `\/`)
	})
	path, query := "/loki/api/v1/query", url.Values{"query": {expr}, "time": {end}}
	if overTime || strings.HasPrefix(expr, "{") {
		path, query = "/loki/api/v1/query_range", url.Values{"query": {expr}, "start": {start}, "end": {end},
			"step": {"3600"}, "limit": {"5000"}}
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
