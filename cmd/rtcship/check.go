package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rtcship/rtcship/internal/config"
)

func newCheckCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Say what is wrong with a configuration, what would be followed, and where it would go",
		Long: `check reads the configuration as run would: file, RTCSHIP_* variables, flags.
It prints one line per fault, with file, line and column, and exits with status 1,
or says what would be followed and where the records would go.`,
		Example: "  rtcship check --config /etc/rtcship/rtcship.yaml",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&all, "all", false, "print the keys that have their default as well")
	flags := addConfigFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		loaded, err := flags.load()
		if err != nil {
			return printFaults(cmd.ErrOrStderr(), err)
		}
		for _, w := range loaded.Warnings {
			fmt.Fprintln(cmd.ErrOrStderr(), "warning:", w)
		}
		return printConfig(cmd.OutOrStdout(), loaded, all)
	}
	return cmd
}

// printFaults writes one line per fault and ends the program with status 1.
func printFaults(w io.Writer, err error) error {
	var faults config.Faults
	if !errors.As(err, &faults) {
		return err
	}
	for _, f := range faults {
		fmt.Fprintln(w, f)
	}
	return exitStatus(1)
}

// printConfig lists the keys in force, each with where it was set.
func printConfig(w io.Writer, l *config.Loaded, all bool) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, k := range config.Keys() {
		from, set := l.From[k.Path]
		if !set && !all {
			continue
		}
		if !set {
			from = "default"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\n", k.Path, k.ValueText(&l.Config), from)
	}
	return tw.Flush()
}
