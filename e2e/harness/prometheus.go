package harness

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A Prometheus is a real one that scrapes rtcship twice a second, and has the alerts
// of the chart.
type Prometheus struct {
	address string
	process *Process
}

// A Target is an rtcship that is scraped, with the labels that Kubernetes would give it.
type Target struct {
	Address string            `json:"-"`
	Labels  map[string]string `json:"labels,omitempty"`
}

// StartPrometheus starts one with the features named.
func StartPrometheus(t testing.TB, features string, targets ...Target) *Prometheus {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yaml")
	if err := os.WriteFile(config, prometheusConfig(t, targets), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &Prometheus{address: FreeAddr(t)}
	args := []string{"--config.file=" + config, "--storage.tsdb.path=" + filepath.Join(dir, "data"), "--web.listen-address=" + p.address, "--log.level=warn"}
	if features != "" {
		args = append(args, "--enable-feature="+features)
	}
	p.process = Start(t, "prometheus", Debian(t, "usr/bin/prometheus", args...))
	Wait(t, 60*time.Second, "Prometheus", func() error {
		_, err := p.Query("up")
		return err
	}, p.process)
	return p
}

// prometheusConfig is YAML, of which JSON is a part.
func prometheusConfig(t testing.TB, targets []Target) []byte {
	t.Helper()
	type static struct {
		Target
		Targets []string `json:"targets"`
	}
	scrape := struct {
		Job    string   `json:"job_name"`
		Static []static `json:"static_configs"`
	}{Job: "rtcship"}
	for _, target := range targets {
		scrape.Static = append(scrape.Static, static{target, []string{target.Address}})
	}
	text, err := json.Marshal(map[string]any{
		"global":         map[string]string{"scrape_interval": "500ms", "evaluation_interval": "500ms"},
		"rule_files":     []string{filepath.Join(Root(), "charts/rtcship/rules/prometheus.yaml")},
		"scrape_configs": []any{scrape},
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Get asks the HTTP API.
func (p *Prometheus) Get(path string, parameters url.Values, into any) error {
	resp, err := client.Get("http://" + p.address + path + "?" + parameters.Encode())
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", parameters.Get("query"), answer.Error)
	}
	return json.Unmarshal(answer.Data, into)
}

// Query returns the values of a query, by their labels as PromQL writes them, without
// those that only say where it was scraped.
func (p *Prometheus) Query(expr string) (map[string]float64, error) {
	var data struct {
		ResultType string
		Result     []struct {
			Metric map[string]string
			Value  [2]any
		}
	}
	if err := p.Get("/api/v1/query", url.Values{"query": {expr}}, &data); err != nil {
		return nil, err
	}
	values := map[string]float64{}
	for _, r := range data.Result {
		var labels []string
		for _, name := range slices.Sorted(maps.Keys(r.Metric)) {
			if name != "__name__" && name != "job" && name != "instance" {
				labels = append(labels, fmt.Sprintf("%s=%q", name, r.Metric[name]))
			}
		}
		v, err := strconv.ParseFloat(fmt.Sprint(r.Value[1]), 64)
		if err != nil {
			return nil, err
		}
		values[strings.Join(labels, " ")] = v
	}
	return values, nil
}

// Await waits until a query without labels has an answer.
func (p *Prometheus) Await(t testing.TB, expr string, want float64) {
	t.Helper()
	Wait(t, 60*time.Second, fmt.Sprintf("%s to be %v", expr, want), func() error {
		values, err := p.Query(expr)
		if err == nil && values[""] != want {
			err = fmt.Errorf("%v", values)
		}
		return err
	}, p.process)
}

// Panels are the queries of a dashboard of the chart, by title, with what Grafana puts
// into them.
func Panels(t testing.TB, board string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(Root(), "charts/rtcship/dashboards", board))
	if err != nil {
		t.Fatal(err)
	}
	var panels struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &panels); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, p := range panels.Panels {
		if len(p.Targets) > 0 {
			all[p.Title] = strings.NewReplacer("$__range", "1h", "$__rate_interval", "10m", "$job", ".+").Replace(p.Targets[0].Expr)
		}
	}
	return all
}
