package charts

import (
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/yaml"
)

// TestMonitoringObjects decodes the objects of Prometheus' operator, strictly, into its own types.
func TestMonitoringObjects(t *testing.T) {
	kinds := map[string]func() any{
		"PodMonitor":     func() any { return &monitoring.PodMonitor{} },
		"ServiceMonitor": func() any { return &monitoring.ServiceMonitor{} },
		"PrometheusRule": func() any { return &monitoring.PrometheusRule{} },
	}
	seen := map[string]bool{}
	for name, values := range ciValues(t) {
		for _, o := range objects(t, mustRender(t, load(t, chartDir), values)) {
			make, ok := kinds[o.Kind]
			if !ok {
				continue
			}
			seen[o.Kind] = true
			if err := yaml.UnmarshalStrict([]byte(o.text), make()); err != nil {
				t.Errorf("%s: %s %s: %v", name, o.Kind, o.Metadata.Name, err)
			}
		}
	}
	for kind := range kinds {
		if !seen[kind] {
			t.Errorf("no ci/*-values.yaml renders a %s", kind)
		}
	}
}
