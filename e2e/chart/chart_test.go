package chart

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRelease publishes the chart with each Helm, verifies it with each, and
// looks at what comes out of it.
func TestRelease(t *testing.T) {
	helms := []string{program(t, "HELM", "helm"), program(t, "HELM4", "helm4")}
	for _, by := range helms {
		p := Start(t)
		if said, err := p.Release(by); err != nil || !strings.Contains(said, "is published, signed by "+signer) {
			t.Fatalf("%v\n%s", err, said)
		}
		for _, reader := range helms {
			dir := t.TempDir()
			run(t, reader, "pull", p.Registry+"/rtcship", "--version", p.Version, "--plain-http", "--verify", "--keyring", p.Pubring, "--untar", "--destination", dir)
			for _, name := range []string{"UPGRADING.md", "CHANGELOG.md", "README.md", "values.schema.json"} {
				if _, err := os.Stat(filepath.Join(dir, "rtcship", name)); err != nil {
					t.Errorf("the package lacks %s", name)
				}
			}
			if _, err := os.Stat(filepath.Join(dir, "rtcship", "ci")); err == nil {
				t.Error("the package has the values of the chart's own tests")
			}
			out := run(t, reader, "template", "r", p.Registry+"/rtcship", "--version", p.Version, "--plain-http", "--verify", "--keyring", p.Pubring,
				"--set", "export.endpoint=http://c:4317,gateway.enabled=true")
			if !strings.Contains(out, "kind: StatefulSet") {
				t.Errorf("%s makes of the published chart\n%s", reader, out)
			}
			other, _ := NewKey(t)
			if out, err := exec.Command(reader, "pull", p.Registry+"/rtcship", "--version", p.Version, "--plain-http", "--verify", "--keyring", other, "--destination", t.TempDir()).CombinedOutput(); err == nil {
				t.Errorf("%s verifies the chart with another key\n%s", reader, out)
			}
		}
		if _, err := p.Release(by); err == nil || !strings.Contains(err.Error(), "is published already") {
			t.Errorf("the same version once more: %v", err)
		}
	}
}

func program(t *testing.T, variable, name string) string {
	t.Helper()
	if p := os.Getenv(variable); p != "" {
		return p
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("no %s: make chart-package brings it, or set %s", name, variable)
	}
	return path
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
