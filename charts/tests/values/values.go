// Package values makes values.schema.json and the table in the chart's
// README.md from its values.yaml, so that a value is described in one place.
package values

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

// A Value is one key of values.yaml.
type Value struct {
	Path   string // "gateway.spool.maxBytes"
	Help   string // its comment
	Extra  map[string]any
	Node   *yaml.Node
	Fields []*Value // of a map that is not free
}

// Read reads values.yaml with its comments.
func Read(path string) ([]*Value, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("parse %s: %w", path, err)
	}
	return fields("", doc.Content[0])
}

func fields(prefix string, m *yaml.Node) (out []*Value, err error) {
	for i := 0; i < len(m.Content); i += 2 {
		key, node := m.Content[i], m.Content[i+1]
		v := &Value{Path: strings.TrimPrefix(prefix+"."+key.Value, "."), Node: node}
		if err := v.comment(key.HeadComment); err != nil {
			return nil, fmt.Errorf("%s: %w", v.Path, err)
		}
		// A map that says what else may be in it is the user's own; its default is shown as it is.
		if _, free := v.Extra["additionalProperties"]; node.Kind == yaml.MappingNode && v.Extra["$ref"] == nil && (!free || v.Help == "") {
			if v.Fields, err = fields(v.Path, node); err != nil {
				return nil, err
			}
		}
		out = append(out, v)
	}
	return out, nil
}

// comment takes the description after "--" and the schema after "@schema".
func (v *Value) comment(text string) error {
	// A blank line ends a comment that belongs to what is above.
	if i := strings.LastIndex(text, "\n\n"); i >= 0 {
		text = text[i+2:]
	}
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(strings.TrimPrefix(line, "#"))
		if help, ok := strings.CutPrefix(line, "-- "); ok {
			v.Help = help
		} else if schema, ok := strings.CutPrefix(line, "@schema "); ok {
			if err := json.Unmarshal([]byte(schema), &v.Extra); err != nil {
				return fmt.Errorf("@schema: %w", err)
			}
		}
	}
	return nil
}

// Table is the Markdown table of all values that are not maps of other ones.
func Table(values []*Value) string {
	var b strings.Builder
	b.WriteString("| value | default | |\n|---|---|---|\n")
	var walk func([]*Value)
	walk = func(list []*Value) {
		for _, v := range list {
			if v.Fields != nil {
				walk(v.Fields)
				continue
			}
			fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", v.Path, v.text(), strings.ReplaceAll(v.Help, "|", `\|`))
		}
	}
	walk(values)
	return b.String()
}

// text is the default in one line of YAML.
func (v *Value) text() string {
	n := *v.Node
	n.HeadComment = ""
	var plain any
	if n.Decode(&plain) != nil {
		return ""
	}
	text, err := json.Marshal(plain)
	if err != nil {
		return ""
	}
	return string(text)
}

const (
	tableBegin = "<!-- values: made from values.yaml; make chart -->\n"
	tableEnd   = "<!-- end of values -->"
)

// Generate returns what values.schema.json and README.md should be, by path from root.
func Generate(root string) (map[string][]byte, error) {
	chart := filepath.Join("charts", "rtcship")
	list, err := Read(filepath.Join(root, chart, "values.yaml"))
	if err != nil {
		return nil, err
	}
	schema, err := Schema(list, filepath.Join(root, "docs", "configuration.md"))
	if err != nil {
		return nil, err
	}
	readme, err := os.ReadFile(filepath.Join(root, chart, "README.md"))
	if err != nil {
		return nil, err
	}
	before, rest, ok := bytes.Cut(readme, []byte(tableBegin))
	_, after, ok2 := bytes.Cut(rest, []byte(tableEnd))
	if !ok || !ok2 {
		return nil, fmt.Errorf("README.md has no %s", strings.TrimSpace(tableBegin))
	}
	readme = bytes.Join([][]byte{before, []byte(tableBegin), []byte(Table(list)), []byte(tableEnd), after}, nil)
	return map[string][]byte{
		filepath.Join(chart, "values.schema.json"): schema,
		filepath.Join(chart, "README.md"):          readme,
	}, nil
}
