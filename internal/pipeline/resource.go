package pipeline

import (
	"cmp"
	"maps"
	"os"
	"slices"

	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/internal/config"
)

// soraResource describes the Sora server: what the OTEL_* variables and the
// configuration say of it, over what can be found out.
func soraResource(cfg *config.Config) []otlp.Attr {
	all := map[string]string{"service.name": "sora"}
	if host, err := os.Hostname(); err == nil {
		all["host.name"] = host
	}
	maps.Copy(all, cfg.Resource.FromEnvironment)
	maps.Copy(all, cfg.Resource.Attributes)
	if id := instanceID(all); id != "" {
		all["service.instance.id"] = id
	}
	return attributes(all)
}

// instanceID is what the semantic conventions give to a container in
// Kubernetes that says nothing else of itself: namespace, pod and container.
func instanceID(all map[string]string) string {
	if all["service.instance.id"] != "" {
		return ""
	}
	ns, pod, container := all["k8s.namespace.name"], all["k8s.pod.name"], all["k8s.container.name"]
	if ns == "" || pod == "" || container == "" {
		return ""
	}
	return ns + "." + pod + "." + container
}

// pexipResource is the part of Pexip's resources that all its systems share.
// The variables describe the place where rtcship runs, which is not where
// Pexip runs, so only what both have in common is taken from them.
func pexipResource(cfg *config.Config) []otlp.Attr {
	all := map[string]string{"service.name": "pexip-infinity"}
	for _, from := range []map[string]string{cfg.Resource.FromEnvironment, cfg.Resource.Attributes} {
		for _, key := range []string{"service.namespace", "deployment.environment.name"} {
			if v := from[key]; v != "" {
				all[key] = v
			}
		}
	}
	return attributes(all)
}

// attributes puts them into a fixed order, so that equal resources are equal bytes.
func attributes(all map[string]string) []otlp.Attr {
	list := make([]otlp.Attr, 0, len(all))
	for k, v := range all {
		if v != "" {
			list = append(list, otlp.Attr{Key: k, Value: v})
		}
	}
	slices.SortFunc(list, func(a, b otlp.Attr) int { return cmp.Compare(a.Key, b.Key) })
	return list
}
