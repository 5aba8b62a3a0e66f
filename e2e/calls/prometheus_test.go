package calls

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

// filesConfig writes all three signals to files.
const filesConfig = `
extensions:
  health_check: {endpoint: "{{.Health}}"}
receivers:
  otlp:
    protocols:
      grpc: {endpoint: "{{.GRPC}}"}
      http: {endpoint: "{{.HTTP}}"}
exporters:
  file: {path: "{{.Output}}", append: true, flush_interval: 100ms}
  file/traces: {path: "{{.Output}}.traces", append: true, flush_interval: 100ms}
  file/metrics: {path: "{{.Output}}.metrics", append: true, flush_interval: 100ms}
service:
  extensions: [health_check]
  telemetry: {metrics: {level: none}, logs: {level: warn}}
  pipelines:
    logs: {receivers: [otlp], exporters: [file]}
    traces: {receivers: [otlp], exporters: [file/traces]}
    metrics: {receivers: [otlp], exporters: [file/metrics]}
`

// startPrometheus scrapes one rtcship, with the features named.
func startPrometheus(t *testing.T, ship *harness.Ship, features string) *harness.Prometheus {
	t.Helper()
	return harness.StartPrometheus(t, features, harness.Target{Address: ship.Admin})
}

// scrapes is enough time for Prometheus to see a state more than once.
const scrapes = 4 * time.Second

// Prometheus scrapes a day of calls and answers the questions of the dashboard with
// the day's numbers. An hour's backlog before it raises no alert; the day does.
func TestPrometheus(t *testing.T) {
	collector := harness.NewCollector(t, filesConfig, nil)
	collector.Start(t)
	d := newDay(t)
	ship := harness.NewShip(t, fmt.Sprintf("sora: {log_dir: %[1]q}\npexip: {files: [\"%[1]s/pexip.log\"]}\ncalls: {traces: true}\nmetrics: {otlp: true}\nexport: {endpoint: \"http://%[2]s\"}\n", d.dir, collector.GRPC))
	ship.Start(t)
	p := startPrometheus(t, ship, "exemplar-storage")
	native := startPrometheus(t, ship, "native-histograms")

	d.backlog(t, 300)
	p.Await(t, "sum(rtcship_call_joins_late_total)", 300)
	p.Await(t, "sum(rtcship_media_loss_ratio_late_total)", 300)
	time.Sleep(scrapes) // rules are evaluated meanwhile
	for _, expr := range []string{`ALERTS{alertname=~"Call.*"}`, "rtcship_call_joins_total", "rtcship_call_duration_seconds_count", "rtcship_media_loss_ratio_count"} {
		if values, err := p.Query(expr); err != nil || len(values) > 0 {
			t.Errorf("after a backlog, %s is %v (%v)", expr, values, err)
		}
	}

	d.calls(t, 250)
	p.Await(t, "sum(rtcship_call_joins_total)", d.counts["joined"]+d.counts["failed"])
	p.Await(t, "sum(rtcship_media_loss_ratio_count)", d.counts["streams"])
	time.Sleep(scrapes)
	d.halve()
	d.backlog(t, 100)
	d.calls(t, 250)
	p.Await(t, "sum(rtcship_call_joins_total)", d.counts["joined"]+d.counts["failed"])
	p.Await(t, "sum(rtcship_media_loss_ratio_count)", d.counts["streams"])
	p.Await(t, "sum(rtcship_call_ended_total)", d.counts["ended"])
	p.Await(t, "sum(rtcship_call_ended_late_total)", 400)

	d.check(t, p)
	p.Await(t, `count(ALERTS{alertname="CallsBreakOff", call="sora.connection", alertstate="firing"})`, 1)
	p.Await(t, `count(ALERTS{alertname="CallJoinFailures", call="sora.connection", alertstate="pending"})`, 1)
	p.Await(t, `count(ALERTS{alertname="CallMediaLoss", alertstate="pending"})`, 2)
	checkMetrics(t, ship)
	native.Await(t, "sum(histogram_count(rtcship_media_loss_ratio))", d.counts["streams"])
	native.Await(t, "count(rtcship_call_duration_seconds_bucket) or vector(0)", 0)

	ship.Stop(t)
	collector.Stop(t)
	checkExemplars(t, p, collector.Output+".traces")
	checkPushed(t, collector.Output+".metrics", d)
}

// checkMetrics has Prometheus' own tool read what is exported.
func checkMetrics(t *testing.T, ship *harness.Ship) {
	t.Helper()
	resp, err := client.Get("http://" + ship.Admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	promtool := harness.Debian(t, "usr/bin/promtool", "check", "metrics")
	promtool.Stdin = resp.Body
	if out, err := promtool.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

// checkExemplars: those of durations lead to traces that are there.
func checkExemplars(t *testing.T, p *harness.Prometheus, spans string) {
	t.Helper()
	text, err := os.ReadFile(spans)
	if err != nil {
		t.Fatal(err)
	}
	for _, metric := range []string{"rtcship_call_duration_seconds_bucket", "rtcship_media_loss_ratio_bucket", "rtcship_call_joins_total"} {
		var series []struct {
			Exemplars []struct{ Labels map[string]string }
		}
		now := time.Now()
		if err := p.Get("/api/v1/query_exemplars", url.Values{"query": {metric}, "start": {fmt.Sprint(now.Add(-time.Hour).Unix())}, "end": {fmt.Sprint(now.Add(time.Hour).Unix())}}, &series); err != nil {
			t.Fatal(err)
		}
		n, known := 0, 0
		for _, s := range series {
			for _, e := range s.Exemplars {
				n++
				if id := e.Labels["trace_id"]; len(id) == 32 && strings.Contains(string(text), id) {
					known++
				}
			}
		}
		if n == 0 || known == 0 || metric == "rtcship_call_duration_seconds_bucket" && known != n {
			t.Errorf("%d exemplars of %s, %d of calls that there are", n, metric, known)
		}
	}
}

// checkPushed: the collector was sent the same numbers.
func checkPushed(t *testing.T, path string, d *day) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	var last struct {
		ResourceMetrics []struct {
			ScopeMetrics []struct {
				Metrics []struct {
					Name string
					Sum  struct{ DataPoints []struct{ AsDouble float64 } }
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatal(err)
	}
	ended := 0.0
	for _, r := range last.ResourceMetrics {
		for _, s := range r.ScopeMetrics {
			for _, m := range s.Metrics {
				for _, p := range m.Sum.DataPoints {
					if m.Name == "rtcship.call.ended" {
						ended += p.AsDouble
					}
				}
			}
		}
	}
	if ended != d.counts["ended"] {
		t.Errorf("%v calls ended by OTLP, %v did", ended, d.counts["ended"])
	}
}

// check compares each panel's answer with the day.
func (d *day) check(t *testing.T, p *harness.Prometheus) {
	t.Helper()
	checks := map[string]func(map[string]float64) error{
		"Joined":                           d.is("joined"),
		"Failed to join":                   d.is("failed"),
		"Join failure rate":                exactly(map[string]float64{"": d.counts["failed"] / (d.counts["failed"] + d.counts["joined"])}),
		"Calls that ended":                 d.is("ended"),
		"Ended within 10 s":                d.is("short"),
		"Streams with more than 3 % loss":  exactly(map[string]float64{"": d.counts["lossy"] / d.counts["streams"]}),
		"Why joins failed":                 d.are("failed"),
		"Why calls ended":                  d.are("ended"),
		"Joins by location":                d.are("located"),
		"Going on":                         d.are("going on"),
		"Licences in use":                  d.are("licences"),
		"Joins over time":                  about(0.25, d.half()),
		"Too old to count":                 about(0.25, map[string]float64{`source="sora"`: 100}),
		"Freezes of a stream, mean":        about(0.25, map[string]float64{`kind="video" sample="end"`: mean(d.values["freezes"][`kind="video" sample="end"`])}),
		"Duration, 95th percentile":        d.quantiles("duration", 0.95),
		"Loss, 95th percentile":            d.quantiles("loss", 0.95),
		"Jitter, 95th percentile":          d.quantiles("jitter", 0.95),
		"Round trip time, 95th percentile": d.quantiles("trip", 0.95),
		"Bit rate, median":                 d.quantiles("rate", 0.5),
		"ICE checking, 95th percentile":    d.quantiles("checking", 0.95),
	}
	all := harness.Panels(t, "calls.json")
	for title, expr := range all {
		check := checks[title]
		if check == nil {
			t.Errorf("nobody knows what %q has to answer", title)
			continue
		}
		values, err := p.Query(expr)
		if err == nil {
			err = check(values)
		}
		if err != nil {
			t.Errorf("%s: %v\n%s\nanswers %v", title, err, expr, values)
		}
	}
	if len(all) != len(checks) {
		t.Errorf("%d panels, %d are known", len(all), len(checks))
	}
}

// is wants one number.
func (d *day) is(what string) func(map[string]float64) error {
	return exactly(map[string]float64{"": d.counts[what]})
}

// are wants what was counted with labels.
func (d *day) are(what string) func(map[string]float64) error {
	want := map[string]float64{}
	for name, n := range d.counts {
		if labels, ok := strings.CutPrefix(name, what+" "); ok && strings.Contains(labels, "=") {
			want[labels] = n
		}
	}
	return exactly(want)
}

// half is what joins there were in the second half, as many as in the first.
func (d *day) half() map[string]float64 {
	want := map[string]float64{}
	for name, n := range d.counts {
		what, labels, _ := strings.Cut(name, " ")
		call, _, _ := strings.Cut(labels, " ")
		if strings.HasPrefix(call, "call=") && (what == "joined" || what == "failed") {
			want[fmt.Sprintf("%s outcome=%q", call, what)] += n / 2
		}
	}
	return want
}

func exactly(want map[string]float64) func(map[string]float64) error { return about(1e-9, want) }

// about wants these series, whose values may be off by a share of what is wanted.
func about(share float64, want map[string]float64) func(map[string]float64) error {
	return func(got map[string]float64) error {
		for labels, v := range want {
			if g, ok := got[labels]; !ok || math.Abs(g-v) > share*v {
				return fmt.Errorf("{%s} is %v, want %v", labels, g, v)
			}
		}
		for labels, g := range got {
			if _, ok := want[labels]; !ok && g != 0 {
				return fmt.Errorf("{%s} is %v, and not wanted", labels, g)
			}
		}
		return nil
	}
}

// quantiles wants a quantile of each series within the buckets where it is.
func (d *day) quantiles(histogram string, q float64) func(map[string]float64) error {
	return func(got map[string]float64) error {
		for labels, values := range d.values[histogram] {
			words := strings.Fields(labels)
			slices.Sort(words)
			g, ok := got[strings.Join(words, " ")]
			if low, high := quantile(histogram, q, values); !ok || !(g >= low && g <= high) {
				return fmt.Errorf("{%s} is %v, want one of %v to %v", labels, g, low, high)
			}
		}
		if len(got) != len(d.values[histogram]) {
			return fmt.Errorf("%d series, want %d", len(got), len(d.values[histogram]))
		}
		return nil
	}
}

func mean(values []float64) (sum float64) {
	for _, v := range values {
		sum += v / float64(len(values))
	}
	return sum
}
