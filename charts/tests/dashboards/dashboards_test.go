package dashboards

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/charts/tests/promtest"
)

var update = flag.Bool("update", false, "write the dashboards")

const folder = "../../rtcship/dashboards"

func made(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for name, make := range map[string]func() ([]byte, error){
		"sora.json": Sora.Grafana, "pexip.json": Pexip.Grafana, "rtcship.json": GrafanaItself, "calls.json": GrafanaCalls,
		"kibana.ndjson": func() ([]byte, error) { return Kibana(Sora, Pexip) },
	} {
		content, err := make()
		if err != nil {
			t.Fatal(err)
		}
		files[name] = content
	}
	return files
}

// TestCommitted fails when a question was changed and the dashboards were not made again.
func TestCommitted(t *testing.T) {
	for name, want := range made(t) {
		path := filepath.Join(folder, name)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != string(want) {
			t.Errorf("%s is not what the questions make (%v): make chart", name, err)
		}
		if len(want) > 200_000 { // kubectl apply keeps a copy in an annotation
			t.Errorf("%s: %d bytes", name, len(want))
		}
	}
}

// TestGrafana holds the rules of Grafana's linter: one datasource variable,
// titles, descriptions, units, no fixed intervals.
func TestGrafana(t *testing.T) {
	for _, name := range []string{"sora.json", "pexip.json", "rtcship.json", "calls.json"} {
		var d struct {
			Editable   bool
			Templating struct{ List []struct{ Type, Name string } }
			Panels     []struct {
				ID                       int
				Type, Title, Description string
				FieldConfig              struct{ Defaults struct{ Unit string } }
				Datasource               struct{ UID string }
				Targets                  []struct{ Expr string }
				GridPos                  struct{ X, W int }
			}
		}
		if err := json.Unmarshal(made(t)[name], &d); err != nil {
			t.Fatal(err)
		}
		sources := 0
		for _, v := range d.Templating.List {
			if v.Type == "datasource" && v.Name == "datasource" {
				sources++
			}
		}
		if sources != 1 || d.Editable {
			t.Errorf("%s: %d datasource variables, editable %v", name, sources, d.Editable)
		}
		for _, p := range d.Panels {
			if p.Type == "row" {
				continue
			}
			if p.Title == "" || p.Description == "" || p.FieldConfig.Defaults.Unit == "" && p.Type != "logs" || p.Datasource.UID != "${datasource}" {
				t.Errorf("%s: panel %q lacks a title, a description, a unit or the datasource", name, p.Title)
			}
			for _, target := range p.Targets {
				if regexp.MustCompile(`\[\d+[smhd]`).MatchString(target.Expr) {
					t.Errorf("%s: %q has an interval of its own: %s", name, p.Title, target.Expr)
				}
			}
			if p.GridPos.X+p.GridPos.W > 24 {
				t.Errorf("%s: %q is off the edge", name, p.Title)
			}
		}
	}
}

// TestQuestions holds that the boards answer what an operator asks, by the panels that do.
func TestQuestions(t *testing.T) {
	for question, panels := range map[string][]string{
		"is anyone failing to join": {"Sora: Failures while joining", "Sora: Refused by authentication", "Pexip: Failed to join", "Pexip: Wrong PIN", "Pexip: Conferences that could not start"},
		"why":                       {"Sora: Failures while joining, by code", "Sora: Most frequent codes", "Sora: Reasons of codes", "Sora: Refused, why", "Pexip: Failures by reason", "Pexip: Most frequent reasons"},
		"which channel, conference": {"Sora: Channels with failures", "Pexip: Conferences with failures"},
		"which node or location":    {"Sora: Nodes with failures", "Pexip: Systems with failures", "Pexip: Locations with failures"},
		"licence limits":            {"Sora: Over the licence", "Pexip: Refused for want of licences", "Pexip: Licences of a call, 95th percentile"},
		"webhook failures":          {"Sora: Webhook failures", "Sora: Webhook failures by event", "Sora: Webhook failures by reason"},
		"media loss and jitter":     {"Pexip: Loss received, 95th percentile", "Pexip: Loss sent, 95th percentile", "Pexip: Jitter received, 95th percentile"},
		"call durations":            {"Sora: Connection time, 95th percentile", "Pexip: Call duration, 95th percentile"},
		"registrations":             {"Pexip: Registrations"},
		"capacity bursts":           {"Pexip: Bursts to the cloud"},
	} {
		for _, panel := range panels {
			if find(panel) == nil {
				t.Errorf("%s: there is no panel %q", question, panel)
			}
		}
	}
}

func find(panel string) *Question {
	for _, b := range []Board{Sora, Pexip} {
		for i, q := range b.Questions {
			if q.Kind != Row && b.Title+": "+q.Title == panel {
				return &b.Questions[i]
			}
		}
	}
	return nil
}

// TestOneClick holds that each variable of a board is set by a click in one of
// its tables, that the table is grouped by what the variable stands for, and
// that the log lines are narrowed down by it.
func TestOneClick(t *testing.T) {
	for _, b := range []Board{Sora, Pexip} {
		linked, narrowed := map[string]bool{}, map[string]bool{}
		for _, q := range b.Questions {
			if q.Link != "" {
				linked[q.Link+"="+q.By] = true
			}
			if q.Kind == Lines {
				for _, f := range q.Where.Filters {
					narrowed[f] = true
				}
			}
		}
		for _, v := range b.Variables {
			if !linked[v[0]+"="+v[2]] || !narrowed[v[2]+"="+v[0]] {
				t.Errorf("%s: no click leads to the lines of one %s", b.Title, v[1])
			}
		}
	}
}

// TestToCalls holds that a click leads from a connection or call, and from a log
// line in Kibana, to its trace.
func TestToCalls(t *testing.T) {
	for name, attribute := range map[string]string{"sora.json": "sora.connection_id", "pexip.json": "pexip.call_id"} {
		board := string(made(t)[name])
		_, rest, ok := strings.Cut(board, "/explore?schemaVersion=1\\u0026panes=")
		link, _, _ := strings.Cut(rest, `"`)
		link = strings.NewReplacer("${traces}", "uid", "${__from}", "1", "${__to}", "2", "${__value.raw:percentencode}", "A%201").Replace(link)
		panes, err := url.QueryUnescape(link)
		var explore map[string]struct {
			Datasource string
			Queries    []struct{ Query, QueryType string }
		}
		if !ok || err != nil || json.Unmarshal([]byte(panes), &explore) != nil {
			t.Fatalf("%s: %q, %v", name, panes, err)
		}
		if p := explore["call"]; p.Datasource != "uid" || p.Queries[0].QueryType != "traceql" || p.Queries[0].Query != fmt.Sprintf("{ span.%s = %q }", attribute, "A 1") {
			t.Errorf("%s: %+v", name, p)
		}
		if !strings.Contains(board, `"query": "tempo"`) {
			t.Errorf("%s has no variable for Tempo", name)
		}
	}
	kibana := string(made(t)["kibana.ndjson"])
	if !strings.Contains(kibana, `/app/apm/link-to/trace/{{value}}`) || strings.Count(kibana, `"trace.id"`) < 2 {
		t.Error("no click leads from Kibana's log lines to a call")
	}
	dots := 0
	for _, s := range Calls {
		if s.Exemplars {
			dots++
		}
	}
	if got := strings.Count(string(made(t)["calls.json"]), `"exemplar": true`); got != dots || dots < 5 {
		t.Errorf("%d panels with exemplars, want %d", got, dots)
	}
}

// A savedObject is a line of Kibana's export format, as far as it is checked.
type savedObject struct {
	Type, ID   string
	References []struct{ Name, Type, ID string }
	Attributes struct {
		Title, Description, TimeFieldName, VisState, PanelsJSON string
		KibanaSavedObjectMeta                                   struct{ SearchSourceJSON string }
	}
}

func savedObjects(t *testing.T) (objects []savedObject) {
	t.Helper()
	for line := range strings.Lines(string(made(t)["kibana.ndjson"])) {
		var o savedObject
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		objects = append(objects, o)
	}
	return objects
}

// TestKibana holds that every reference is to an object of the file.
func TestKibana(t *testing.T) {
	known := map[string]bool{}
	all := savedObjects(t)
	for _, o := range all {
		if known[o.Type+o.ID] {
			t.Errorf("%s %s is there twice", o.Type, o.ID)
		}
		known[o.Type+o.ID] = true
	}
	for _, o := range all {
		for _, r := range o.References {
			if !known[r.Type+r.ID] {
				t.Errorf("%s %s refers to %s %s, which is not there", o.Type, o.ID, r.Type, r.ID)
			}
		}
	}
}

// TestKibanaInside looks into what Kibana keeps as text within text: it must be
// JSON, name no reference that the object does not have, and aggregate by ids
// that are there.
func TestKibanaInside(t *testing.T) {
	for _, o := range savedObjects(t) {
		a, names := o.Attributes, map[string]bool{}
		for _, r := range o.References {
			names[r.Name] = true
		}
		if a.Title == "" || o.Type != "index-pattern" && a.Description == "" {
			t.Errorf("%s %s has no title or no description", o.Type, o.ID)
		}
		if o.Type == "index-pattern" {
			continue
		}
		var source struct{ IndexRefName string }
		decode(t, o.ID, a.KibanaSavedObjectMeta.SearchSourceJSON, &source)
		if source.IndexRefName != "" && !names[source.IndexRefName] {
			t.Errorf("%s: no reference %s", o.ID, source.IndexRefName)
		}
		switch o.Type {
		case "dashboard":
			checkPanels(t, o, names)
		case "visualization":
			checkAggregations(t, o)
		}
	}
}

func checkPanels(t *testing.T, o savedObject, names map[string]bool) {
	t.Helper()
	var panels []struct {
		PanelIndex, PanelRefName string
		GridData                 struct{ X, Y, W, H int }
	}
	decode(t, o.ID, o.Attributes.PanelsJSON, &panels)
	if len(panels) != len(o.References) {
		t.Errorf("%s: %d panels, %d references", o.ID, len(panels), len(o.References))
	}
	seen := map[string]bool{}
	for _, p := range panels {
		if !names[p.PanelRefName] || seen[p.PanelIndex] {
			t.Errorf("%s: panel %s has no reference, or is there twice", o.ID, p.PanelIndex)
		}
		seen[p.PanelIndex] = true
		if g := p.GridData; g.W < 1 || g.H < 1 || g.X+g.W > 48 {
			t.Errorf("%s: panel %s lies at %+v", o.ID, p.PanelIndex, g)
		}
	}
}

func checkAggregations(t *testing.T, o savedObject) {
	t.Helper()
	var state struct {
		Type string
		Aggs []struct {
			ID, Type, Schema string
			Params           struct{ Field, OrderBy string }
		}
	}
	decode(t, o.ID, o.Attributes.VisState, &state)
	ids := map[string]bool{"_key": true}
	for _, a := range state.Aggs {
		ids[a.ID] = true
	}
	metrics := 0
	for _, a := range state.Aggs {
		if a.Schema == "metric" {
			metrics++
		}
		if a.Type != "count" && a.Params.Field == "" || a.Type == "terms" && !ids[a.Params.OrderBy] {
			t.Errorf("%s: aggregation %s by %q, in the order of %q", o.ID, a.Type, a.Params.Field, a.Params.OrderBy)
		}
	}
	if state.Type == "" || metrics != 1 {
		t.Errorf("%s: a %q with %d metrics", o.ID, state.Type, metrics)
	}
}

func decode(t *testing.T, id, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Errorf("%s: %v: %s", id, err, text)
	}
}

// TestAttributes holds that every attribute that is asked for is one that
// records have, as the documents list them.
func TestAttributes(t *testing.T) {
	pexip, err := os.ReadFile("../../../docs/pexip.md")
	if err != nil {
		t.Fatal(err)
	}
	metrics := promtest.Documented(t, "../../../docs/metrics.md")
	for _, b := range []Board{Sora, Pexip} {
		for _, q := range b.Questions {
			names := []string{q.By, q.Value}
			for _, match := range q.Where.Match {
				names = append(names, match[0])
			}
			for _, n := range names {
				if strings.HasPrefix(n, "pexip.") && !strings.HasPrefix(n, "pexip.media.") && !strings.Contains(string(pexip), "`"+n+"`") {
					t.Errorf("%s: docs/pexip.md knows no %s", q.Title, n)
				}
			}
		}
	}
	for _, s := range slices.Concat(Itself, Calls) {
		metrics.Check(t, s.Title, s.Query)
	}
}

// TestPromQL has promtool read the queries about rtcship itself, as rules.
func TestPromQL(t *testing.T) {
	promtool := promtest.Tool(t)
	var rules strings.Builder
	rules.WriteString("groups:\n- name: a\n  rules:\n")
	for i, s := range slices.Concat(Itself, Calls) {
		expr := strings.NewReplacer("$__rate_interval", "5m", "$__range", "6h", "$job", ".+").Replace(s.PromQL())
		fmt.Fprintf(&rules, "  - record: panel:%d\n    expr: %q\n", i, expr)
	}
	file := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(file, []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(promtool, "check", "rules", file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
