package k8s

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	published "github.com/rtcship/rtcship/e2e/chart"
)

// TestKubernetes goes through a life of the chart. The parts share a collector
// and, from install to uninstall, a release.
func TestKubernetes(t *testing.T) {
	setup(t)
	t.Run("lint", testLint)
	if !t.Run("install", testInstall) {
		return
	}
	t.Run("every line to the last", testLastLine)
	t.Run("new image, same pod", testImageChange)
	t.Run("faulty configuration", testFaultyConfiguration)
	t.Run("pod that cannot be served", testNotServed)
	t.Run("collector away at the end", testCollectorAway)
	t.Run("load", testLoad)
	t.Run("gateway", testGateway)
	t.Run("helm test", testHelmTest)
	t.Run("upgrade and rollback", testUpgrade)
	t.Run("uninstall", testUninstall)
	t.Run("helm 4", testHelm4)
	t.Run("manifests", testManifests)
}

func testLint(t *testing.T) {
	for _, helm := range []string{helm3(), helm4()} {
		if _, err := try(helm, "lint", "--strict", chart, "-f", chart+"/ci/gateway-values.yaml"); err != nil {
			t.Error(err)
		}
		if _, err := try(helm, "lint", "--strict", chart, "-f", chart+"/ci/injection-values.yaml"); err != nil {
			t.Error(err)
		}
	}
}

func releaseValues(tag string) []string {
	return append(values, "--set", "image.tag="+tag+",injection.enabled=true,gateway.enabled=true",
		"--set", "gateway.listen.tls=true,gateway.tls.existingSecret=syslog-tls", "--set", "image.pullPolicy=Never")
}

func testInstall(t *testing.T) {
	makeCertificate(t, "syslog-tls")
	out := helm(t, append([]string{"install", "r", chart, "-n", namespace, "--wait", "--timeout", "120s"}, releaseValues("e2e-1")...)...)
	if !strings.Contains(out, `rtcship.dev/inject: "true"`) {
		t.Errorf("the notes do not say what to do:\n%s", out)
	}
	// A policy takes a moment to reach the API server's admission.
	probe := soraPod{name: "first", args: "--lines=1"}
	eventually(t, 60*time.Second, "the policy to act", func() error {
		kubectl(t, "delete", "pod", "first", "--ignore-not-found", "--now")
		apply(t, probe.yaml())
		if names := get(t, "pod/first", "{.spec.initContainers[*].name}"); names != "rtcship" {
			return fmt.Errorf("init containers: %q", names)
		}
		return nil
	})
	kubectl(t, "delete", "pod", "first", "--now")
}

func ready(t *testing.T, pod string) {
	t.Helper()
	kubectl(t, "wait", "--for=condition=Ready", "pod/"+pod, "--timeout=90s")
}

// testLastLine deletes a pod whose Sora writes on after SIGTERM and ends in the middle of a line.
func testLastLine(t *testing.T) {
	apply(t, soraPod{name: "life", args: "--rate=200, --last=500"}.yaml())
	ready(t, "life")
	if uid := get(t, "pod/life", "{.spec.initContainers[0].securityContext.runAsUser}"); uid != "65532" && uid != "1000" {
		t.Errorf("user %s", uid)
	}
	flowing(t, "life", 500)
	wrote := follow(t, "life")
	kubectl(t, "delete", "pod", "life", "--timeout=60s")
	arrived(t, 30*time.Second, "life", wrote())
	streams, err := counts(t)
	if err != nil {
		t.Fatal(err)
	}
	if c := streams["life"]; c.Container != "sora" || c.Pod != "life" {
		t.Errorf("resource: %+v", c)
	}
}

// testImageChange gives the sidecar of a running pod another image: the pod
// stays, Sora is not restarted, no line is lost.
func testImageChange(t *testing.T) {
	apply(t, soraPod{name: "image", args: "--rate=200, --last=10"}.yaml())
	ready(t, "image")
	flowing(t, "image", 200)
	uid := get(t, "pod/image", "{.metadata.uid}")
	kubectl(t, "patch", "pod", "image", "--type=json", "-p",
		`[{"op": "replace", "path": "/spec/initContainers/0/image", "value": "`+imageNew+`"}]`)
	eventually(t, 60*time.Second, "the new image to run", func() error {
		image := get(t, "pod/image", "{.status.initContainerStatuses[0].image} {.status.initContainerStatuses[0].ready} {.status.initContainerStatuses[0].restartCount}")
		if !strings.Contains(image, "e2e-2 true 1") {
			return fmt.Errorf("%s", image)
		}
		return nil
	})
	if now := get(t, "pod/image", "{.metadata.uid}"); now != uid {
		t.Error("the pod is another one")
	}
	if restarts := get(t, "pod/image", "{.status.containerStatuses[0].restartCount}"); restarts != "0" {
		t.Errorf("Sora was restarted %s times", restarts)
	}
	wrote := follow(t, "image")
	kubectl(t, "delete", "pod", "image", "--timeout=60s")
	arrived(t, 30*time.Second, "image", wrote())
}

// testFaultyConfiguration holds that Sora runs and is ready whatever is wrong
// with the sidecar's settings.
func testFaultyConfiguration(t *testing.T) {
	apply(t, soraPod{name: "faulty", args: "--rate=10", annotations: map[string]string{
		"rtcship.dev/timezone": "Nowhere/Land", "rtcship.dev/log-level": "loud"}}.yaml())
	ready(t, "faulty")
	time.Sleep(3 * time.Second)
	state := get(t, "pod/faulty", "{.status.initContainerStatuses[0].restartCount} {.status.containerStatuses[0].ready} {.status.containerStatuses[0].restartCount}")
	if state != "0 true 0" {
		t.Errorf("restarts of rtcship, Sora ready, restarts of Sora: %s", state)
	}
	if said := kubectl(t, "logs", "faulty", "-c", "rtcship"); !strings.Contains(said, "Nowhere/Land") {
		t.Errorf("rtcship does not say what is wrong:\n%s", said)
	}
	kubectl(t, "delete", "pod", "faulty", "--now")
}

func testNotServed(t *testing.T) {
	p := soraPod{name: "unserved", args: "--rate=10", annotations: map[string]string{"rtcship.dev/state-volume": "missing"}}
	said := apply(t, p.yaml())
	if !strings.Contains(said, `Warning`) || !strings.Contains(said, `no volume "missing"`) {
		t.Errorf("no warning: %s", said)
	}
	ready(t, "unserved")
	if names := get(t, "pod/unserved", "{.spec.initContainers[*].name}"); names != "" {
		t.Errorf("init containers: %s", names)
	}
	kubectl(t, "delete", "pod", "unserved", "--now")
}

// testCollectorAway ends a pod while the collector is away. Logs and positions
// are on volumes: the next pod ships the rest.
func testCollectorAway(t *testing.T) {
	claim(t, "logs", "state")
	pod := soraPod{name: "away", args: "--rate=200, --last=300", logs: "persistentVolumeClaim: {claimName: logs}", state: "persistentVolumeClaim: {claimName: state}"}
	apply(t, pod.yaml())
	ready(t, "away")
	flowing(t, "away", 200)
	kubectl(t, "scale", "statefulset/collector", "--replicas=0")
	kubectl(t, "wait", "--for=delete", "pod/collector-0", "--timeout=60s")
	time.Sleep(2 * time.Second)
	wrote := follow(t, "away")
	kubectl(t, "delete", "pod", "away", "--timeout=90s")
	n := wrote()
	kubectl(t, "scale", "statefulset/collector", "--replicas=1")
	kubectl(t, "rollout", "status", "statefulset/collector", "--timeout=90s")
	pod.args = "--stream=later, --lines=1" // another stream on the same files
	apply(t, pod.yaml())
	ready(t, "away")
	arrived(t, 60*time.Second, "away", n)
	kubectl(t, "delete", "pod", "away", "--timeout=60s")
}

// testGateway sends through the Service; over UDP slowly, and what the kernel
// drops counts as a fault here.
func testGateway(t *testing.T) {
	const lines = 300
	for _, way := range []struct{ name, to string }{
		{"udp", "udp://r-rtcship-gateway:514"}, {"tcp", "tcp://r-rtcship-gateway:514"}, {"tls", "tls://r-rtcship-gateway:6514"},
	} {
		send(t, way.name, way.to, lines)
	}
	for _, name := range []string{"udp", "tcp", "tls"} {
		arrived(t, 90*time.Second, name, lines)
		streams, err := counts(t)
		if err != nil {
			t.Fatal(err)
		}
		if ip := get(t, "pod/send-"+name, "{.status.podIP}"); streams[name].Source != ip {
			t.Errorf("%s: sent from %s, seen as %s", name, ip, streams[name].Source)
		}
		kubectl(t, "delete", "pod", "send-"+name, "--now")
	}
}

// send starts a pod that sends numbered messages.
func send(t *testing.T, stream, to string, lines int) {
	t.Helper()
	apply(t, fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: send-%[1]s}
spec:
  restartPolicy: Never
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: send
    image: %[2]s
    args: [send, --stream=%[1]s, --to=%[3]s, --lines=%[4]d, --rate=200]
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}`, stream, imageStandin, to, lines))
}

func testHelmTest(t *testing.T) { helmTest(t, helm3()) }

func helmTest(t *testing.T, program string) {
	t.Helper()
	if _, err := try(program, "test", "r", "-n", namespace, "--timeout", "120s"); err != nil {
		logs, _ := try("kubectl", "-n", namespace, "logs", "-l", "app.kubernetes.io/component=test", "--all-containers", "--tail=20")
		t.Fatalf("%v\n%s", err, logs)
	}
}

func gatewayImage(t *testing.T) string {
	t.Helper()
	return get(t, "statefulset/r-rtcship-gateway", "{.spec.template.spec.containers[0].image}")
}

// testUpgrade goes to the next version and back. A message sent in between is not lost.
func testUpgrade(t *testing.T) {
	helm(t, append([]string{"upgrade", "r", chart, "-n", namespace, "--wait", "--timeout", "120s"}, releaseValues("e2e-2")...)...)
	if got := gatewayImage(t); got != imageNew {
		t.Errorf("after the upgrade: %s", got)
	}
	helm(t, "rollback", "r", "-n", namespace, "--wait", "--timeout", "120s")
	if got := gatewayImage(t); got != imageOld {
		t.Errorf("after the rollback: %s", got)
	}
	// A change of the configuration is taken up by the running pods.
	uid := get(t, "pod/r-rtcship-gateway-0", "{.metadata.uid}")
	helm(t, append([]string{"upgrade", "r", chart, "-n", namespace, "--wait", "--set", "gateway.config.log.level=debug"}, releaseValues("e2e-1")...)...)
	if now := get(t, "pod/r-rtcship-gateway-0", "{.metadata.uid}"); now != uid {
		t.Error("a change of the configuration has replaced the pod")
	}
	eventually(t, 150*time.Second, "the changed configuration to reach the pod", func() error {
		if said := kubectl(t, "logs", "r-rtcship-gateway-0"); !strings.Contains(said, "configuration reloaded") {
			return fmt.Errorf("the gateway says\n%s", said)
		}
		return nil
	})
}

func testUninstall(t *testing.T) { uninstall(t, helm3()) }

// uninstall holds that nothing is left but the volume of the spool.
func uninstall(t *testing.T, program string) {
	t.Helper()
	with(t, program, "uninstall", "r", "-n", namespace, "--wait", "--timeout", "120s")
	eventually(t, 60*time.Second, "everything to go", func() error {
		namespaced := kubectl(t, "get", "all,configmap,serviceaccount,poddisruptionbudget,pvc,networkpolicy", "-l", "app.kubernetes.io/instance=r", "-o", "name")
		wide := kubectl(t, "get", "mutatingadmissionpolicy,mutatingadmissionpolicybinding,validatingadmissionpolicy,validatingadmissionpolicybinding", "-l", "app.kubernetes.io/instance=r", "-o", "name")
		if left := strings.TrimSpace(namespaced + wide); left != "persistentvolumeclaim/state-r-rtcship-gateway-0" {
			return fmt.Errorf("left: %q", left)
		}
		return nil
	})
}

// testHelm4 does what was done with Helm 3 once more with Helm 4: install,
// test, upgrade, rollback, uninstall. The chart is that of a registry, and its
// signature is verified. The gateway finds the volume of its spool again.
func testHelm4(t *testing.T) {
	four, p := helm4(), published.Start(t)
	if _, err := p.Release(four); err != nil {
		t.Fatal(err)
	}
	from := []string{p.Registry + "/rtcship", "--version", p.Version, "--plain-http", "--verify", "--keyring", p.Pubring, "-n", namespace, "--wait", "--timeout", "180s"}
	with(t, four, slices.Concat([]string{"install", "r"}, from, releaseValues("e2e-1"))...)
	helmTest(t, four)
	with(t, four, slices.Concat([]string{"upgrade", "r"}, from, releaseValues("e2e-2"))...)
	if got := gatewayImage(t); got != imageNew {
		t.Errorf("after the upgrade: %s", got)
	}
	with(t, four, "rollback", "r", "-n", namespace, "--wait", "--timeout", "180s")
	if got := gatewayImage(t); got != imageOld {
		t.Errorf("after the rollback: %s", got)
	}
	uninstall(t, four)
}
