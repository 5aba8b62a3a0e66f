package charts

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/chart"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
)

// TestNamedTemplate renders a Sora chart of somebody else's that has this one as a dependency.
func TestNamedTemplate(t *testing.T) {
	var set appsv1.StatefulSet
	find(t, objects(t, mustRender(t, soraChart(t), map[string]any{})), "StatefulSet", "sora", &set)
	pod := set.Spec.Template.Spec
	c := sidecar(&corev1.Pod{Spec: pod}, "rtcship")
	if c == nil {
		t.Fatal("no sidecar")
	}
	if c.Image != "ghcr.io/rtcship/rtcship:0.1.0" {
		t.Errorf("image %s: want that of the dependency, not of the parent", c.Image)
	}
	if len(pod.Volumes) != 2 || pod.Volumes[1].PersistentVolumeClaim == nil {
		t.Errorf("volumes: %+v", pod.Volumes)
	}
}

// TestOneContainer holds that the sidecar by injection and by template are one
// and the same container.
func TestOneContainer(t *testing.T) {
	var set appsv1.StatefulSet
	find(t, objects(t, mustRender(t, soraChart(t), map[string]any{})), "StatefulSet", "sora", &set)
	byTemplate := sidecar(&corev1.Pod{Spec: set.Spec.Template.Spec}, "rtcship")

	p := newPolicies(t, "export: {endpoint: 'http://otel-collector.monitoring:4317'}\ninjection: {enabled: true}\nsidecar: {config: {log: {level: warn}}}")
	byPolicy := sidecar(mutate(t, &p.inject, parsePod(t, `
metadata: {annotations: {rtcship.dev/volume: log, rtcship.dev/container: sora}}
spec:
  containers: [{name: sora, image: s, volumeMounts: [{name: log, mountPath: /opt/sora/log}]}]
  volumes: [{name: log, emptyDir: {}}]`)), "rtcship")
	scheme.Scheme.Default(&corev1.Pod{Spec: corev1.PodSpec{InitContainers: []corev1.Container{*byTemplate}}})
	if diff := cmp.Diff(byTemplate, byPolicy); diff != "" {
		t.Errorf("template (-), policy (+):\n%s", diff)
	}
}

func soraChart(t testing.TB) *chart.Chart {
	t.Helper()
	parent := load(t, filepath.Join("testdata", "sora"))
	parent.AddDependency(load(t, chartDir))
	return parent
}
