package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rtcship/rtcship/internal/access"
	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/connect"
	"github.com/rtcship/rtcship/internal/pipeline"
	"github.com/rtcship/rtcship/internal/plain"
	"github.com/rtcship/rtcship/tailer"
)

func newCheckCommand() *cobra.Command {
	var all, connecting bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Say what is wrong with a configuration, what would be followed, and where it would go",
		Long: `check reads the configuration as run would: file, RTCSHIP_* variables, flags.
It prints one line per fault, with file, line and column, and exits with status 1,
or says what would be followed and where the records would go.`,
		Example: "  rtcship check --sora-log-dir testdata/sora/log\n  rtcship check --connect --endpoint https://collector:4317",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&all, "all", false, "print the keys that have their default as well")
	cmd.Flags().BoolVar(&connecting, "connect", false, "try the endpoint as well: name, TCP, TLS, protocol, authorisation")
	flags := addConfigFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		loaded, err := flags.load()
		if err != nil {
			return printFaults(cmd.ErrOrStderr(), err)
		}
		for _, w := range loaded.Warnings {
			fmt.Fprintln(cmd.ErrOrStderr(), "warning:", plain.Text(w.String()))
		}
		out := plain.Writer(cmd.OutOrStdout())
		if err := pipeline.CheckDelivery(&loaded.Config, programVersion()); err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				fmt.Fprintln(cmd.ErrOrStderr(), "export:", plain.Text(err.Error()))
				return exitStatus(1)
			}
			fmt.Fprintln(out, "not there at present, run needs it:", err) // which may be elsewhere
		}
		if fault := loaded.Config.StateDirFault(); fault != "" {
			fmt.Fprintln(cmd.ErrOrStderr(), "state_dir:", plain.Text(fault))
			return exitStatus(1)
		}
		if err := printConfig(out, loaded, all); err != nil {
			return err
		}
		if _, _, note := pipeline.Descriptors(&loaded.Config); note != "" {
			fmt.Fprintln(cmd.ErrOrStderr(), "warning:", note)
		}
		if err := printWay(out, &loaded.Config); err != nil || !connecting {
			return err
		}
		return tryEndpoint(cmd.Context(), out, loaded)
	}
	return cmd
}

// printWay says what would be followed and received, and where it would go. A
// directory that is not there yet is waited for, so it is no fault.
func printWay(w io.Writer, cfg *config.Config) error {
	found, err := pipeline.Find(cfg)
	if err != nil {
		fmt.Fprintf(w, "\nnot there at present, would be waited for: %s\n", plain.Text(err.Error()))
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(found) > 0 {
		fmt.Fprintln(tw, "\nwould follow\tlog\tstate\tsize")
	}
	for _, f := range found {
		path, log := plain.Text(f.Path), plain.Text(f.Log)
		switch {
		case f.As != "":
			fmt.Fprintf(tw, "%s\t%s\tthe same file as %s\t\n", path, log, plain.Text(f.As))
		case f.Error != "":
			fmt.Fprintf(tw, "%s\t%s\t%s: %s\t\n", path, log, f.State, plain.Text(f.Error))
		default:
			fmt.Fprintf(tw, "%s\t%s\t%s\t%d\n", path, log, f.State, f.Size)
		}
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, f := range pipeline.Unlistable(cfg) {
		fmt.Fprintf(w, "cannot be listed, so nothing of it would be shipped: %s\n", plain.Text(f.Error))
	}
	printAccess(w, cfg, found)
	for _, l := range cfg.Pexip.Listen {
		fmt.Fprintln(w, "would listen on", l)
	}
	_, err = fmt.Fprintf(w, "would send to %s (%s)\n", cfg.Export.MaskedEndpoint(), cfg.Export.Protocol)
	return err
}

// printAccess says what may not be read of the log directory and which group
// would help: a unit of systemd gets it with SupplementaryGroups.
func printAccess(w io.Writer, cfg *config.Config, found []tailer.Found) {
	paths := []string{cfg.Sora.LogDir}
	for _, f := range pipeline.Unlistable(cfg) {
		paths = append(paths, f.Path)
	}
	for _, f := range found {
		paths = append(paths, f.Path)
	}
	seen := map[string]bool{"": true}
	for _, path := range paths {
		fault := access.Check(path)
		if path == "" || fault == nil || seen[fault.Path] {
			continue
		}
		seen[fault.Path] = true
		fmt.Fprintf(w, "may not be read by this user: %s\n", plain.Text(fault.Path))
		if fault.Group != "" {
			fmt.Fprintf(w, "      to do: its group %s may: put SupplementaryGroups=%s under [Service] with `systemctl edit rtcship`, and restart\n", fault.Group, fault.Group)
		}
	}
}

// tryEndpoint prints how far a connection gets, and fails at the first step that does.
func tryEndpoint(ctx context.Context, w io.Writer, l *config.Loaded) error {
	cfg, secure, err := pipeline.ExportConfig(&l.Config, programVersion())
	if err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, s := range connect.Try(ctx, cfg, secure) {
		if s.OK {
			fmt.Fprintf(w, "%-5s ok: %s\n", s.Name, s.Said)
			continue
		}
		fmt.Fprintf(w, "%-5s failed: %s\n      to do: %s\n", s.Name, s.Said, s.Do)
		return exitStatus(1)
	}
	return nil
}

// printFaults writes one line per fault and ends the program with status 1.
func printFaults(w io.Writer, err error) error {
	var faults config.Faults
	if !errors.As(err, &faults) {
		return err
	}
	for _, f := range faults {
		fmt.Fprintln(w, plain.Text(f.String()))
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
		fmt.Fprintf(tw, "%s\t%s\t%s\n", k.Path, k.MaskedText(&l.Config), from)
	}
	return tw.Flush()
}
