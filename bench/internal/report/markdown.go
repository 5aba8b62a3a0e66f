package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/rtcship/rtcship/bench/internal/scenario"
)

const (
	begin = "<!-- results: written by the program, do not edit -->\n"
	end   = "<!-- end of results -->\n"
)

var errMarks = errors.New("the marks around the results are missing")

// Insert puts the results into a page, between its two marks.
func (r *Results) Insert(page []byte) ([]byte, error) {
	before, rest, ok := bytes.Cut(page, []byte(begin))
	_, after, has := bytes.Cut(rest, []byte(end))
	if !ok || !has {
		return nil, errMarks
	}
	var b bytes.Buffer
	b.Write(before)
	b.WriteString(begin)
	r.Markdown(&b)
	b.WriteString(end)
	b.Write(after)
	return b.Bytes(), nil
}

// Markdown writes the goals, the figures of every scenario, and what they
// were measured with.
func (r *Results) Markdown(w io.Writer) {
	fmt.Fprintf(w, "\n![Cost side by side](results.svg)\n\n## Goals\n\n")
	r.writeGoals(w)
	fmt.Fprintf(w, "\n## Figures\n\nMedians of all rounds.\n")
	for _, s := range scenario.All() {
		if len(r.Runs[s.Name]) > 0 {
			r.writeScenario(w, s)
		}
	}
	fmt.Fprintf(w, "\n## Measured with\n\n- Machine: %v\n", r.Machine)
	for _, name := range slices.Sorted(maps.Keys(r.Versions)) {
		fmt.Fprintf(w, "- %s: %s\n", name, r.Versions[name])
	}
	fmt.Fprintln(w)
}

func (r *Results) writeGoals(w io.Writer) {
	fmt.Fprintf(w, "| | goal | measured | |\n|---|---|---|---|\n")
	for _, v := range r.Verdicts() {
		reached := "reached"
		if !v.Reached() {
			reached = "**not reached**"
		}
		fmt.Fprintf(w, "| %s | ≤ %s | %s | %s |\n", v.Name, v.amount(v.Most), v.amount(v.Got), reached)
	}
}

// writeScenario writes a table of contenders by figures.
func (r *Results) writeScenario(w io.Writer, s scenario.Scenario) {
	figures := r.figures(s.Name)
	rounds := 0
	for _, runs := range r.Runs[s.Name] {
		rounds = max(rounds, len(runs))
	}
	fmt.Fprintf(w, "\n### %s\n\n%s, %d rounds: `%s`\n\n", s.Name, r.When[s.Name], rounds, r.Commands[s.Name])
	fmt.Fprintf(w, "| | %s |\n|---|%s\n", strings.Join(figures, " | "), strings.Repeat("---:|", len(figures)))
	for _, c := range s.Contenders {
		if len(r.Runs[s.Name][c]) == 0 {
			continue
		}
		fmt.Fprintf(w, "| %s |", c)
		for _, figure := range figures {
			cell := ""
			if v, ok := r.Median(s.Name, c, figure); ok {
				cell = number(v)
			}
			fmt.Fprintf(w, " %s |", cell)
		}
		fmt.Fprintln(w)
	}
}

// figures returns the names of all figures of a scenario, sorted so that
// numbers within them count as numbers.
func (r *Results) figures(name string) []string {
	set := map[string]bool{}
	for _, runs := range r.Runs[name] {
		for _, f := range runs {
			for figure := range f {
				set[figure] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(set), func(a, b string) int {
		if strings.HasPrefix(a, "slope") && len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
}
