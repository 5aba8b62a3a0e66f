package main

import (
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/spf13/cobra"

	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/meaning"
	"github.com/rtcship/rtcship/internal/pipeline"
	"github.com/rtcship/rtcship/internal/reader"
)

// A reading is what the commands that read logs for people have in common:
// where to read, how, and in which language.
type reading struct {
	source, lang string
	since, until string
	json         bool
	explain      bool
	lowMemory    bool
	config       *configFlags
	cfg          *config.Config
}

func addReadingFlags(cmd *cobra.Command) *reading {
	r := &reading{}
	flags := cmd.Flags()
	flags.StringVar(&r.source, "source", "", "whose logs they are: sora | pexip; default: found out file by file")
	flags.StringVar(&r.since, "since", "", "only what is not older: 10m, 2h, or a time (RFC 3339)")
	flags.StringVar(&r.until, "until", "", "only what is older: 10m, 2h, or a time (RFC 3339)")
	flags.BoolVar(&r.json, "json", false, "as JSON")
	flags.BoolVar(&r.explain, "explain", false, "say in a line what codes mean")
	flags.StringVar(&r.lang, "lang", "en", "language of explanations: en | ja")
	flags.BoolVar(&r.lowMemory, "low-memory", false, "keep to 16 MiB, as in a container of less than 256 MiB")
	registerChoices(cmd, "source", "sora", "pexip")
	registerChoices(cmd, "lang", "en", "ja")
	r.config = addConfigFlags(cmd)
	hideConfigFlags(cmd)
	return r
}

// hideConfigFlags keeps --help readable: those who read logs seldom set them.
func hideConfigFlags(cmd *cobra.Command) {
	for _, k := range config.Keys() {
		cmd.Flags().Lookup(k.Flag()).Hidden = true
	}
	for _, short := range shortFlags {
		cmd.Flags().Lookup(short).Hidden = true
	}
}

// registerChoices completes a flag's values in the shell.
func registerChoices(cmd *cobra.Command, flag string, values ...string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return values, cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic("rtcship: " + err.Error()) // no such flag: a slip in this program
	}
}

// prepare checks the flags, loads the configuration and bounds the memory.
func (r *reading) prepare(cmd *cobra.Command) error {
	if r.lang != "en" && r.lang != "ja" {
		return fmt.Errorf("--lang %s: want en or ja", r.lang)
	}
	if r.source != "" && r.source != "sora" && r.source != "pexip" {
		return fmt.Errorf("--source %s: want sora or pexip", r.source)
	}
	loaded, err := r.config.load()
	if err != nil {
		return printFaults(cmd.ErrOrStderr(), err)
	}
	r.cfg = &loaded.Config
	r.lowMemory = r.lowMemory || smallContainer()
	r.boundMemory()
	return nil
}

func (r *reading) language() meaning.Lang { return meaning.Lang(r.lang) }

const (
	// smallCgroup is the size below which a container is not ours alone: the
	// kernel would end the shipper with us.
	smallCgroup = 256 << 20
	// smallHeap keeps the process to 16 MiB of anonymous memory, its code's and
	// stacks' part included; largeHeap to 64 MiB.
	smallHeap = 11 << 20
	largeHeap = 40 << 20
	// smallEntry is where entries are cut when memory is short.
	smallEntry = 64 << 10
)

// smallContainer says whether memory is short where we run.
func smallContainer() bool {
	limit, err := memlimit.FromCgroup()
	return err == nil && limit < smallCgroup
}

func (r *reading) boundMemory() {
	if r.lowMemory {
		debug.SetMemoryLimit(smallHeap)
		debug.SetGCPercent(50)
		return
	}
	debug.SetMemoryLimit(largeHeap)
}

// settings are how entries are read and converted. Bodies are not cut into parts
// for people.
func (r *reading) settings() (*reader.Settings, error) {
	cfg := *r.cfg
	if !r.json {
		cfg.MaxBody = cfg.MaxEntry
	}
	if r.lowMemory {
		cfg.MaxEntry = min(cfg.MaxEntry, smallEntry)
	}
	cfg.Drop, cfg.Sora.MinSeverity, cfg.Pexip.MinSeverity = nil, 0, 0 // what is not sent is there to be read
	converter, err := pipeline.NewConverter(&cfg, programVersion())
	if err != nil {
		return nil, err
	}
	return &reader.Settings{Converter: converter, MaxEntry: int(cfg.MaxEntry), Timezone: pipeline.Timezone(&cfg), Small: r.lowMemory}, nil
}

// inputs are the logs that paths stand for; without paths, those that the
// configuration follows.
func (r *reading) inputs(paths []string) (*reader.Inputs, error) {
	if len(paths) == 0 {
		paths = r.configured()
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("nothing to read: name files or directories, or give --sora-log-dir")
	}
	in, err := reader.Find(paths, r.source)
	if err != nil {
		return nil, err
	}
	since, _, err := r.window()
	if err != nil {
		return nil, err
	}
	in.Since(since)
	return in, nil
}

// configured are the paths that the configuration names.
func (r *reading) configured() (paths []string) {
	if r.cfg.Sora.LogDir != "" {
		paths = append(paths, r.cfg.Sora.LogDir)
	}
	for _, pattern := range slices.Concat(r.cfg.Sora.Include, r.cfg.Pexip.Files) {
		if !filepath.IsAbs(pattern) {
			continue // below the log directory
		}
		if found, err := filepath.Glob(pattern); err == nil {
			paths = append(paths, found...)
		}
	}
	if len(r.cfg.Pexip.Listen) > 0 {
		paths = append(paths, r.spool())
	}
	return paths
}

// spool is where messages wait that were received and not yet delivered.
func (r *reading) spool() string { return filepath.Join(r.cfg.StateDir, "spool") }

// window is the time that --since and --until ask for; zero is open.
func (r *reading) window() (from, to time.Time, err error) {
	if from, err = moment("--since", r.since, time.Now()); err != nil {
		return from, to, err
	}
	to, err = moment("--until", r.until, time.Now())
	return from, to, err
}

// moment reads a time, or how long ago it is.
func moment(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return now.Add(-d.Abs()), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateTime, "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%s %s: want how long ago (10m, 2h30m) or a time (2026-06-12T09:00:00Z)", flag, text)
}
