// Package k8s installs the chart on a real cluster, beside a stand-in for Sora,
// and in front of a real collector.
package k8s

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/cache"
	"github.com/rtcship/rtcship/e2e/harness"
	"github.com/rtcship/rtcship/e2e/k8s/image"
)

// The images, under the names that they have in the cluster. A second one of
// the product differs in its version only.
const (
	imageOld       = "localhost/rtcship:e2e-1"
	imageNew       = "localhost/rtcship:e2e-2"
	imageCollector = "localhost/otelcol:e2e"
	imageStandin   = "localhost/standin:e2e"
	namespace      = "rtcship-e2e"
	chart          = "../../charts/rtcship"
)

var values = []string{
	"--set", "export.endpoint=http://collector:4317",
	"--set", "image.registry=localhost,image.repository=rtcship",
}

func TestMain(m *testing.M) {
	if os.Getenv("KUBECONFIG") == "" {
		fmt.Fprintln(os.Stderr, "KUBECONFIG is not set: `make e2e-k8s` brings a cluster up, or set it to one of your own")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// kubectl runs kubectl in the test's namespace and returns what it prints, warnings included.
func kubectl(t testing.TB, args ...string) string {
	t.Helper()
	out, err := try("kubectl", append([]string{"-n", namespace, "--request-timeout=60s"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func try(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

func helm(t testing.TB, args ...string) string {
	t.Helper()
	return with(t, helm3(), args...)
}

// with runs one of the Helms.
func with(t testing.TB, program string, args ...string) string {
	t.Helper()
	out, err := try(program, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Helm 3 and 4, by the names that the cluster's scripts give them.
func helm3() string { return program("HELM", "helm") }
func helm4() string { return program("HELM4", "helm4") }

func program(variable, name string) string {
	if p := os.Getenv(variable); p != "" {
		return p
	}
	return name
}

// apply sends objects to the API server and returns its warnings.
func apply(t testing.TB, objects string) string {
	t.Helper()
	cmd := exec.Command("kubectl", "-n", namespace, "apply", "-f", "-")
	cmd.Stdin = strings.NewReader(objects)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl apply: %v\n%s\n%s", err, out, objects)
	}
	return string(out)
}

func eventually(t testing.TB, limit time.Duration, what string, f func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		if err = f(); err == nil {
			return
		}
	}
	pods, _ := try("kubectl", "-n", namespace, "get", "pods", "-o", "wide")
	t.Fatalf("waited %v for %s: %v\n%s", limit, what, err, pods)
}

// setup makes a namespace that enforces Pod Security restricted, with a
// collector in it. All tests share it.
func setup(t testing.TB) {
	t.Helper()
	loadImages(t)
	try("kubectl", "delete", "namespace", namespace, "--ignore-not-found", "--timeout=120s")
	for _, args := range [][]string{
		{"create", "namespace", namespace},
		{"label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted"},
	} {
		if _, err := try("kubectl", args...); err != nil {
			t.Fatal(err)
		}
	}
	claim(t, "collector")
	volume(t, "state-r-rtcship-gateway-0") // here, since it must outlive the part that installs the gateway
	apply(t, collectorObjects)
	kubectl(t, "rollout", "status", "statefulset/collector", "--timeout=120s")
}

// loadImages builds the images and gives them to the cluster: E2E_K8S_LOAD is
// the command that takes an archive (`kind load image-archive`); k8s-load is
// that of the cluster that make e2e-k8s starts.
func loadImages(t testing.TB) {
	t.Helper()
	dir := t.TempDir()
	collector, err := cache.Collector()
	if err != nil {
		t.Fatal(err)
	}
	standin := filepath.Join(dir, "standin")
	build := exec.Command("go", "build", "-trimpath", "-o", standin, "./standin")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build standin: %v\n%s", err, out)
	}
	load := strings.Fields(program("E2E_K8S_LOAD", "k8s-load"))
	for ref, make := range map[string]func(path string) error{
		imageCollector: func(path string) error { return image.Write(path, imageCollector, collector) },
		imageStandin:   func(path string) error { return image.Write(path, imageStandin, standin) },
		imageOld:       func(path string) error { return buildProduct(path, imageOld, "e2e-1") },
		imageNew:       func(path string) error { return buildProduct(path, imageNew, "e2e-2") },
	} {
		path := filepath.Join(dir, "image.tar")
		if err := make(path); err != nil {
			t.Fatalf("%s: %v", ref, err)
		}
		if _, err := try(load[0], append(load[1:], path)...); err != nil {
			t.Fatal(err)
		}
	}
}

// buildProduct makes the image as it is released.
func buildProduct(path, ref, version string) error {
	cmd := exec.Command("go", "run", ".", "-ref", ref, "-version", version, "-platforms", "linux/amd64", "-out", path)
	cmd.Dir = filepath.Join(harness.Root(), "images")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// counts asks what has arrived, through the API server.
func counts(t testing.TB) (streams map[string]struct {
	Have, Last             int
	Container, Pod, Source string
}, err error) {
	t.Helper()
	out, err := exec.Command("kubectl", "get", "--raw", "/api/v1/namespaces/"+namespace+"/pods/collector-0:8080/proxy/tally").Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return nil, err
	}
	return streams, json.Unmarshal(out, &streams)
}

// arrived waits until the first n numbers of a stream are all in the collector, and no more.
func arrived(t testing.TB, limit time.Duration, stream string, n int) {
	t.Helper()
	eventually(t, limit, fmt.Sprintf("%d lines of %s", n, stream), func() error {
		streams, err := counts(t)
		if err != nil {
			return err
		}
		if c := streams[stream]; c.Have != n || c.Last != n-1 {
			return fmt.Errorf("%d of %d lines, the last is number %d", c.Have, n, c.Last)
		}
		return nil
	})
}

// flowing waits until at least n lines of a stream are there.
func flowing(t testing.TB, stream string, n int) {
	t.Helper()
	eventually(t, 90*time.Second, fmt.Sprintf("%d lines of %s", n, stream), func() error {
		streams, err := counts(t)
		if err == nil && streams[stream].Have < n {
			err = fmt.Errorf("%d lines", streams[stream].Have)
		}
		return err
	})
}

// get reads one field of an object by a JSONPath.
func get(t testing.TB, object, path string) string {
	t.Helper()
	return kubectl(t, "get", object, "-o", "jsonpath="+path)
}

// written reads from the stand-in's log how many lines it wrote in all; its pod
// is followed until it is gone.
func follow(t testing.TB, pod string) (stop func() int) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command("kubectl", "-n", namespace, "logs", "-f", pod, "-c", "sora")
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() int {
		_ = cmd.Wait()
		for line := range strings.Lines(out.String()) {
			var n int
			if i := strings.Index(line, "wrote "); i >= 0 && strings.Contains(line, "in all") {
				if _, err := fmt.Sscanf(line[i:], "wrote %d in all", &n); err == nil {
					return n
				}
			}
		}
		t.Fatalf("%s does not say how many lines it wrote:\n%s", pod, out.String())
		return 0
	}
}

// claim makes a volume claim. A cluster without a default storage class gets a
// volume on the node's disk for it.
func claim(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		volume(t, name)
		apply(t, fmt.Sprintf(`
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: %s}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}`, name))
	}
}

// volume makes the volume that a claim of that name will get.
func volume(t testing.TB, claim string) {
	t.Helper()
	if classes, _ := try("kubectl", "get", "storageclass", "-o", "name"); strings.TrimSpace(classes) != "" {
		return
	}
	dir, err := os.MkdirTemp("", "rtcship-e2e-") //nolint:usetesting // pods write into it as other users
	if err != nil {
		t.Fatal(err)
	}
	// Whoever runs in the pod writes here: the kubelet gives no volume of this kind away.
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	name := namespace + "-" + claim
	t.Cleanup(func() {
		try("kubectl", "delete", "persistentvolume", name, "--wait=false")
		os.RemoveAll(dir)
	})
	try("kubectl", "delete", "persistentvolume", name, "--ignore-not-found", "--timeout=30s")
	apply(t, fmt.Sprintf(`
apiVersion: v1
kind: PersistentVolume
metadata: {name: %s}
spec:
  capacity: {storage: 10Gi}
  accessModes: [ReadWriteOnce]
  hostPath: {path: %s}
  claimRef: {namespace: %s, name: %s}`, name, dir, namespace, claim))
}

// makeCertificate puts a certificate that signs itself into a Secret.
func makeCertificate(t testing.TB, secret string) {
	t.Helper()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	if _, err := try("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
		"-subj", "/CN=syslog", "-addext", "subjectAltName=DNS:r-rtcship-gateway", "-keyout", key, "-out", cert, "-days", "2"); err != nil {
		t.Fatal(err)
	}
	kubectl(t, "create", "secret", "tls", secret, "--cert="+cert, "--key="+key)
}
