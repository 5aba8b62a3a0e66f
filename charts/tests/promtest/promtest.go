// Package promtest holds what queries in alerts and on dashboards are tested with.
package promtest

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// Tool is the path of promtool: $PROMTOOL, or the one of the machine. Without
// any the test is skipped.
func Tool(t *testing.T) string {
	t.Helper()
	if tool := os.Getenv("PROMTOOL"); tool != "" {
		return tool
	}
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("no promtool: make chart-test brings it, or set PROMTOOL")
	}
	return tool
}

// Metrics are those that rtcship has.
type Metrics string

// Documented reads the metrics off docs/metrics.md, whose path is given.
func Documented(t *testing.T, path string) Metrics {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return Metrics(text)
}

var metricName = regexp.MustCompile(`rtcship_\w+`)

// Check reports the metrics in a query that rtcship does not have.
func (m Metrics) Check(t *testing.T, where, query string) {
	t.Helper()
	for _, name := range metricName.FindAllString(query, -1) {
		if !strings.Contains(string(m), "`"+name+"`") && !m.hasHistogram(name) {
			t.Errorf("%s: docs/metrics.md knows no %s", where, name)
		}
	}
}

// hasHistogram reports whether name is a series of a histogram.
func (m Metrics) hasHistogram(name string) bool {
	for _, suffix := range []string{"_bucket", "_count", "_sum"} {
		if base, ok := strings.CutSuffix(name, suffix); ok && strings.Contains(string(m), "`"+base+"` | histogram |") {
			return true
		}
	}
	return false
}
