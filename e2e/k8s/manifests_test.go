package k8s

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

// testManifests brings up what is in manifests/ without Helm: a Sora with the
// sidecar, whose lines arrive to the last one, and the gateway, whose messages
// do. The API server takes the policies, too.
func testManifests(t *testing.T) {
	t.Run("sidecar", testPlainSidecar)
	t.Run("gateway", testPlainGateway)
	t.Run("policies", func(t *testing.T) {
		kubectl(t, "apply", "--server-side", "--dry-run=server", "-k", filepath.Join(harness.Root(), "manifests", "injection"))
	})
}

// overlay is what a user writes: the base or component of manifests/, the own
// image and the own collector.
func overlay(t *testing.T, kind, name string, files map[string]string) (dir string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.EvalSymlinks(harness.Root())
	if err != nil {
		t.Fatal(err)
	}
	base, err := filepath.Rel(dir, filepath.Join(root, "manifests", name))
	if err != nil {
		t.Fatal(err)
	}
	files["kustomization.yaml"] = fmt.Sprintf("namespace: %s\n%s: [%s]\nimages: [{name: ghcr.io/rtcship/rtcship, newName: localhost/rtcship, newTag: e2e-1}]\n",
		namespace, kind, base) + files["kustomization.yaml"]
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func testPlainSidecar(t *testing.T) {
	dir := overlay(t, "components", "sidecar", map[string]string{
		"kustomization.yaml": "resources: [sora.yaml]\npatches: [{path: endpoint.yaml}]\n",
		"endpoint.yaml": `
apiVersion: apps/v1
kind: Deployment
metadata: {name: media}
spec:
  template:
    spec:
      initContainers: [{name: rtcship, env: [{name: RTCSHIP_EXPORT_ENDPOINT, value: "http://collector:4317"}]}]
`,
		"sora.yaml": fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: media, labels: {rtcship.dev/inject: "true"}}
spec:
  selector: {matchLabels: {app: media}}
  template:
    metadata: {labels: {app: media}}
    spec:
      securityContext: {runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: sora
        image: %s
        args: [sora, --stream=media, --rate=200, --last=100]
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
        volumeMounts: [{name: sora-log, mountPath: /opt/sora/log}]
      volumes: [{name: sora-log, emptyDir: {}}]
`, imageStandin),
	})
	kubectl(t, "apply", "--server-side", "-k", dir)
	kubectl(t, "rollout", "status", "deployment/media", "--timeout=120s")
	pod := kubectl(t, "get", "pods", "-l", "app=media", "-o", "jsonpath={.items[0].metadata.name}")
	flowing(t, "media", 200)
	wrote := follow(t, pod)
	kubectl(t, "delete", "deployment/media", "--timeout=60s")
	kubectl(t, "wait", "--for=delete", "pod/"+pod, "--timeout=60s")
	arrived(t, 60*time.Second, "media", wrote())
}

func testPlainGateway(t *testing.T) {
	volume(t, "state-rtcship-gateway-0")
	dir := overlay(t, "resources", "gateway", map[string]string{
		"kustomization.yaml": "patches: [{path: endpoint.yaml, target: {kind: StatefulSet}}, {path: namespace.yaml, target: {kind: Namespace}}]\n",
		"endpoint.yaml": `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: rtcship-gateway}
spec:
  template:
    spec:
      containers: [{name: rtcship, env: [{name: RTCSHIP_EXPORT_ENDPOINT, value: "http://collector:4317"}]}]
`,
		"namespace.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: rtcship}\n$patch: delete\n", // there is one
	})
	kubectl(t, "apply", "--server-side", "-k", dir)
	kubectl(t, "rollout", "status", "statefulset/rtcship-gateway", "--timeout=120s")
	send(t, "plain", "tcp://rtcship-gateway:514", 200)
	arrived(t, 90*time.Second, "plain", 200)
	kubectl(t, "delete", "pod", "send-plain", "--now")
	kubectl(t, "delete", "-k", dir, "--timeout=90s")
}
