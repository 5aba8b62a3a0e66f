package sora

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/tailer"
)

// The table of logs, the rules by which files are followed, docs/sora.md and what
// logrotate is told say the same: whatever a new log was forgotten in is named.
func TestLogsAreInAllPlaces(t *testing.T) {
	rules := map[string]tailer.Rule{}
	for _, r := range tailer.SoraRules() {
		if !strings.HasPrefix(r.Pattern, "*") {
			rules[r.Pattern] = r
		}
	}
	doc, err := os.ReadFile("../../docs/sora.md")
	if err != nil {
		t.Fatal(err)
	}
	rotated, err := os.ReadFile("../../docs/logrotate/sora.conf")
	if err != nil {
		t.Fatal(err)
	}
	comment, directives := leftOut(string(rotated))
	names := map[string]bool{}
	for _, l := range table {
		if names[l.Name] {
			t.Errorf("table: %s is there twice", l.Name)
		}
		names[l.Name] = true
		for _, f := range l.Files {
			r, ok := rules[f]
			delete(rules, f)
			log := r.Log
			if log == "" {
				log = strings.TrimSuffix(filepath.Base(f), filepath.Ext(f))
			}
			switch {
			case !ok:
				t.Errorf("tailer.SoraRules: nothing for %s of %s", f, l.Name)
			case log != l.Name, r.Form != l.Form, r.Ring != l.Ring, r.Small != l.Small:
				t.Errorf("tailer.SoraRules: %+v is not what the table says of %s", r, l.Name)
			}
		}
		if !slices.ContainsFunc(l.Files, func(f string) bool {
			f, _, _ = strings.Cut(f, "[")
			return strings.Contains(string(doc), "`"+l.Name+"`") || strings.Contains(string(doc), "`"+f)
		}) {
			t.Errorf("docs/sora.md: nothing about %s", l.Files)
		}
		if !slices.ContainsFunc(l.Files, func(f string) bool {
			fixed, _, _ := strings.Cut(f, "[")
			fixed, _, _ = strings.Cut(fixed, "*")
			return strings.Contains(comment, " "+fixed) || slices.ContainsFunc(directives, func(d string) bool {
				ok, _ := filepath.Match(d, "/var/log/sora/"+f)
				return ok
			})
		}) {
			t.Errorf("docs/logrotate/sora.conf: %s is neither rotated nor named among what is left out", l.Files)
		}
	}
	for pattern := range rules {
		t.Errorf("convert/sora/logs.go: nothing for %s, which is followed", pattern)
	}
}

// leftOut takes a configuration of logrotate apart: its comments as one line, and the
// words of the rest, patterns among them.
func leftOut(conf string) (comment string, words []string) {
	for line := range strings.Lines(conf) {
		if text, ok := strings.CutPrefix(line, "#"); ok {
			comment += strings.TrimSuffix(text, "\n")
			continue
		}
		words = append(words, strings.Fields(line)...)
	}
	return comment, words
}

// A log that nobody describes is taken as it is.
func TestSpecOfUnknownLog(t *testing.T) {
	if s := specOf("mine"); s.lines || s.severity != severityInfo || s.prefix != "sora." {
		t.Errorf("%+v", s)
	}
}
