package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/rtcship/rtcship/convert/pexip"
	"github.com/rtcship/rtcship/convert/sora"
)

// A DropRule names records that are not sent: those for which all of its
// conditions hold. In each, * stands for anything.
type DropRule struct {
	Log    string `yaml:"log,omitempty"`
	Code   string `yaml:"code,omitempty"`
	Module string `yaml:"module,omitempty"`
	Event  string `yaml:"event,omitempty"`
}

// DropRules are all of them. Each fault of one is told at its own place.
type DropRules []DropRule

// maxDropRules bounds what a record may be held against, and the series of metrics.
const maxDropRules = 100

// UnmarshalYAML reads a list of mappings, or one mapping.
func (d *DropRules) UnmarshalYAML(n *yaml.Node) error {
	rules := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		rules = n.Content
	}
	var faults nodeFaults
	*d = nil
	for _, r := range rules {
		*d = append(*d, readRule(r, &faults))
	}
	if len(*d) > maxDropRules {
		faults.add(n, "%d rules are more than %d: let * stand for what several have in common", len(*d), maxDropRules)
	}
	if len(faults) > 0 {
		return faults
	}
	return nil
}

// wantRule is what a rule has to be.
const wantRule = "want a mapping of log, code, module or event, such as {log: signaling, event: sora.signaling.offer}"

func readRule(n *yaml.Node, faults *nodeFaults) (r DropRule) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.MappingNode {
		faults.add(n, wantRule)
		return r
	}
	before := len(*faults)
	fields := map[string]*string{"log": &r.Log, "code": &r.Code, "module": &r.Module, "event": &r.Event}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		to := fields[name.Value]
		switch {
		case to == nil:
			faults.add(name, "unknown condition %q%s", name.Value, didYouMean(nearest(name.Value, []string{"log", "code", "module", "event"})))
		case *to != "":
			faults.add(name, "%s is here a second time: write a rule for each, or let * stand for what differs", name.Value)
		case value.Kind != yaml.ScalarNode || value.Value == "":
			faults.add(value, "%s: want a text, in which * stands for anything", name.Value)
		default:
			*to = value.Value
		}
	}
	switch {
	case len(*faults) > before:
	case r == (DropRule{}):
		faults.add(n, "a rule without a condition would drop everything: %s", wantRule)
	case r.Module != "" && (r.Log != "" || r.Code != ""):
		faults.add(n, "no record has both: log and code are Sora's, module is Pexip's")
	}
	return r
}

// A nodeFault is a fault within a value.
type nodeFault struct {
	node    *yaml.Node
	message string
}

type nodeFaults []nodeFault

func (f *nodeFaults) add(n *yaml.Node, format string, args ...any) {
	*f = append(*f, nodeFault{n, fmt.Sprintf(format, args...)})
}

// Error joins the faults, for what knows no places.
func (f nodeFaults) Error() string {
	var all []string
	for i := range f {
		all = append(all, f[i].message)
	}
	return strings.Join(all, "; ")
}

// warnOfDrops tells of rules that hold for no record that the catalogues know:
// a misspelt one drops nothing, which only the bill would show.
func (l *loader) warnOfDrops() {
	for _, r := range l.Drop {
		l.warnOfDrop("log", r.Log, sora.Logs())
		l.warnOfDrop("code", r.Code, names(sora.Events(), func(e sora.Event) []string { return append(e.Aliases, e.Code) }))
		l.warnOfDrop("module", r.Module, names(pexip.Messages(), func(m pexip.Message) []string { return []string{m.Module} }))
	}
}

func (l *loader) warnOfDrop(condition, value string, known []string) {
	if value == "" || strings.Contains(value, "*") || slices.Contains(known, value) {
		return
	}
	l.Warnings = append(l.Warnings, Fault{l.From["drop"], "drop",
		fmt.Sprintf("%s %q is none that rtcship knows, so the rule may drop nothing%s", condition, value, didYouMean(nearest(value, known)))})
}

func names[T any](all []T, of func(T) []string) (list []string) {
	for i := range all {
		list = append(list, of(all[i])...)
	}
	return list
}
