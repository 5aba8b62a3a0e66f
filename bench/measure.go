package main

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rtcship/rtcship/bench/internal/contender"
	"github.com/rtcship/rtcship/bench/internal/report"
	"github.com/rtcship/rtcship/bench/internal/scenario"
	"github.com/rtcship/rtcship/bench/internal/sink"
)

// settings are the command line.
type settings struct {
	quick     bool
	accept    bool
	rounds    int
	only      string
	skip      string
	backlog   bool
	rtcship   string
	collector string
	receivers string
	cache     string
	scale     scenario.Scale
	line      string // as it was typed
}

func parse(args []string) (settings, error) {
	s := settings{line: "go run ." + quoted(args)}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.BoolVar(&s.quick, "quick", false, "measure in under two minutes and compare with quick.json; nothing is written")
	fs.BoolVar(&s.accept, "accept", false, "with -quick: write what was measured to quick.json instead of comparing")
	fs.IntVar(&s.rounds, "rounds", 0, "rounds (default 5, with -quick 3)")
	fs.StringVar(&s.only, "only", "", "scenarios to run, or beginnings of their names, separated by semicolons (default all)")
	fs.StringVar(&s.skip, "without", "", "contenders to leave out, separated by commas")
	fs.BoolVar(&s.backlog, "backlog", false, "growth up to a backlog of 10 GiB; needs 12 GiB of disk and some minutes a round")
	fs.StringVar(&s.rtcship, "rtcship", "", "the rtcship binary (default: built from this tree)")
	fs.StringVar(&s.collector, "collector", "", "the collector's binary (default: built once and kept by e2e/cache)")
	fs.StringVar(&s.receivers, "receivers", "", "the binary of the collector with the receivers of this tree (default: built and kept by e2e/cache)")
	fs.StringVar(&s.cache, "cache", "", "folder of generated lines (default: in the user's cache folder)")
	if err := fs.Parse(args); err != nil {
		return s, err
	}
	s.scale = scenario.Full
	if s.quick {
		s.scale = scenario.Quick
	}
	if s.backlog {
		s.scale.Backlog = scenario.Backlog
	}
	if s.rounds == 0 {
		s.rounds = 5
		if s.quick {
			s.rounds = 3
		}
	}
	return s, nil
}

// quoted is arguments as one would type them.
func quoted(args []string) string {
	var b strings.Builder
	for _, a := range args {
		if strings.ContainsAny(a, " ;") {
			a = "'" + a + "'"
		}
		b.WriteString(" " + a)
	}
	return b.String()
}

// quickOnly are the scenarios of a quick run: those whose ratios are kept.
var quickOnly = []string{"catch-up", "syslog TCP"}

func (s settings) scenarios() ([]scenario.Scenario, error) {
	wanted := quickOnly
	if s.only != "" {
		wanted = strings.Split(s.only, ";")
	} else if !s.quick {
		return scenario.All(), nil
	}
	var chosen []scenario.Scenario
	for _, name := range wanted {
		found := named(name)
		if len(found) == 0 {
			return nil, fmt.Errorf("no scenario %q", name)
		}
		chosen = append(chosen, found...)
	}
	return chosen, nil
}

// named returns the scenario of that name or, if there is none, those whose
// names begin with it.
func named(name string) (found []scenario.Scenario) {
	for _, sc := range scenario.All() {
		if sc.Name == name {
			return []scenario.Scenario{sc}
		}
		if strings.HasPrefix(sc.Name, name) {
			found = append(found, sc)
		}
	}
	return found
}

// measure runs what the arguments ask for and reports it.
func measure(args []string) error {
	s, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	chosen, err := s.scenarios()
	if err != nil {
		return err
	}
	programs, versions, err := s.programs(chosen)
	if err != nil {
		return err
	}
	b, done, err := s.bench(programs)
	if err != nil {
		return err
	}
	defer done()

	results := report.New()
	if !s.quick {
		if results, err = report.Load(resultsFile); err != nil {
			return err
		}
	}
	results.Machine, results.Versions = report.ThisMachine(), versions
	for _, sc := range chosen {
		if err := s.rehearse(b, sc, results); err != nil {
			return err
		}
		if s.quick {
			continue
		}
		if err := publish(results); err != nil { // each by itself: the whole takes an hour, and may be stopped
			return err
		}
	}
	if s.quick {
		return s.judge(results)
	}
	return nil
}

// bench starts the sink and makes the folders.
func (s settings) bench(p contender.Programs) (*scenario.Bench, func(), error) {
	cache, err := s.cacheDir()
	if err != nil {
		return nil, nil, err
	}
	scratch, err := os.MkdirTemp("", "rtcship-bench-")
	if err != nil {
		return nil, nil, err
	}
	receiver, err := sink.Start(p.Self, "sink")
	if err != nil {
		os.RemoveAll(scratch)
		return nil, nil, err
	}
	b := &scenario.Bench{Sink: receiver, Contenders: p.All(), Cache: cache, Scratch: scratch, Scale: s.scale}
	return b, func() {
		b.Clear()
		receiver.Close()
		os.RemoveAll(scratch)
	}, nil
}

// rehearse runs the rounds of one scenario, the contenders in turn.
func (s settings) rehearse(b *scenario.Bench, sc scenario.Scenario, results *report.Results) error {
	results.Begin(sc.Name, s.line)
	left := strings.Split(s.skip, ",")
	rounds := s.rounds
	if sc.AtMost > 0 {
		rounds = min(rounds, sc.AtMost)
	}
	for round := range rounds {
		for _, name := range sc.Contenders {
			if slices.Contains(left, name) {
				continue
			}
			f, err := sc.Run(b, name)
			b.Clear()
			if err != nil {
				return fmt.Errorf("%s, %s: %w", sc.Name, name, err)
			}
			results.Add(sc.Name, name, f)
			fmt.Fprintf(os.Stderr, "%s, round %d, %s:%s\n", sc.Name, round+1, name, summary(f))
		}
	}
	return nil
}

func summary(f scenario.Figures) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(f)) {
		fmt.Fprintf(&b, "  %s %.4g", name, f[name])
	}
	return b.String()
}

const (
	resultsFile  = "results.json"
	baselineFile = "quick.json"
	pageFile     = "README.md"
	plotFile     = "results.svg"
)

// judge prints the results of a quick run and compares its ratios with those
// written down.
func (s settings) judge(r *report.Results) error {
	r.Markdown(os.Stdout)
	if s.accept {
		return r.Baseline().Save(baselineFile)
	}
	base, err := report.LoadBaseline(baselineFile)
	if err != nil {
		return err
	}
	if worse := base.Worse(r.Baseline()); len(worse) > 0 {
		return fmt.Errorf("worse by more than a quarter:\n  %s", strings.Join(worse, "\n  "))
	}
	return nil
}

// publish keeps the results and puts them into the page.
func publish(r *report.Results) error {
	if err := r.Save(resultsFile); err != nil {
		return err
	}
	page, err := os.ReadFile(pageFile)
	if err != nil {
		return err
	}
	if page, err = r.Insert(page); err != nil {
		return fmt.Errorf("%s: %w", pageFile, err)
	}
	if err := os.WriteFile(pageFile, page, 0o644); err != nil {
		return err
	}
	plot, err := os.Create(plotFile)
	if err != nil {
		return err
	}
	r.Plot(plot)
	return plot.Close()
}

func (s settings) cacheDir() (string, error) {
	dir := s.cache
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(user, "rtcship-bench")
	}
	return dir, os.MkdirAll(dir, 0o755)
}
