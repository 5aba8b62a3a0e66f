// Package report keeps what was measured, judges it and shows it.
package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/rtcship/rtcship/bench/internal/scenario"
)

// Results are the runs of every scenario, by scenario and contender, one for
// each round, in the order of the rounds.
type Results struct {
	Machine  Machine
	Versions map[string]string // of what was measured, by contender
	Runs     map[string]map[string][]scenario.Figures
	When     map[string]string // the day each scenario was last run
	Commands map[string]string // how each was run
}

// New returns results without any runs.
func New() *Results {
	return &Results{Runs: map[string]map[string][]scenario.Figures{}, When: map[string]string{}, Commands: map[string]string{}}
}

// Load reads results that were saved; there are none if there is no file.
func Load(path string) (*Results, error) {
	r := New()
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	return r, nil
}

// Save writes the results for a later Load.
func (r *Results) Save(path string) error {
	b, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return fmt.Errorf("save results: %w", err)
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

// Begin drops the runs of a scenario, before it is run again by command.
func (r *Results) Begin(name, command string) {
	delete(r.Runs, name)
	r.When[name] = time.Now().UTC().Format(time.DateOnly)
	r.Commands[name] = command
}

// Add takes one run.
func (r *Results) Add(name, contender string, f scenario.Figures) {
	if r.Runs[name] == nil {
		r.Runs[name] = map[string][]scenario.Figures{}
	}
	r.Runs[name][contender] = append(r.Runs[name][contender], f)
}

// Median returns the median of a figure over the rounds, and whether there is one.
func (r *Results) Median(name, contender, figure string) (float64, bool) {
	var all []float64
	for _, f := range r.Runs[name][contender] {
		if v, ok := f[figure]; ok {
			all = append(all, v)
		}
	}
	return median(all)
}

// Ratio returns the median over the rounds of a figure of one contender
// divided by that of another in the same round, so that what disturbs a whole
// round disturbs both.
func (r *Results) Ratio(name, figure, contender, against string) (float64, bool) {
	ours, theirs := r.Runs[name][contender], r.Runs[name][against]
	var all []float64
	for i := range min(len(ours), len(theirs)) {
		a, ok := ours[i][figure]
		b, has := theirs[i][figure]
		if ok && has && b > 0 {
			all = append(all, a/b)
		}
	}
	return median(all)
}

func median(v []float64) (float64, bool) {
	if len(v) == 0 {
		return 0, false
	}
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2, true
}
