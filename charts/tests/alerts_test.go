package charts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/rtcship/rtcship/charts/tests/promtest"
)

// A rule is what a rules file says of an alert.
type rule struct {
	Alert, Expr         string
	Labels, Annotations map[string]string
}

type ruleFile struct {
	Groups []struct {
		Name  string
		Rules []rule
	}
}

// renderedRules are the alerts as the chart installs them: Prometheus' and Loki's.
func renderedRules(t testing.TB) (prometheus, loki ruleFile, text string) {
	t.Helper()
	list := objects(t, mustRender(t, load(t, chartDir), parse(t, `
export: {endpoint: 'http://c:4317'}
gateway: {enabled: true}
prometheusRule: {enabled: true}
lokiRule: {enabled: true}`)))
	for _, o := range list {
		switch {
		case o.Kind == "PrometheusRule":
			var rendered struct{ Spec ruleFile }
			if err := yaml.Unmarshal([]byte(o.text), &rendered); err != nil {
				t.Fatal(err)
			}
			prometheus = rendered.Spec
			spec, err := yaml.Marshal(parse(t, o.text)["spec"])
			if err != nil {
				t.Fatal(err)
			}
			text = string(spec)
		case strings.HasSuffix(o.Metadata.Name, "-loki-rules"):
			var rendered struct{ Data map[string]string }
			if err := yaml.Unmarshal([]byte(o.text), &rendered); err != nil {
				t.Fatal(err)
			}
			if err := yaml.Unmarshal([]byte(rendered.Data["rtcship.yaml"]), &loki); err != nil {
				t.Fatal(err)
			}
		}
	}
	return prometheus, loki, text
}

// TestRunbooks holds a runbook for each alert, and no runbook for none.
func TestRunbooks(t *testing.T) {
	const folder = "../../docs/runbooks"
	prometheus, loki, _ := renderedRules(t)
	known := map[string]bool{"README": true}
	for _, file := range []ruleFile{prometheus, loki} {
		if len(file.Groups) == 0 {
			t.Fatal("no groups")
		}
		for _, g := range file.Groups {
			for _, r := range g.Rules {
				known[r.Alert] = true
				text, err := os.ReadFile(filepath.Join(folder, r.Alert+".md"))
				if err != nil {
					t.Errorf("%s has no runbook: %v", r.Alert, err)
				}
				for _, heading := range []string{"## What it means", "## What to do"} {
					if !strings.Contains(string(text), heading) {
						t.Errorf("runbook of %s: no %q", r.Alert, heading)
					}
				}
				if !strings.HasSuffix(r.Annotations["runbook_url"], "/docs/runbooks/"+r.Alert+".md") || r.Annotations["summary"] == "" || r.Annotations["description"] == "" || r.Labels["severity"] == "" {
					t.Errorf("%s: labels %v, annotations %v", r.Alert, r.Labels, r.Annotations)
				}
			}
		}
	}
	files, err := filepath.Glob(folder + "/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".md"); !known[name] {
			t.Errorf("runbook %s has no alert", name)
		}
	}
}

// A node may log anything to crash.log, progress for one: it takes an error there to
// ring.
func TestCrashAlertsAskForErrors(t *testing.T) {
	_, loki, _ := renderedRules(t)
	found := false
	for _, g := range loki.Groups {
		for _, r := range g.Rules {
			if !strings.Contains(r.Expr, "sora_log=`crash`") {
				continue
			}
			found = true
			if !strings.Contains(r.Expr, "severity_number>=17") {
				t.Errorf("%s counts reports of every level: %s", r.Alert, r.Expr)
			}
		}
	}
	if !found {
		t.Error("there is no such alert")
	}
}

// TestMetricsOfAlerts holds that each metric of an alert is one that rtcship has.
func TestMetricsOfAlerts(t *testing.T) {
	metrics := promtest.Documented(t, "../../docs/metrics.md")
	prometheus, _, _ := renderedRules(t)
	for _, g := range prometheus.Groups {
		for _, r := range g.Rules {
			metrics.Check(t, r.Alert, r.Expr)
		}
	}
}

// TestPromtool runs Prometheus' own checks and the tests of
// testdata/alerts_test.yaml on the rules as they are rendered.
func TestPromtool(t *testing.T) {
	promtool := promtest.Tool(t)
	_, _, text := renderedRules(t)
	dir := t.TempDir()
	tests, err := os.ReadFile("testdata/alerts_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"rules.yaml": text, "tests.yaml": string(tests)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"check", "rules", "--lint=all", "--lint-fatal", "rules.yaml"},
		{"test", "rules", "tests.yaml"},
	} {
		cmd := exec.Command(promtool, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// TestEveryAlertTested holds that alerts_test.yaml lets each of Prometheus' alerts fire.
func TestEveryAlertTested(t *testing.T) {
	tests, err := os.ReadFile("testdata/alerts_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	prometheus, _, _ := renderedRules(t)
	for _, g := range prometheus.Groups {
		for _, r := range g.Rules {
			if !strings.Contains(string(tests), r.Alert) {
				t.Errorf("%s is not tested", r.Alert)
			}
		}
	}
}
