package charts

import (
	"slices"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
)

// TestPolicyFollowsTheEndpoint holds that what the NetworkPolicy lets out
// includes the port that records go to.
func TestPolicyFollowsTheEndpoint(t *testing.T) {
	for endpoint, want := range map[string][]int{
		"http://c:4317":              {4317, 4318, 443},
		"http://c:14317":             {14317, 4317, 4318, 443},
		"https://c.example/otlp":     {443, 4317, 4318},
		"http://c.example/otlp":      {80, 4317, 4318, 443},
		"http://c.example:8080/a:9":  {8080, 4317, 4318, 443},
		"https://[2001:db8::5]:9317": {9317, 4317, 4318, 443},
		"https://[2001:db8::5]":      {443, 4317, 4318},
		"dns:///c:5317":              {5317, 4317, 4318, 443},
		"unix:///run/c.sock":         {4317, 4318, 443},
	} {
		values := parse(t, "gateway: {enabled: true}\nnetworkPolicy: {enabled: true}\nexport: {endpoint: '"+endpoint+"'}")
		var policy networkingv1.NetworkPolicy
		find(t, objects(t, mustRender(t, load(t, chartDir), values)), "NetworkPolicy", "-gateway", &policy)
		var got []int
		for _, p := range policy.Spec.Egress[0].Ports {
			got = append(got, p.Port.IntValue())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: ports %v, want %v", endpoint, got, want)
		}
	}
}
