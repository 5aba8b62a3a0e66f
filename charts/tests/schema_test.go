package charts

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"
)

// TestObjects checks every rendered object against the API of the newest and
// the oldest Kubernetes that it is meant for, with the schemas of the API
// servers themselves, strictly: a field that the API does not know is a fault.
func TestObjects(t *testing.T) {
	for _, version := range []string{newest, oldest} {
		t.Run(version, func(t *testing.T) {
			schemas := newSchemas(t, version)
			for name, values := range ciValues(t) {
				if version == oldest && strings.HasPrefix(name, "injection") {
					continue // needs the policies of a newer one
				}
				for _, o := range objects(t, mustRender(t, load(t, chartDir), values)) {
					schemas.check(t, name, o)
				}
			}
			for _, o := range objects(t, mustRender(t, soraChart(t), map[string]any{})) {
				schemas.check(t, "named template", o)
			}
			for _, name := range tiers {
				for _, o := range objects(t, map[string]string{name: tierManifest(t, name)}) {
					schemas.check(t, "collector/"+name, o)
				}
			}
		})
	}
}

// TestSchemasRefuse holds that the check above can fail.
func TestSchemasRefuse(t *testing.T) {
	schemas := newSchemas(t, newest)
	for name, text := range map[string]string{
		"misspelt field":   "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {port: []}}",
		"wrong type":       "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}, spec: {replicas: two, selector: {}, serviceName: a, template: {}}}",
		"missing selector": "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}, spec: {serviceName: a, template: {}}}",
	} {
		if schemas.validate(t, "v1", strings.Fields(text)[3], text) == nil && schemas.validate(t, "apps/v1", "StatefulSet", text) == nil {
			t.Errorf("%s was let through", name)
		}
	}
}

// schemas are the types of one version's API.
type schemas struct {
	compiler *jsonschema.Compiler
	names    map[string]string // "apps/v1 StatefulSet" to the definition's name
}

const document = "mem:///kubernetes.json"

// newSchemas reads the OpenAPI document that every release of Kubernetes carries in its Go module.
func newSchemas(t testing.TB, version string) *schemas {
	t.Helper()
	out, err := exec.Command("go", "mod", "download", "-json", "k8s.io/kubernetes@v"+version).Output()
	if err != nil {
		t.Fatalf("fetch the API of Kubernetes %s: %v", version, err)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(module.Dir, "api", "openapi-spec", "swagger.json"))
	if err != nil {
		t.Fatal(err)
	}
	var api struct{ Definitions map[string]map[string]any }
	if err := json.Unmarshal(text, &api); err != nil {
		t.Fatal(err)
	}
	s := &schemas{compiler: jsonschema.NewCompiler(), names: map[string]string{}}
	s.compiler.DefaultDraft(jsonschema.Draft7)
	definitions := map[string]any{}
	for name, d := range api.Definitions {
		for _, k := range gvks(d) {
			s.names[k] = name
		}
		definitions[name] = strict(d)
	}
	definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"] = map[string]any{"type": []any{"string", "number"}}
	if err := s.compiler.AddResource(document, map[string]any{"definitions": definitions}); err != nil {
		t.Fatal(err)
	}
	return s
}

// gvks are the kinds that a definition says it is.
func gvks(d map[string]any) (kinds []string) {
	list, _ := d["x-kubernetes-group-version-kind"].([]any)
	for _, item := range list {
		k := item.(map[string]any)
		group, _ := k["group"].(string)
		kinds = append(kinds, strings.TrimPrefix(group+"/"+k["version"].(string), "/")+" "+k["kind"].(string))
	}
	return kinds
}

// strict turns an OpenAPI 2 schema into a JSON schema that refuses what it does not name.
func strict(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = strict(v[i])
		}
	case map[string]any:
		if v["format"] == "int-or-string" {
			return map[string]any{"type": []any{"integer", "string"}}
		}
		delete(v, "format") // JSON schema has other formats
		for key, item := range v {
			v[key] = strict(item)
		}
		if _, isObject := v["properties"].(map[string]any); isObject && v["additionalProperties"] == nil && v["type"] == "object" {
			v["additionalProperties"] = false
		}
	}
	return v
}

func (s *schemas) check(t testing.TB, from string, o object) {
	t.Helper()
	if strings.HasPrefix(o.APIVersion, "monitoring.coreos.com/") {
		return // TestMonitoringObjects
	}
	if err := s.validate(t, o.APIVersion, o.Kind, o.text); err != nil {
		t.Errorf("%s: %s %s: %v", from, o.Kind, o.Metadata.Name, err)
	}
}

func (s *schemas) validate(t testing.TB, apiVersion, kind, text string) error {
	t.Helper()
	name, ok := s.names[apiVersion+" "+kind]
	if !ok {
		return errors.New("no such kind: " + apiVersion + " " + kind)
	}
	schema, err := s.compiler.Compile(document + "#/definitions/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return err
	}
	return schema.Validate(value)
}
