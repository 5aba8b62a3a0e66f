package charts

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const manifests = "../../manifests"

// helmsOwn are the labels that say that Helm looks after an object, which it does not here.
var helmsOwn = regexp.MustCompile(`(?m)^ *(helm\.sh/chart|app\.kubernetes\.io/managed-by): .*\n`)

// TestManifests holds the plain manifests to what the chart renders.
func TestManifests(t *testing.T) {
	const endpoint = "export: {endpoint: 'http://otel-collector.monitoring:4317'}\nfullnameOverride: rtcship\nnamespaceOverride: rtcship\ntests: {enabled: false}\n"
	for name, values := range map[string]string{
		"gateway/gateway.yaml":     endpoint + "gateway: {enabled: true}",
		"injection/injection.yaml": endpoint + "injection: {enabled: true}",
	} {
		files := mustRender(t, load(t, chartDir), parse(t, values))
		delete(files, "rtcship/templates/NOTES.txt")
		var docs []string
		for _, file := range sorted(files) {
			docs = append(docs, documents(files[file])...)
		}
		text := "# Rendered from charts/rtcship: make manifests\n" + strings.Join(docs, "\n---\n") + "\n"
		text = strings.ReplaceAll(text, "app.kubernetes.io/instance: r\n", "app.kubernetes.io/instance: rtcship\n")
		golden(t, filepath.Join(manifests, name), helmsOwn.ReplaceAllString(text, ""))
	}
	golden(t, filepath.Join(manifests, "sidecar", "patch.yaml"), sidecarPatch(t))
}

// sidecarPatch is the named template as a patch for any workload.
func sidecarPatch(t testing.TB) string {
	t.Helper()
	c := load(t, chartDir)
	c.Templates = append(c.Templates, &chart.File{Name: "templates/patch.yaml", Data: []byte(`
# Rendered from charts/rtcship: make manifests
# The volume sora-log must be the pod's own, with Sora's log directory.
apiVersion: apps/v1
kind: StatefulSet # whatever the target is
metadata:
  name: sora
spec:
  template:
    metadata:
      labels:
        rtcship.dev/injected: "true" # for the PodMonitor
    spec:
      initContainers:
        {{- include "rtcship.sidecar" . | nindent 8 }}
      volumes:
        {{- include "rtcship.volumes" . | nindent 8 }}
`)})
	files := mustRender(t, c, parse(t, "export: {endpoint: 'http://otel-collector.monitoring:4317'}"))
	return strings.TrimSpace(files["rtcship/templates/patch.yaml"]) + "\n"
}

// TestKustomize builds each of the bases, and a Sora workload with the sidecar.
func TestKustomize(t *testing.T) {
	overlay, err := os.MkdirTemp(manifests, ".overlay") //nolint:usetesting // it refers to what lies beside it
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(overlay)
	for name, text := range map[string]string{
		"kustomization.yaml": "resources: [sora.yaml]\ncomponents: [../sidecar]\n",
		"sora.yaml": `
apiVersion: apps/v1
kind: Deployment
metadata: {name: media, labels: {rtcship.dev/inject: "true"}}
spec:
  selector: {matchLabels: {app: sora}}
  template:
    metadata: {labels: {app: sora}}
    spec:
      initContainers: [{name: prepare, image: p}]
      containers: [{name: sora, image: sora, volumeMounts: [{name: sora-log, mountPath: /opt/sora/log}]}]
      volumes: [{name: sora-log, emptyDir: {}}]
`,
	} {
		if err := os.WriteFile(filepath.Join(overlay, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for folder, want := range map[string]string{
		filepath.Join(manifests, "gateway"):   "kind: StatefulSet",
		filepath.Join(manifests, "injection"): "kind: MutatingAdmissionPolicyBinding",
		overlay:                               "mountPath: /var/log/sora",
	} {
		resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
		if err != nil {
			t.Errorf("%s: %v", folder, err)
			continue
		}
		text, err := resources.AsYaml()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), want) {
			t.Errorf("%s: no %q in\n%s", folder, want, text)
		}
		if folder == overlay {
			for _, name := range []string{"name: prepare", "name: rtcship-state", fmt.Sprintf("name: %s", "sora-log")} {
				if !strings.Contains(string(text), name) {
					t.Errorf("no %q in the patched workload\n%s", name, text)
				}
			}
		}
	}
}

// tiers are the manifests of several collectors behind one name.
var tiers = []string{"tier.yaml", "tier-persistent.yaml"}

func tierManifest(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(manifests, "collector", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTier holds what the tier's objects have to be to each other: one name whose
// addresses are those of the pods, and never all of them away at once.
func TestTier(t *testing.T) {
	for _, name := range tiers {
		t.Run(name, func(t *testing.T) { checkTier(t, objects(t, map[string]string{name: tierManifest(t, name)}), name) })
	}
}

func checkTier(t *testing.T, list []object, name string) {
	var service corev1.Service
	var budget policyv1.PodDisruptionBudget
	var tier appsv1.StatefulSetSpec // which has what a Deployment's has that is looked at
	find(t, list, "Service", "rtcship-tier", &service)
	find(t, list, "PodDisruptionBudget", "rtcship-tier", &budget)
	if name == "tier.yaml" {
		var d appsv1.Deployment
		find(t, list, "Deployment", "rtcship-tier", &d)
		tier.Template, tier.Selector, tier.Replicas = d.Spec.Template, d.Spec.Selector, d.Spec.Replicas
	} else {
		var s appsv1.StatefulSet
		find(t, list, "StatefulSet", "rtcship-tier", &s)
		tier = s.Spec
		checkQueue(t, s, list)
	}
	if service.Spec.ClusterIP != "None" {
		t.Errorf("the Service has an address of its own: %q", service.Spec.ClusterIP)
	}
	labels := tier.Template.Labels
	for name, selector := range map[string]map[string]string{
		"Service": service.Spec.Selector, "PodDisruptionBudget": budget.Spec.Selector.MatchLabels, "pods": tier.Selector.MatchLabels,
	} {
		for k, v := range selector {
			if labels[k] != v {
				t.Errorf("the %s selects %s=%s, the pods have %q", name, k, v, labels[k])
			}
		}
	}
	port := service.Spec.Ports[0]
	if len(tier.Template.Spec.Containers[0].Ports) == 0 || port.Port != tier.Template.Spec.Containers[0].Ports[0].ContainerPort {
		t.Errorf("port %d of the Service is not that of the pods, and a headless one maps none", port.Port)
	}
	if *tier.Replicas < 2 || budget.Spec.MaxUnavailable.IntValue() >= int(*tier.Replicas) {
		t.Error("all collectors may be away at once")
	}
}

// checkQueue holds that what a collector has acknowledged is on the volume of its pod,
// which nothing takes away, and has room for what its queue may hold.
func checkQueue(t *testing.T, s appsv1.StatefulSet, list []object) {
	t.Helper()
	var config corev1.ConfigMap
	find(t, list, "ConfigMap", "rtcship-tier", &config)
	text := config.Data["collector.yaml"]
	claim, mount := s.Spec.VolumeClaimTemplates[0], ""
	for _, m := range s.Spec.Template.Spec.Containers[0].VolumeMounts {
		if m.Name == claim.Name && !m.ReadOnly {
			mount = m.MountPath
		}
	}
	if mount == "" || !strings.Contains(text, "QUEUE_DIR:-"+mount+"/") {
		t.Errorf("the queue is not on the volume, which is at %q", mount)
	}
	for _, word := range []string{"storage: file_storage/queue", "extensions: [health_check, file_storage/queue]"} {
		if !strings.Contains(text, word) {
			t.Errorf("no %q: the queue is in memory", word)
		}
	}
	if strings.Contains(text, "wait_for_result") {
		t.Error("a queue on disk that waits for the store as well")
	}
	keep := s.Spec.PersistentVolumeClaimRetentionPolicy
	if keep == nil || keep.WhenDeleted != appsv1.RetainPersistentVolumeClaimRetentionPolicyType || keep.WhenScaled != appsv1.RetainPersistentVolumeClaimRetentionPolicyType {
		t.Errorf("volumes go with the pods, and what was acknowledged with them: %v", keep)
	}
	if s.Spec.Template.Spec.SecurityContext.FSGroup == nil {
		t.Error("the volume is root's, and the collector is not")
	}
	if s.Spec.ServiceName != "rtcship-tier" {
		t.Errorf("the pods have their names of the Service %q", s.Spec.ServiceName)
	}
	m := regexp.MustCompile(`QUEUE_BYTES:-(\d+)`).FindStringSubmatch(text)
	if m == nil {
		t.Fatal("no size of the queue")
	}
	size, err := strconv.ParseInt(m[1], 10, 64)
	if room := claim.Spec.Resources.Requests.Storage(); err != nil || room.Value() < 2*size {
		t.Errorf("a queue of %d bytes has a volume of %v: it needs twice as much to be made smaller (%v)", size, room, err)
	}
}
