package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/rtcship/rtcship/bench/internal/contender"
	"github.com/rtcship/rtcship/bench/internal/scenario"
)

// A Goal is a figure of rtcship, or its ratio to another's, and the most that
// it may be. Less is better for all of them.
type Goal struct {
	Name     string
	Scenario string
	Figure   string
	Against  string // the other contender; "" for a figure that stands alone
	Most     float64
	Unit     string // of a figure that stands alone
}

// Goals are what rtcship sets out to reach.
func Goals() []Goal {
	const col, limit = contender.Collector, contender.Limit
	return []Goal{
		{"catch-up, CPU against file_log", "catch-up", scenario.CPU, col, 1. / 14, ""},
		{"catch-up, CPU against the limit", "catch-up", scenario.CPU, limit, 2, ""},
		{"receiver sora, CPU against file_log", scenario.InCollector, scenario.CPU, contender.FileLog, 1. / 3, ""},
		{"catch-up, time against file_log", "catch-up", scenario.Wall, col, 1. / 6, ""},
		{"catch-up, resident at peak", "catch-up", scenario.Resident, "", 40, "MiB"},
		{"catch-up, anonymous at peak", "catch-up", scenario.Anonymous, "", 24, "MiB"},
		{"steady 10,000 lines/s, CPU", "steady", scenario.Core, "", 2, "% of a core"},
		{"steady, delay, median", "steady", scenario.Median, "", 250, "ms"},
		{"steady, delay, 99th percentile", "steady", scenario.P99, "", 500, "ms"},
		{"idle, 25 files, CPU", "idle, 25 files", scenario.Core, "", 0.2, "% of a core"},
		{"idle, 25 files, resident", "idle, 25 files", scenario.Resident, "", 28, "MiB"},
		{"idle, 25 files, anonymous", "idle, 25 files", scenario.Anonymous, "", 12, "MiB"},
		{"idle, 1000 files, CPU", "idle, 1000 files", scenario.Core, "", 1, "% of a core"},
		{"syslog TCP, CPU against the collector", "syslog TCP", scenario.CPU, col, 1. / 8, ""},
		{"syslog UDP, CPU against the collector", "syslog UDP", scenario.CPU, col, 1. / 8, ""},
		{"syslog TCP 10,000/s, CPU", "syslog 10,000/s TCP", scenario.Core, "", 4, "% of a core"},
		{"syslog UDP 10,000/s, CPU", "syslog UDP", scenario.Core, "", 4, "% of a core"},
		{"syslog TCP flood, time per message", "syslog flood TCP", scenario.Taken, "", 5000, "ns"},
		{"syslog UDP 50,000/s, lost", "syslog 50,000/s UDP", scenario.Lost, "", 0, "messages"},
		{"rotation, lost", "rotation", scenario.Lost, "", 0, "lines"},
		{"growth, steepest against flattest slope", "growth", slopes, "", 1.15, ""},
	}
}

// slopes stands for the largest of the growth figures divided by the least.
const slopes = "slopes"

// A Verdict is what became of a goal.
type Verdict struct {
	Goal
	Got float64
}

// Reached says whether the goal is reached.
func (v Verdict) Reached() bool { return v.Got <= v.Most }

// Verdicts judges every goal that was measured.
func (r *Results) Verdicts() []Verdict {
	var all []Verdict
	for _, g := range Goals() {
		if got, ok := r.measured(g); ok {
			all = append(all, Verdict{g, got})
		}
	}
	return all
}

// subject is the contender whose figures a scenario's goals are about.
func subject(name string) string {
	if name == scenario.InCollector {
		return contender.Receiver
	}
	return contender.Rtcship
}

func (r *Results) measured(g Goal) (float64, bool) {
	switch {
	case g.Figure == slopes:
		return r.spread(g.Scenario)
	case g.Figure == scenario.Lost:
		return r.worst(g.Scenario, g.Figure)
	case g.Against != "":
		return r.Ratio(g.Scenario, g.Figure, subject(g.Scenario), g.Against)
	}
	return r.Median(g.Scenario, subject(g.Scenario), g.Figure)
}

// worst returns the largest value of a figure in any round.
func (r *Results) worst(name, figure string) (float64, bool) {
	worst, ok := math.Inf(-1), false
	for _, f := range r.Runs[name][contender.Rtcship] {
		if v, has := f[figure]; has {
			worst, ok = max(worst, v), true
		}
	}
	return worst, ok
}

// spread returns the largest of the medians of a scenario's slopes divided by the least.
func (r *Results) spread(name string) (float64, bool) {
	most, least := math.Inf(-1), math.Inf(1)
	for _, figure := range r.figures(name) {
		if !strings.HasPrefix(figure, "slope") {
			continue
		}
		if v, ok := r.Median(name, contender.Rtcship, figure); ok {
			most, least = max(most, v), min(least, v)
		}
	}
	return most / least, most > 0 && least > 0
}

// factor writes a ratio as people say it: "1/13.2" or "1.4".
func factor(v float64) string {
	if v > 0 && v < 0.75 {
		return fmt.Sprintf("1/%.1f", 1/v)
	}
	return fmt.Sprintf("%.2f", v)
}

// amount writes a value with its unit, or as a ratio where there is none.
func (g Goal) amount(v float64) string {
	if g.Unit == "" {
		return factor(v)
	}
	return number(v) + " " + g.Unit
}

// number writes a figure with as many digits as are worth reading.
func number(v float64) string {
	switch {
	case v == math.Trunc(v) || math.Abs(v) >= 1000:
		return thousands(int64(math.Round(v)))
	case math.Abs(v) >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
