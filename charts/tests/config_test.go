package charts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// TestConfigurations has rtcship itself check every configuration that the
// chart renders: files of gateways, variables of sidecars.
func TestConfigurations(t *testing.T) {
	program := filepath.Join(t.TempDir(), "rtcship")
	build := exec.Command("go", "build", "-o", program, "./cmd/rtcship")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build rtcship: %v\n%s", err, out)
	}
	check := func(name string, env []string, args ...string) {
		cmd := exec.Command(program, append([]string{"check"}, args...)...)
		cmd.Env = env
		out, err := cmd.CombinedOutput()
		if err != nil || strings.Contains(string(out), "warning:") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	checked := 0
	for name, values := range ciValues(t) {
		for _, o := range objects(t, mustRender(t, load(t, chartDir), values)) {
			if o.Kind == "ConfigMap" && strings.HasSuffix(o.Metadata.Name, "-gateway") {
				var m corev1.ConfigMap
				find(t, []object{o}, "ConfigMap", "", &m)
				file := filepath.Join(t.TempDir(), "rtcship.yaml")
				if err := os.WriteFile(file, []byte(m.Data["rtcship.yaml"]), 0o600); err != nil {
					t.Fatal(err)
				}
				check(name, nil, "--config", file)
				checked++
			}
		}
	}
	for _, values := range []string{
		injection,
		injection + "sidecar: {config: {log: {level: warn}, sora: {timezone: Asia/Tokyo, exclude: ['*.dump']}, limits: {read_rate: 1048576}, drain_timeout: 10s, redact: {patterns: ['a\"b']}}}\nresource: {attributes: {team: \"it's\"}, clusterName: c}",
		"injection: {enabled: true}\nexport: {endpoint: 'https://c:4318', protocol: http/protobuf, compression: zstd}\nsidecar: {metrics: {enabled: false}}",
	} {
		p := newPolicies(t, values)
		var env []string
		for _, e := range sidecar(mutate(t, &p.inject, parsePod(t, plain)), "rtcship").Env {
			if strings.HasPrefix(e.Name, "RTCSHIP_") {
				env = append(env, e.Name+"="+e.Value)
			}
		}
		check(values, env)
		checked++
	}
	if checked < 6 {
		t.Errorf("only %d configurations were checked", checked)
	}
}
