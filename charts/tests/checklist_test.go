package charts

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

const gateway = "export: {endpoint: 'http://c:4317'}\ngateway: {enabled: true}\n"

func gatewayPod(t testing.TB, values string) (*appsv1.StatefulSet, *corev1.Container) {
	t.Helper()
	set := &appsv1.StatefulSet{}
	find(t, objects(t, mustRender(t, load(t, chartDir), parse(t, values))), "StatefulSet", "-gateway", set)
	return set, &set.Spec.Template.Spec.Containers[0]
}

// TestChart holds what people and Artifact Hub read of a chart.
func TestChart(t *testing.T) {
	m := load(t, chartDir).Metadata
	if m.APIVersion != "v2" || m.KubeVersion == "" || len(m.Maintainers) == 0 || m.Home == "" || m.Icon == "" || len(m.Sources) == 0 || len(m.Keywords) == 0 {
		t.Errorf("Chart.yaml lacks something: %+v", m)
	}
	for _, key := range []string{"license", "links", "category", "images", "changes", "prerelease"} {
		if m.Annotations["artifacthub.io/"+key] == "" {
			t.Errorf("no annotation artifacthub.io/%s", key)
		}
	}
	if !strings.Contains(m.Annotations["artifacthub.io/images"], "rtcship:"+m.AppVersion+"\n") {
		t.Error("artifacthub.io/images names another version")
	}
	for _, name := range []string{"UPGRADING.md", "CHANGELOG.md"} {
		text, err := os.ReadFile(filepath.Join(chartDir, name))
		if err != nil || !strings.Contains(string(text), "## "+m.Version) {
			t.Errorf("%s says nothing of %s (%v)", name, m.Version, err)
		}
	}
}

// TestRestricted holds the gateway's pod and its container to Pod Security
// restricted, and to a read-only root besides.
func TestRestricted(t *testing.T) {
	set, c := gatewayPod(t, gateway)
	pod, s := set.Spec.Template.Spec, c.SecurityContext
	if *pod.AutomountServiceAccountToken || *pod.EnableServiceLinks {
		t.Error("a token or service links are mounted")
	}
	if *pod.SecurityContext.RunAsUser != 65532 || !*s.RunAsNonRoot || !*s.ReadOnlyRootFilesystem || *s.AllowPrivilegeEscalation ||
		s.Capabilities.Drop[0] != "ALL" || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		t.Errorf("security: %+v, %+v", pod.SecurityContext, s)
	}
	for name, values := range ciValues(t) {
		for _, o := range objects(t, mustRender(t, load(t, chartDir), values)) {
			if strings.Contains(o.Kind, "Role") {
				t.Errorf("%s renders a %s", name, o.Kind)
			}
		}
	}
}

func TestProbes(t *testing.T) {
	_, c := gatewayPod(t, gateway)
	if c.LivenessProbe.HTTPGet.Path != "/healthz" || c.ReadinessProbe.HTTPGet.Path != "/readyz" {
		t.Errorf("probes: %+v, %+v", c.LivenessProbe, c.ReadinessProbe)
	}
}

// TestChecksum holds that a change of the configuration changes the pods only if that is asked for.
func TestChecksum(t *testing.T) {
	annotations := func(values string) string {
		set, _ := gatewayPod(t, values)
		return set.Spec.Template.Annotations["checksum/config"]
	}
	if got := annotations(gateway); got != "" {
		t.Errorf("by default: %q", got)
	}
	const always = "export: {endpoint: 'http://c:4317'}\ngateway: {enabled: true, restartOnConfigChange: true, config: {max_body: %s}}\n"
	one, other := annotations(fmt.Sprintf(always, "100KiB")), annotations(fmt.Sprintf(always, "200KiB"))
	if one == "" || one == other {
		t.Errorf("where it is asked for: %q and %q", one, other)
	}
}

// TestDashboardsAsTheyAre holds that no template runs over a dashboard: its braces are Grafana's.
func TestDashboardsAsTheyAre(t *testing.T) {
	var m corev1.ConfigMap
	find(t, objects(t, mustRender(t, load(t, chartDir), parse(t, gateway+"dashboards: {grafana: {enabled: true}}"))), "ConfigMap", "-dashboard-sora", &m)
	want, err := os.ReadFile(filepath.Join(chartDir, "dashboards", "sora.json"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(m.Data["rtcship-sora.json"]) != strings.TrimSpace(string(want)) {
		t.Error("the dashboard in the ConfigMap is another one")
	}
}

// TestNoCapabilities: `helm template` knows no cluster, so nothing may hang on
// what a cluster says it can do.
func TestNoCapabilities(t *testing.T) {
	for _, f := range load(t, chartDir).Templates {
		if strings.Contains(string(f.Data), ".Capabilities") || strings.Contains(string(f.Data), "lookup ") {
			t.Errorf("%s asks the cluster", f.Name)
		}
	}
}

// TestChecklist holds that each point names a test that there is.
func TestChecklist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(chartDir, "CHECKLIST.md"))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(regexp.MustCompile(`(?m)^\| [0-9]+ \|`).FindAll(text, -1)); n != 30 {
		t.Errorf("%d points", n)
	}
	var tests strings.Builder
	for _, pattern := range []string{"*_test.go", "values/*_test.go", "../../e2e/k8s/*_test.go", "../../e2e/chart/*_test.go", "../../e2e/loki/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			source, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			tests.Write(source)
		}
	}
	for _, name := range regexp.MustCompile("`(?:values\\.)?(Test[A-Za-z]+)`").FindAllStringSubmatch(string(text), -1) {
		if !strings.Contains(tests.String(), "func "+name[1]+"(") {
			t.Errorf("there is no test %s", name[1])
		}
	}
	for line := range strings.Lines(string(text)) {
		_, parts, _ := strings.Cut(line, "cluster: ")
		for _, part := range regexp.MustCompile(`\*([^*]+)\*`).FindAllStringSubmatch(parts, -1) {
			if !strings.Contains(tests.String(), `t.Run("`+part[1]+`"`) {
				t.Errorf("the cluster's test has no part %s", part[1])
			}
		}
	}
}
