package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/rtcship/rtcship/internal/config"
)

// configFlags are the flags that config keys have: one each, and short names for the common ones.
type configFlags struct {
	file   string
	values map[string][]string
	says   bool // the file said something when it was last in force
}

// shortFlags are further names of keys that are typed by hand.
var shortFlags = map[string]string{"export.endpoint": "endpoint", "export.protocol": "protocol"}

func addConfigFlags(cmd *cobra.Command) *configFlags {
	f := &configFlags{values: map[string][]string{}}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&f.file, "config", "c", os.Getenv(config.ConfigFileVariable), "config file, YAML")
	for _, k := range config.Keys() {
		flags.Var(&keyFlag{f.values, k}, k.Flag(), k.Help)
		if short, ok := shortFlags[k.Path]; ok {
			flags.Var(&keyFlag{f.values, k}, short, "short for --"+k.Flag())
		}
	}
	return f
}

// load reads the configuration; one at a time.
func (f *configFlags) load() (*config.Loaded, error) {
	l, err := config.Load(config.Input{File: f.file, Again: f.says, Environ: os.Environ(), Flags: f.values})
	if err == nil {
		f.says = l.FileSays
	}
	return l, err
}

// A keyFlag collects the values given for one key; the config package reads them.
type keyFlag struct {
	values map[string][]string
	key    config.Key
}

func (k *keyFlag) Set(s string) error {
	k.values[k.key.Path] = append(k.values[k.key.Path], s)
	return nil
}

func (k *keyFlag) String() string { return "" }

func (k *keyFlag) Type() string {
	if k.key.List {
		return "value (repeatable)"
	}
	return "value"
}
