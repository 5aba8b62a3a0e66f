// Package charts tests the chart: what it renders, what it refuses, and what
// its policies do to pods.
package charts

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the golden files and the manifests")

const (
	chartDir = "../rtcship"
	// The versions of Kubernetes that objects are checked against: the oldest
	// with native sidecars, and that of the policies.
	oldest, newest = "1.29.14", "1.36.3"
)

func load(t testing.TB, dir string) *chart.Chart {
	t.Helper()
	c, err := loader.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// render is `helm template` of a release r in the namespace rtc: the rendered
// files by name, without empty ones.
func render(c *chart.Chart, values map[string]any) (map[string]string, error) {
	caps := chartutil.DefaultCapabilities.Copy()
	version, err := chartutil.ParseKubeVersion("v" + newest)
	if err != nil {
		return nil, err
	}
	caps.KubeVersion = *version
	if err := chartutil.ProcessDependenciesWithMerge(c, values); err != nil {
		return nil, err
	}
	all, err := chartutil.ToRenderValues(c, values, chartutil.ReleaseOptions{Name: "r", Namespace: "rtc", Revision: 1, IsInstall: true}, caps)
	if err != nil {
		return nil, err
	}
	files, err := engine.Render(c, all)
	if err != nil {
		return nil, err
	}
	for name, text := range files {
		if strings.TrimSpace(text) == "" || strings.HasSuffix(name, ".tpl") {
			delete(files, name)
		}
	}
	return files, nil
}

func mustRender(t testing.TB, c *chart.Chart, values map[string]any) map[string]string {
	t.Helper()
	files, err := render(c, values)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func parse(t testing.TB, text string) (values map[string]any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), &values); err != nil {
		t.Fatal(err)
	}
	if values == nil {
		values = map[string]any{}
	}
	return values
}

// An object is one rendered Kubernetes object.
type object struct {
	APIVersion string `json:"apiVersion"`
	Kind       string
	Metadata   struct {
		Name, Namespace     string
		Labels, Annotations map[string]string
	}
	text string
}

// objects parses all YAML documents of rendered files.
func objects(t testing.TB, files map[string]string) (list []object) {
	t.Helper()
	for _, name := range sorted(files) {
		if strings.HasSuffix(name, ".txt") {
			continue
		}
		for _, doc := range documents(files[name]) {
			o := object{text: doc}
			if err := yaml.Unmarshal([]byte(doc), &o); err != nil {
				t.Fatalf("%s: %v\n%s", name, err, doc)
			}
			list = append(list, o)
		}
	}
	return list
}

func documents(text string) (docs []string) {
	for doc := range strings.SplitSeq("\n"+text, "\n---") {
		if plain := strings.TrimSpace(strings.TrimLeft(doc, "-")); plain != "" && !onlyComments(plain) {
			docs = append(docs, plain)
		}
	}
	return docs
}

func onlyComments(doc string) bool {
	for line := range strings.SplitSeq(doc, "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return false
		}
	}
	return true
}

// find returns the one object of the kind whose name ends in suffix, decoded into out.
func find(t testing.TB, list []object, kind, suffix string, out any) {
	t.Helper()
	for _, o := range list {
		if o.Kind == kind && strings.HasSuffix(o.Metadata.Name, suffix) {
			if err := yaml.UnmarshalStrict([]byte(o.text), out); err != nil {
				t.Fatalf("%s %s: %v", kind, o.Metadata.Name, err)
			}
			return
		}
	}
	t.Fatalf("no %s …%s is rendered", kind, suffix)
}

func sorted(files map[string]string) []string {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ciValues are the values files of ci/, by name without the ending.
func ciValues(t testing.TB) map[string]map[string]any {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(chartDir, "ci", "*-values.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no ci/*-values.yaml: %v", err)
	}
	all := map[string]map[string]any{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(path), "-values.yaml")] = parse(t, string(text))
	}
	return all
}

// golden compares got with a file, or writes it with -update.
func golden(t testing.TB, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; make chart", err)
	}
	if string(want) != got {
		t.Errorf("%s: not what the chart renders; make chart, and read the difference\n%s", path, difference(string(want), got))
	}
}

// difference shows the first lines in which two texts differ.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return "want: " + w[i] + "\n got: " + g[i]
		}
	}
	return "one is longer than the other"
}
