package dashboards

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the dashboards")

const folder = "../../rtcship/dashboards"

func made(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for name, make := range map[string]func() ([]byte, error){
		"sora.json": Sora.Grafana, "pexip.json": Pexip.Grafana, "rtcship.json": GrafanaItself,
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

// TestGrafana holds the rules of Grafana's linter: one datasource variable, titles, descriptions, units, no fixed intervals.
func TestGrafana(t *testing.T) {
	for _, name := range []string{"sora.json", "pexip.json", "rtcship.json"} {
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

// TestKibana holds that every reference is to an object of the file.
func TestKibana(t *testing.T) {
	type object struct {
		Type, ID   string
		References []struct{ Type, ID string }
	}
	known := map[string]bool{}
	var all []object
	for line := range strings.Lines(string(made(t)["kibana.ndjson"])) {
		var o object
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if known[o.Type+o.ID] {
			t.Errorf("%s %s is there twice", o.Type, o.ID)
		}
		known[o.Type+o.ID] = true
		all = append(all, o)
	}
	for _, o := range all {
		for _, r := range o.References {
			if !known[r.Type+r.ID] {
				t.Errorf("%s %s refers to %s %s, which is not there", o.Type, o.ID, r.Type, r.ID)
			}
		}
	}
}

// TestAttributes holds that every attribute that is asked for is one that records have, as the documents list them.
func TestAttributes(t *testing.T) {
	pexip, err := os.ReadFile("../../../docs/pexip.md")
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := os.ReadFile("../../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
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
	for _, s := range Itself {
		for _, name := range regexp.MustCompile(`rtcship_\w+`).FindAllString(s.Query, -1) {
			if !strings.Contains(string(metrics), "`"+name+"`") {
				t.Errorf("%s: docs/metrics.md knows no %s", s.Title, name)
			}
		}
	}
}

// TestPromQL has promtool read the queries about rtcship itself, as rules.
func TestPromQL(t *testing.T) {
	promtool := os.Getenv("PROMTOOL")
	if promtool == "" {
		t.Skip("no promtool: make chart-test brings it, or set PROMTOOL")
	}
	var rules strings.Builder
	rules.WriteString("groups:\n- name: a\n  rules:\n")
	for i, s := range Itself {
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
