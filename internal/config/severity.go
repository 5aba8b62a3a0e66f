package config

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Severity is an OTLP severity number, from 1 to 24, written by a name that
// Sora, Pexip or OpenTelemetry gives it. 0, written as "", is none.
type Severity int

// severities are the names, the one that is shown first of each number first.
var severities = []struct {
	name   string
	number Severity
}{
	{"trace", 1}, {"trace2", 2}, {"trace3", 3}, {"trace4", 4},
	{"debug", 5}, {"debug2", 6}, {"debug3", 7}, {"debug4", 8},
	{"info", 9}, {"notice", 10}, {"info2", 10}, {"info3", 11}, {"info4", 12},
	{"warning", 13}, {"warn", 13}, {"warn2", 14}, {"warn3", 15}, {"warn4", 16},
	{"error", 17}, {"err", 17}, {"critical", 18}, {"crit", 18}, {"error2", 18}, {"alert", 19}, {"error3", 19}, {"error4", 20},
	{"emergency", 21}, {"emerg", 21}, {"fatal", 21}, {"fatal2", 22}, {"fatal3", 23}, {"fatal4", 24},
}

// UnmarshalYAML reads a name, in capitals or not, or the number.
func (s *Severity) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return fmt.Errorf("want a severity such as info or warning")
	}
	name := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(n.Value)), "severity_number_")
	if name == "" {
		*s = 0
		return nil
	}
	if number, err := strconv.Atoi(name); err == nil && number >= 1 && number <= 24 {
		*s = Severity(number)
		return nil
	}
	var names []string
	for _, v := range severities {
		if v.name == name {
			*s = v.number
			return nil
		}
		names = append(names, v.name)
	}
	meant := ""
	if len(name) > 2 { // which anything is near to
		meant = nearest(name, names)
	}
	return fmt.Errorf("%q is no severity: write debug, info, notice, warning, error, critical, alert or emergency%s", n.Value, didYouMean(meant))
}

// MarshalYAML writes the severity the way it is read.
func (s Severity) MarshalYAML() (any, error) { return s.String(), nil }

// String is the severity's name.
func (s Severity) String() string {
	for _, v := range severities {
		if v.number == s {
			return v.name
		}
	}
	return ""
}
