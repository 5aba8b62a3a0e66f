package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/rtcship/rtcship/internal/endpoint"
)

// ValueText is the key's value in c the way it is written in a file.
func (k Key) ValueText(c *Config) string {
	return valueText(reflect.ValueOf(c).Elem().FieldByIndex(k.index))
}

// MaskedText is ValueText without what may be secret: the values of headers,
// and user, password and query of the endpoint.
func (k Key) MaskedText(c *Config) string {
	switch {
	case k.Path == "export.endpoint":
		return valueText(reflect.ValueOf(c.Export.MaskedEndpoint()))
	case k.Path != "export.headers" || len(c.Export.Headers) == 0:
		return k.ValueText(c)
	}
	masked := map[string]string{}
	for name := range c.Export.Headers {
		masked[name] = endpoint.Hidden
	}
	return valueText(reflect.ValueOf(masked))
}

// MaskedEndpoint is the endpoint without user, password and query.
func (e *Export) MaskedEndpoint() string { return endpoint.Mask(e.Endpoint) }

func valueText(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.Slice && v.Len() == 0:
		return "[]"
	case v.Kind() == reflect.Map && v.Len() == 0:
		return "{}"
	case v.Kind() == reflect.String && v.Len() == 0:
		return `""`
	}
	switch x := v.Interface().(type) { // most are one of these, and YAML's encoder takes 16 KiB for each
	case bool:
		return strconv.FormatBool(x)
	case int:
		return strconv.Itoa(x)
	case time.Duration:
		return x.String()
	}
	var n yaml.Node
	if err := n.Encode(v.Interface()); err != nil {
		return fmt.Sprint(v.Interface())
	}
	n.Style = yaml.FlowStyle
	out, err := yaml.Marshal(&n)
	if err != nil {
		return fmt.Sprint(v.Interface())
	}
	return strings.TrimSpace(string(out))
}
