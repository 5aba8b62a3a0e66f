package values

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"

	"gopkg.in/yaml.v3"
)

// Schema is the JSON schema (draft 7, which Helm reads) of values.yaml. A key
// that values.yaml does not have is refused, so that a misspelt one is not
// overlooked; in sidecar.config and gateway.config the same goes for rtcship's
// own keys.
func Schema(list []*Value, configuration string) ([]byte, error) {
	config, err := configSchema(configuration)
	if err != nil {
		return nil, err
	}
	properties := map[string]any{}
	for _, v := range list {
		properties[v.key()] = v.schema()
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	err = enc.Encode(map[string]any{
		"$schema":              "http://json-schema.org/draft-07/schema#",
		"title":                "Values of the chart rtcship",
		"type":                 "object",
		"additionalProperties": false,
		"properties":           properties,
		"definitions":          map[string]any{"config": config},
	})
	return b.Bytes(), err
}

func (v *Value) key() string { return v.Path[strings.LastIndexByte(v.Path, '.')+1:] }

func (v *Value) schema() map[string]any {
	s := map[string]any{}
	if v.Help != "" {
		s["description"] = v.Help
	}
	if v.Extra["$ref"] == nil {
		maps.Copy(s, kind(v.Node))
	}
	if v.Fields != nil {
		properties := map[string]any{}
		for _, f := range v.Fields {
			properties[f.key()] = f.schema()
		}
		s["properties"] = properties
		s["additionalProperties"] = false
	}
	maps.Copy(s, v.Extra)
	return s
}

func kind(n *yaml.Node) map[string]any {
	switch {
	case n.Kind == yaml.MappingNode:
		return map[string]any{"type": "object"}
	case n.Kind == yaml.SequenceNode:
		return map[string]any{"type": "array"}
	case n.Tag == "!!bool":
		return map[string]any{"type": "boolean"}
	case n.Tag == "!!int":
		return map[string]any{"type": "integer"}
	default:
		return map[string]any{"type": "string"}
	}
}

// configSchema makes a schema of the table of keys in docs/configuration.md.
// Values are not looked at: rtcship does that, and says more.
func configSchema(path string) (map[string]any, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	root := object("Keys of rtcship's configuration")
	for line := range strings.SplitSeq(string(text), "\n") {
		cells := strings.Split(strings.ReplaceAll(line, `\|`, "or"), "|")
		if len(cells) < 6 || !strings.HasPrefix(cells[1], " `") || !strings.Contains(cells[3], "RTCSHIP_") {
			continue
		}
		at := root
		parts := strings.Split(strings.Trim(cells[1], " `"), ".")
		for _, part := range parts[:len(parts)-1] {
			properties := at["properties"].(map[string]any)
			if properties[part] == nil {
				properties[part] = object("")
			}
			at = properties[part].(map[string]any)
		}
		at["properties"].(map[string]any)[parts[len(parts)-1]] = map[string]any{"description": strings.TrimSpace(cells[4])}
	}
	if len(root["properties"].(map[string]any)) == 0 {
		return nil, fmt.Errorf("%s: no keys found", path)
	}
	return root, nil
}

func object(description string) map[string]any {
	o := map[string]any{"type": "object", "additionalProperties": false, "properties": map[string]any{}}
	if description != "" {
		o["description"] = description
	}
	return o
}
