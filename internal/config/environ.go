package config

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// applyEnviron takes the RTCSHIP_* variables. An empty one counts as unset,
// as the OpenTelemetry specification has it for its own. One that is unknown
// is only a warning: Kubernetes makes such variables for a Service of that name.
func (l *loader) applyEnviron(environ []string) {
	byEnv := map[string]Key{}
	var names []string
	for _, k := range l.keys {
		byEnv[k.Env()] = k
		names = append(names, k.Env())
	}
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, envPrefix) || value == "" || name == ConfigFileVariable {
			continue
		}
		k, ok := byEnv[name]
		if !ok {
			l.Warnings = append(l.Warnings, Fault{name, "", "unknown variable, left alone" + didYouMean(nearest(name, names))})
			continue
		}
		l.setText(k, []string{value}, name)
	}
}

// ConfigFileVariable names the config file where no flag does.
const ConfigFileVariable = "RTCSHIP_CONFIG"

func (l *loader) applyFlags(flags map[string][]string) {
	for _, k := range l.keys { // in the order of the keys, so that faults come in a stable order
		if values := flags[k.Path]; len(values) > 0 {
			l.setText(k, values, "--"+k.Flag())
		}
	}
}

// setText sets a key from text. The text is YAML, but a plain string is taken
// as it stands, and the values of a list key may come one by one.
func (l *loader) setText(k Key, values []string, where string) {
	last := values[len(values)-1]
	switch {
	case k.text:
		l.set(k, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: unquote(last)}, where)
		return
	case k.List && !strings.HasPrefix(strings.TrimSpace(last), "["):
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, v := range values {
			n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: v})
		}
		l.set(k, n, where)
		return
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(last), &doc); err != nil || len(doc.Content) == 0 {
		what := strconv.Quote(last)
		if k.hidesValue() {
			what = fmt.Sprintf("what stands here (%d characters)", len(last))
		}
		l.fault(where, k.Path, "%s is no YAML value%s", what, parenthesis(err))
		return
	}
	l.set(k, doc.Content[0], where)
}

func parenthesis(err error) string {
	if err == nil {
		return ""
	}
	_, msg := splitYAMLError(err)
	return fmt.Sprintf(" (%s)", msg)
}

// unquote takes YAML's quotes off a text that has them.
func unquote(s string) string {
	if len(s) < 2 || (s[0] != '"' && s[0] != '\'') || s[len(s)-1] != s[0] {
		return s
	}
	var out string
	if yaml.Unmarshal([]byte(s), &out) != nil {
		return s
	}
	return out
}
