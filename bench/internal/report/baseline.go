package report

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
)

// A Baseline is the ratios of a quick run that later ones are held against.
// Only ratios between two programs on the same machine are kept: other
// figures say more about the machine than about the code.
type Baseline map[string]float64

// tolerance is how much worse a ratio may be than the one written down.
const tolerance = 1.25

// LoadBaseline reads a baseline.
func LoadBaseline(path string) (Baseline, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read baseline: %w", err)
	}
	var base Baseline
	if err := json.Unmarshal(b, &base); err != nil {
		return nil, fmt.Errorf("read baseline: %w", err)
	}
	return base, nil
}

// Baseline returns the ratios of these results.
func (r *Results) Baseline() Baseline {
	base := Baseline{}
	for _, v := range r.Verdicts() {
		if v.Against != "" {
			base[v.Name] = v.Got
		}
	}
	return base
}

// Save writes the baseline.
func (b Baseline) Save(path string) error {
	text, err := json.MarshalIndent(b, "", "\t")
	if err != nil {
		return fmt.Errorf("save baseline: %w", err)
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// Worse returns a line for each ratio of now that has become worse than the
// baseline by more than a quarter, and for each that is missing.
func (b Baseline) Worse(now Baseline) []string {
	var worse []string
	for name, was := range b {
		is, ok := now[name]
		if !ok {
			worse = append(worse, name+": not measured")
		} else if is > was*tolerance {
			worse = append(worse, fmt.Sprintf("%s: %s, was %s", name, factor(is), factor(was)))
		}
	}
	slices.Sort(worse)
	return worse
}
