package charts

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/lint"
)

// TestGolden renders the chart with each of ci/*-values.yaml.
func TestGolden(t *testing.T) {
	for name, values := range ciValues(t) {
		t.Run(name, func(t *testing.T) {
			files := mustRender(t, load(t, chartDir), values)
			var b strings.Builder
			for _, file := range sorted(files) {
				text := files[file]
				if strings.Contains(file, "dashboard") { // committed as they are, a few lines further up
					text = shorten(text)
				}
				fmt.Fprintf(&b, "# %s\n%s\n", strings.TrimPrefix(file, "rtcship/"), strings.TrimSpace(text))
			}
			golden(t, filepath.Join("testdata", "golden", name+".yaml"), b.String())
		})
	}
}

// shorten leaves the JSON of dashboards out.
func shorten(text string) string {
	lines := strings.Split(text, "\n")
	kept := slices.DeleteFunc(lines, func(l string) bool {
		return strings.HasPrefix(l, "    ") && strings.ContainsAny(l, `{}[]"`) && !strings.Contains(l, "label") && !strings.Contains(l, "_folder") && !strings.Contains(l, "rtcship.dev")
	})
	return strings.Join(kept, "\n")
}

// TestFails holds what the chart refuses, by message.
func TestFails(t *testing.T) {
	const endpoint = "export: {endpoint: 'http://c:4317'}\n"
	for _, c := range []struct{ name, values, message string }{
		{"no endpoint, injection", "injection: {enabled: true}", "export.endpoint is not set: give the address"},
		{"no endpoint, gateway", "gateway: {enabled: true}", "export.endpoint is not set: give the address"},
		{"endpoint without scheme", "export: {endpoint: 'collector:4317'}", "export"},
		{"password in the endpoint, gateway", "export: {endpoint: 'http://u:s3cret@c:4317'}\ngateway: {enabled: true}", "name that in export.headers.existingSecret"},
		{"password in the endpoint, injection", "export: {endpoint: 'https://s3cret@c:4317/x'}\ninjection: {enabled: true}", "name that in export.headers.existingSecret"},
		{"key in the endpoint", "export: {endpoint: 'https://c/x?key=s3cret', protocol: http/protobuf}\ngateway: {enabled: true}", "valueFrom.secretKeyRef"},
		{"password of a proxy, gateway", endpoint + "gateway: {enabled: true, extraEnv: [{name: HTTPS_PROXY, value: 'http://u:s3cret@p:3128'}]}", "gateway.extraEnv: the value of HTTPS_PROXY"},
		{"password of a proxy, injection", endpoint + "injection: {enabled: true}\nsidecar: {extraEnv: [{name: HTTPS_PROXY, value: 'http://u:s3cret@p:3128'}]}", "sidecar.extraEnv: the value of HTTPS_PROXY"},
		{"name without a port, gateway", "export: {endpoint: 'dns:///c.monitoring'}\ngateway: {enabled: true}", "needs three slashes and the port of the pods"},
		{"name without a port, injection", "export: {endpoint: 'dns:///c.monitoring'}\ninjection: {enabled: true}", "needs three slashes and the port of the pods"},
		{"name with two slashes", "export: {endpoint: 'dns://c.monitoring:4317'}\ngateway: {enabled: true}", "needs three slashes and the port of the pods"},
		{"name with a port that is none", "export: {endpoint: 'dns:///c:otlp'}\ngateway: {enabled: true}", "needs three slashes and the port of the pods"},
		{"name with a path", "export: {endpoint: 'dns:///c:4317/v1/logs'}\ngateway: {enabled: true}", "needs three slashes and the port of the pods"},
		{"name over HTTP", "export: {endpoint: 'dns:///c:4318', protocol: http/protobuf}\ngateway: {enabled: true}", "dns:/// is for gRPC alone"},
		{"no listener", endpoint + "gateway: {enabled: true, listen: {udp: false, tcp: false}}", "switch at least one of udp, tcp and tls on"},
		{"TLS without certificate", endpoint + "gateway: {enabled: true, listen: {tls: true}}", "needs gateway.tls.existingSecret"},
		{"grace period too short", endpoint + "gateway: {enabled: true, drainTimeoutSeconds: 30, terminationGracePeriodSeconds: 34}", "it must be at least 35"},
		{"autoscaling below replicas", endpoint + "gateway: {enabled: true, replicas: 5, autoscaling: {enabled: true}}", "maxReplicas is less than"},
		{"a key the chart sets", endpoint + "gateway: {enabled: true, config: {drain_timeout: 10s}}", "gateway.config.drain_timeout: set gateway.drainTimeoutSeconds instead"},
		{"a nested key the chart sets", endpoint + "injection: {enabled: true}\nsidecar: {config: {export: {headers: {a: b}}}}", "sidecar.config.export.headers: set export.headers.existingSecret instead"},
		{"misspelt value", "gatway: {enabled: true}", "gatway"},
		{"misspelt nested value", "gateway: {spool: {maxByte: 1}}", "maxByte"},
		{"misspelt configuration key", "sidecar: {config: {export: {time_out: 5s}}}", "time_out"},
		{"wrong type", "gateway: {replicas: two}", "replicas"},
		{"wrong choice", "export: {protocol: http/json}", "protocol"},
		{"tag in the digest", "image: {digest: latest}", "digest"},
		{"root", "sidecar: {runAsUser: 0}", "runAsUser"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := render(load(t, chartDir), parse(t, c.values))
			if err == nil || !strings.Contains(err.Error(), c.message) {
				t.Errorf("want an error with %q, got %v", c.message, err)
			}
		})
	}
}

// TestGlobal holds that the chart can be a dependency whose parent has values
// of its own under global.
func TestGlobal(t *testing.T) {
	mustRender(t, load(t, chartDir), parse(t, "global: {storageClass: fast, imageRegistry: registry.example}"))
}

func TestLint(t *testing.T) {
	version, err := chartutil.ParseKubeVersion("v" + newest)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range ciValues(t) {
		for _, m := range lint.AllWithKubeVersion(chartDir, values, "rtc", version).Messages {
			t.Errorf("%s: %v", name, m)
		}
	}
}

// TestNotes holds that NOTES.txt says what to do next, and warns where it must.
func TestNotes(t *testing.T) {
	const endpoint = "export: {endpoint: 'http://c:4317'}\n"
	for _, c := range []struct{ name, values, want string }{
		{"nothing on", "", "nothing ships any logs"},
		{"injection", endpoint + "injection: {enabled: true}", `rtcship.dev/inject: "true"`},
		{"injection with secrets", "export: {endpoint: 'http://c:4317', headers: {existingSecret: s}}\ninjection: {enabled: true}", "must exist in the namespace of each Sora pod"},
		{"gateway inside", endpoint + "gateway: {enabled: true}", "Only pods of this cluster reach it"},
		{"gateway outside", endpoint + "gateway: {enabled: true, service: {type: LoadBalancer}}", "Anyone who reaches the port may send"},
		{"gateway through nodes", endpoint + "gateway: {enabled: true, service: {type: NodePort, externalTrafficPolicy: Cluster}}", "the senders' addresses are lost"},
		{"host's network", endpoint + "injection: {enabled: true}", "rtcship.dev/metrics-port"},
		{"no volume", endpoint + "gateway: {enabled: true, spool: {volume: {persistent: false}}}", "The spool is an emptyDir"},
	} {
		notes := mustRender(t, load(t, chartDir), parse(t, c.values))["rtcship/templates/NOTES.txt"]
		if !strings.Contains(notes, c.want) {
			t.Errorf("%s: the notes do not say %q:\n%s", c.name, c.want, notes)
		}
	}
}

// TestLabels holds the recommended labels on each object, and that no selector
// holds what changes with an upgrade.
func TestLabels(t *testing.T) {
	for name, values := range ciValues(t) {
		for _, o := range objects(t, mustRender(t, load(t, chartDir), values)) {
			if strings.HasPrefix(o.Metadata.Name, "r-map") || strings.HasPrefix(o.Metadata.Name, "r-text") {
				continue // the user's own
			}
			for _, label := range []string{"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/version", "app.kubernetes.io/managed-by", "helm.sh/chart"} {
				if o.Metadata.Labels[label] == "" {
					t.Errorf("%s: %s %s has no label %s", name, o.Kind, o.Metadata.Name, label)
				}
			}
			_, selectors, _ := strings.Cut(o.text, "\nspec:")
			if o.Kind != "MutatingAdmissionPolicy" && strings.Contains(selectors, "helm.sh/chart") {
				t.Errorf("%s: %s %s: helm.sh/chart below spec", name, o.Kind, o.Metadata.Name)
			}
		}
	}
}

// TestNoSecretValues holds that no header or key ever stands in an object: only names of Secrets.
func TestNoSecretValues(t *testing.T) {
	for name, values := range ciValues(t) {
		for _, o := range objects(t, mustRender(t, load(t, chartDir), values)) {
			if o.Kind == "Secret" || strings.Contains(o.text, "RTCSHIP_EXPORT_HEADERS\"") {
				t.Errorf("%s: %s %s holds a secret", name, o.Kind, o.Metadata.Name)
			}
		}
	}
}

// TestNothingClusterWideByDefault: without switches the chart renders its notes only.
func TestNothingByDefault(t *testing.T) {
	files := mustRender(t, load(t, chartDir), map[string]any{})
	if names := slices.Collect(maps.Keys(files)); len(names) != 1 || names[0] != "rtcship/templates/NOTES.txt" {
		t.Errorf("rendered: %v", names)
	}
}
