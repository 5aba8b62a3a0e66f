package charts

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

const injection = "export: {endpoint: 'http://c:4317'}\ninjection: {enabled: true}\n"

// plain is a Sora pod as people write it.
const plain = `
metadata: {annotations: {rtcship.dev/volume: logs}}
spec:
  containers:
  - {name: sora, image: sora, volumeMounts: [{name: logs, mountPath: /opt/sora/log}]}
  volumes: [{name: logs, emptyDir: {}}]
`

func TestInjected(t *testing.T) {
	p := newPolicies(t, injection)
	pod := mutate(t, &p.inject, parsePod(t, plain))
	text, err := yaml.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/injected.yaml", string(text))
	if again := mutate(t, &p.inject, pod); !cmp.Equal(again, pod) {
		t.Errorf("a second pass changes the pod:\n%s", cmp.Diff(pod, again))
	}
	if m := validate(t, &p.pod, podAttributes(pod)); m != nil {
		t.Errorf("the check objects to an injected pod: %v", m)
	}
}

// TestInjectedFull runs the policy with every switch of the values on.
func TestInjectedFull(t *testing.T) {
	text, err := yaml.Marshal(ciValues(t)["injection-full"])
	if err != nil {
		t.Fatal(err)
	}
	p := newPolicies(t, string(text))
	out, err := yaml.Marshal(mutate(t, &p.inject, parsePod(t, plain)))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/injected-full.yaml", string(out))
}

// TestNeverInTheWay holds what would keep Sora from starting, or take it out of
// its Service, out of the sidecar.
func TestNeverInTheWay(t *testing.T) {
	p := newPolicies(t, injection+"sidecar: {extraEnv: [{name: X, value: z}]}")
	c := sidecar(mutate(t, &p.inject, parsePod(t, plain)), "rtcship")
	if c.StartupProbe != nil || c.ReadinessProbe != nil || c.LivenessProbe != nil {
		t.Error("the sidecar has a probe")
	}
	if c.RestartPolicy == nil || *c.RestartPolicy != corev1.ContainerRestartPolicyAlways {
		t.Error("the sidecar is no native one")
	}
	if !cmp.Equal(c.Args, []string{"run", "--stay"}) {
		t.Errorf("args: %v", c.Args)
	}
	for _, m := range c.VolumeMounts {
		if m.Name == "logs" && !m.ReadOnly {
			t.Error("the logs are mounted to be written")
		}
	}
}

// TestInjection changes one thing about the pod at a time and looks at one thing of the result.
func TestInjection(t *testing.T) {
	type result struct {
		pod *corev1.Pod
		c   *corev1.Container
	}
	user := func(r result) any { return *r.c.SecurityContext.RunAsUser }
	for _, c := range []struct {
		name, values, pod string
		got               func(result) any
		want              any
	}{
		{"after the pod's init containers", "", `
spec:
  initContainers: [{name: first, image: i}, {name: second, image: i}]
  containers: [{name: sora, image: s}]
  volumes: [{name: sora-log, emptyDir: {}}]`,
			func(r result) any { return r.pod.Spec.InitContainers[2].Name }, "rtcship"},
		{"path of a volume that Sora does not mount", "", `
spec: {containers: [{name: sora, image: s}], volumes: [{name: sora-log, emptyDir: {}}]}`,
			func(r result) any { return env(r.c, "RTCSHIP_SORA_LOG_DIR") }, "/var/log/sora"},
		{"path by annotation", "", `
metadata: {annotations: {rtcship.dev/log-dir: /elsewhere}}
spec:
  containers: [{name: sora, image: s, volumeMounts: [{name: sora-log, mountPath: /opt/sora/log}]}]
  volumes: [{name: sora-log, emptyDir: {}}]`,
			func(r result) any { return r.c.VolumeMounts[0].MountPath + " " + env(r.c, "RTCSHIP_SORA_LOG_DIR") }, "/elsewhere /elsewhere"},
		{"the same part of the volume", "", `
spec:
  containers: [{name: sora, image: s, volumeMounts: [{name: sora-log, mountPath: /opt/sora/log, subPath: a/b}]}]
  volumes: [{name: sora-log, emptyDir: {}}]`,
			func(r result) any { return r.c.VolumeMounts[0].SubPath }, "a/b"},
		{"container by annotation", "", `
metadata: {annotations: {rtcship.dev/container: sora}}
spec:
  containers:
  - {name: proxy, image: p, securityContext: {runAsUser: 7}}
  - {name: sora, image: s, securityContext: {runAsUser: 1234}, volumeMounts: [{name: sora-log, mountPath: /l}]}
  volumes: [{name: sora-log, emptyDir: {}}]`,
			func(r result) any { return []any{user(r), env(r.c, "OTEL_RESOURCE_ATTRIBUTES_CONTAINER_NAME")} }, []any{int64(1234), "sora"}},
		{"user of the container", "", `
spec:
  containers: [{name: sora, image: s, securityContext: {runAsUser: 1234, runAsGroup: 99}}]
  volumes: [{name: sora-log, emptyDir: {}}]`,
			func(r result) any { return []int64{*r.c.SecurityContext.RunAsUser, *r.c.SecurityContext.RunAsGroup} }, []int64{1234, 99}},
		{"user of the pod", "", `
spec:
  securityContext: {runAsUser: 1000}
  containers: [{name: sora, image: s}]
  volumes: [{name: sora-log, emptyDir: {}}]`, user, int64(1000)},
		{"root is not copied", "", `
spec:
  securityContext: {runAsUser: 1000}
  containers: [{name: sora, image: s, securityContext: {runAsUser: 0}}]
  volumes: [{name: sora-log, emptyDir: {}}]`, user, int64(1000)},
		{"root of the pod is not inherited", "", `
spec:
  securityContext: {runAsUser: 0}
  containers: [{name: sora, image: s}]
  volumes: [{name: sora-log, emptyDir: {}}]`, user, int64(65532)},
		{"a state volume of the pod's own", "", `
spec:
  containers: [{name: sora, image: s}]
  volumes: [{name: sora-log, emptyDir: {}}, {name: rtcship-state, persistentVolumeClaim: {claimName: c}}]`,
			func(r result) any { return len(r.pod.Spec.Volumes) }, 2},
		{"a state volume by annotation", "", `
metadata: {annotations: {rtcship.dev/state-volume: positions}}
spec:
  containers: [{name: sora, image: s}]
  volumes: [{name: sora-log, emptyDir: {}}, {name: positions, emptyDir: {}}]`,
			func(r result) any { return []any{r.c.VolumeMounts[1].Name, len(r.pod.Spec.Volumes)} }, []any{"positions", 2}},
		{"no declared port on the host's network", "", `
spec: {hostNetwork: true, containers: [{name: sora, image: s}], volumes: [{name: sora-log, emptyDir: {}}]}`,
			func(r result) any { return []any{len(r.c.Ports), env(r.c, "RTCSHIP_ADMIN_LISTEN")} }, []any{0, "127.0.0.1:9464"}},
		{"port by annotation", "", `
metadata: {annotations: {rtcship.dev/metrics-port: "9999"}}
spec: {hostNetwork: true, containers: [{name: sora, image: s}], volumes: [{name: sora-log, emptyDir: {}}]}`,
			func(r result) any { return []any{r.c.Ports[0].ContainerPort, env(r.c, "RTCSHIP_ADMIN_LISTEN")} }, []any{int32(9999), ":9999"}},
		{"image by annotation", "", `
metadata: {annotations: {rtcship.dev/image: "r.example/x:2"}}
spec: {containers: [{name: sora, image: s}], volumes: [{name: sora-log, emptyDir: {}}]}`,
			func(r result) any { return r.c.Image }, "r.example/x:2"},
		{"overrides", "sidecar: {config: {log: {level: warn}}}", `
metadata: {annotations: {rtcship.dev/endpoint: "http://other:4317", rtcship.dev/log-level: debug, rtcship.dev/timezone: Asia/Tokyo}}
spec: {containers: [{name: sora, image: s}], volumes: [{name: sora-log, emptyDir: {}}]}`,
			func(r result) any {
				return []string{env(r.c, "RTCSHIP_EXPORT_ENDPOINT"), env(r.c, "RTCSHIP_LOG_LEVEL"), env(r.c, "RTCSHIP_SORA_TIMEZONE")}
			}, []string{"http://other:4317", "debug", "Asia/Tokyo"}},
		{"values become variables", "sidecar: {config: {limits: {read_rate: 1048576}, sora: {exclude: ['*.dump', 'q\"']}}}\nresource: {attributes: {a.b: \"it's\"}}", plain,
			func(r result) any {
				return []string{env(r.c, "RTCSHIP_LIMITS_READ_RATE"), env(r.c, "RTCSHIP_SORA_EXCLUDE"), env(r.c, "RTCSHIP_RESOURCE_ATTRIBUTES")}
			}, []string{"1048576", `["*.dump","q\""]`, `{"a.b":"it's"}`}},
		{"optional secrets", "export: {endpoint: 'http://c:4317', headers: {existingSecret: h}, tls: {existingSecret: t}}", plain,
			func(r result) any {
				return []any{*r.pod.Spec.Volumes[2].Secret.Optional, *r.pod.Spec.Volumes[3].Secret.Optional, env(r.c, "RTCSHIP_EXPORT_HEADERS_FILE"), env(r.c, "RTCSHIP_EXPORT_TLS_CA_FILE")}
			}, []any{true, true, "/etc/rtcship/headers/headers", "/etc/rtcship/tls/ca.crt"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			values := injection
			if strings.HasPrefix(c.values, "export:") {
				values = "injection: {enabled: true}\n"
			}
			p := newPolicies(t, values+c.values)
			pod := mutate(t, &p.inject, parsePod(t, c.pod))
			container := sidecar(pod, "rtcship")
			if container == nil {
				t.Fatalf("not injected: %v", validate(t, &p.pod, podAttributes(pod)))
			}
			if diff := cmp.Diff(c.want, c.got(result{pod, container})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestNotServed holds that a pod that cannot be served is left alone, and that
// both checks say what to do.
func TestNotServed(t *testing.T) {
	p := newPolicies(t, injection)
	for _, c := range []struct{ name, pod, message string }{
		{"no such volume", `
metadata: {annotations: {rtcship.dev/volume: logs}}
spec: {containers: [{name: sora, image: s}], volumes: [{name: other, emptyDir: {}}]}`, `no volume "logs"`},
		{"no volume at all", `spec: {containers: [{name: sora, image: s}]}`, `no volume "sora-log"`},
		{"no such container", `
metadata: {annotations: {rtcship.dev/container: soar}}
spec: {containers: [{name: sora, image: s}], volumes: [{name: sora-log, emptyDir: {}}]}`, `no container is named "soar"`},
		{"subPathExpr", `
spec:
  containers: [{name: sora, image: s, volumeMounts: [{name: sora-log, mountPath: /l, subPathExpr: $(X)}]}]
  volumes: [{name: sora-log, emptyDir: {}}]`, "subPathExpr"},
		{"relative path", `
metadata: {annotations: {rtcship.dev/log-dir: log}}
spec: {containers: [{name: sora, image: s}], volumes: [{name: sora-log, emptyDir: {}}]}`, "absolute path"},
		{"path over the state", `
metadata: {annotations: {rtcship.dev/log-dir: /var/lib/rtcship}}
spec: {containers: [{name: sora, image: s}], volumes: [{name: sora-log, emptyDir: {}}]}`, "outside of /var/lib/rtcship"},
		{"no such state volume", `
metadata: {annotations: {rtcship.dev/state-volume: gone}}
spec: {containers: [{name: sora, image: s}], volumes: [{name: sora-log, emptyDir: {}}]}`, `no volume "gone"`},
		{"state among the logs", `
metadata: {annotations: {rtcship.dev/state-volume: sora-log}}
spec: {containers: [{name: sora, image: s}], volumes: [{name: sora-log, emptyDir: {}}]}`, "both the logs and the state"},
		{"no port", `
metadata: {annotations: {rtcship.dev/metrics-port: http}}
spec: {containers: [{name: sora, image: s}], volumes: [{name: sora-log, emptyDir: {}}]}`, "set it to a port"},
		{"port out of range", `
metadata: {annotations: {rtcship.dev/metrics-port: "70000"}}
spec: {containers: [{name: sora, image: s}], volumes: [{name: sora-log, emptyDir: {}}]}`, "set it to a port"},
		{"empty image", `
metadata: {annotations: {rtcship.dev/image: ""}}
spec: {containers: [{name: sora, image: s}], volumes: [{name: sora-log, emptyDir: {}}]}`, "set it to an image"},
		{"Windows", `
spec: {os: {name: windows}, containers: [{name: sora, image: s}], volumes: [{name: sora-log, emptyDir: {}}]}`, "Linux"},
		{"name taken", `
spec: {containers: [{name: sora, image: s}, {name: rtcship, image: r}], volumes: [{name: sora-log, emptyDir: {}}]}`, "has the name rtcship already"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := parsePod(t, c.pod)
			out := mutate(t, &p.inject, in)
			in.TypeMeta = out.TypeMeta
			if !cmp.Equal(in, out) {
				t.Errorf("the pod was changed:\n%s", cmp.Diff(in, out))
			}
			m := strings.Join(validate(t, &p.pod, podAttributes(out)), "\n")
			if !strings.Contains(m, c.message) || !strings.Contains(m, "not injected") {
				t.Errorf("pod: want a message with %q, got %q", c.message, m)
			}
			m = strings.Join(validate(t, &p.workload, deployment(in)), "\n")
			if !strings.Contains(m, c.message) || !strings.Contains(m, "will not be injected") {
				t.Errorf("workload: want a message with %q, got %q", c.message, m)
			}
		})
	}
}

// TestPolicyAway holds that the check speaks up when a pod could have been
// served and the policy did nothing.
func TestPolicyAway(t *testing.T) {
	p := newPolicies(t, injection)
	m := strings.Join(validate(t, &p.pod, podAttributes(parsePod(t, plain))), "\n")
	if !strings.Contains(m, "rtc-r-rtcship-inject did not apply") {
		t.Errorf("got %q", m)
	}
}

func TestWorkloadsLeftAlone(t *testing.T) {
	p := newPolicies(t, injection)
	unlabelled := parsePod(t, `spec: {containers: [{name: web, image: w}]}`)
	unlabelled.Labels = nil
	if m := validate(t, &p.workload, deployment(unlabelled)); m != nil {
		t.Errorf("a workload without the label: %v", m)
	}
	if m := validate(t, &p.workload, deployment(parsePod(t, plain))); m != nil {
		t.Errorf("a workload that can be served: %v", m)
	}
}

// TestBlastRadius holds that only pods with the label meet the policies, and
// that a fault of a policy lets the pod through.
func TestBlastRadius(t *testing.T) {
	p := newPolicies(t, injection)
	for name, got := range map[string]any{
		"inject": []any{p.inject.Spec.MatchConstraints.ObjectSelector.MatchLabels, *p.inject.Spec.FailurePolicy},
		"check":  []any{p.pod.Spec.MatchConstraints.ObjectSelector.MatchLabels, *p.pod.Spec.FailurePolicy},
	} {
		text, err := yaml.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if want := "- rtcship.dev/inject: \"true\"\n- Ignore\n"; string(text) != want {
			t.Errorf("%s: %s", name, text)
		}
	}
}
