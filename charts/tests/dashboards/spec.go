// Package dashboards makes Grafana's and Kibana's dashboards from one list of
// questions, so that both ask the same.
package dashboards

import (
	"fmt"
	"strings"
)

// A Question is one panel: what is asked of which log records.
type Question struct {
	Title, Help string
	Kind        Kind
	Where       Where
	By          string // attribute to group by
	Value       string // attribute whose number is looked at
	Unit        string // Grafana's name of the unit
	Width       int    // of 24 columns
	Link        string // variable that a click on a value of By sets
}

// A Kind says how the answer looks.
type Kind int

// The kinds.
const (
	Count    Kind = iota // one number: how many
	OverTime             // how many, over time, by an attribute
	Top                  // a table of the most frequent values
	Quantile             // the 95th percentile of a number over time
	Lines                // the log lines themselves
	Row                  // a heading
)

// Where picks log records. Attribute names are OpenTelemetry's, with dots.
type Where struct {
	Service string
	Text    string      // part of the body
	Match   [][2]string // attribute and regular expression; "" = the attribute is there
	Filters []string    // variables of the dashboard that narrow it down, each a part of a value: attribute=variable
}

// A Board is a dashboard of questions.
type Board struct {
	UID, Title, Help string
	Service          string
	Variables        [][3]string // name, label, attribute
	Questions        []Question
}

func underscore(attribute string) string {
	return strings.NewReplacer(".", "_", "-", "_").Replace(attribute)
}

// logQL is the query for Loki, to which OTLP's attributes come with
// underscores, as structured metadata.
func (w Where) logQL() string {
	var b strings.Builder
	fmt.Fprintf(&b, `{service_name=%q}`, w.Service)
	if w.Text != "" {
		fmt.Fprintf(&b, ` |= %q`, w.Text)
	}
	for _, m := range w.Match {
		if m[1] == "" {
			fmt.Fprintf(&b, ` | %s!=""`, underscore(m[0]))
		} else {
			fmt.Fprintf(&b, " | %s=~`%s`", underscore(m[0]), m[1])
		}
	}
	for _, f := range w.Filters {
		attribute, variable, _ := strings.Cut(f, "=")
		fmt.Fprintf(&b, " | %s=~`(?i).*${%s:regex}.*`", underscore(attribute), variable)
	}
	return b.String()
}

// kql is the query for Kibana.
func (w Where) kql() string {
	parts := []string{fmt.Sprintf(`resource.attributes.service.name: %q`, w.Service)}
	if w.Text != "" {
		parts = append(parts, fmt.Sprintf(`body.text: %q`, w.Text))
	}
	for _, m := range w.Match {
		name := field(m[0])
		switch {
		case m[1] == "":
			parts = append(parts, name+": *")
		case strings.Contains(m[1], ".*"):
			parts = append(parts, fmt.Sprintf("%s: %s", name, strings.ReplaceAll(m[1], ".*", "*")))
		default:
			var any []string
			for v := range strings.SplitSeq(strings.ReplaceAll(m[1], `\.`, "."), "|") {
				any = append(any, fmt.Sprintf("%q", v))
			}
			parts = append(parts, fmt.Sprintf("%s: (%s)", name, strings.Join(any, " or ")))
		}
	}
	return strings.Join(parts, " and ")
}

// field is the name of an attribute in Elasticsearch.
func field(attribute string) string {
	switch {
	case attribute == "detected_level":
		return "severity_text"
	case strings.HasPrefix(attribute, "host.") || strings.HasPrefix(attribute, "k8s.") || strings.HasPrefix(attribute, "service."):
		return "resource.attributes." + attribute
	default:
		return "attributes." + attribute
	}
}
