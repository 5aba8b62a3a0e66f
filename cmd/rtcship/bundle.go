package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"

	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/internal/bundle"
)

func newBundleCommand() *cobra.Command {
	var output string
	var masked bool
	cmd := &cobra.Command{
		Use:   "bundle",
		Short: "Pack Sora's log directory into one archive, as the vendor's support asks for",
		Long: `bundle packs all of Sora's log directory, crash dump and rotated files included,
into a zip archive with a manifest of sizes and SHA-256 sums. --mask masks the
secrets that rtcship knows of; compressed logs are then packed uncompressed.

The log directory is only read. The archive is written to the present directory
unless --output says otherwise.`,
		Example: "  rtcship bundle --sora-log-dir testdata/sora/log --mask -o sora-log.zip",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "the archive (default sora-log-<host>-<time>.zip)")
	cmd.Flags().BoolVar(&masked, "mask", false, "mask secrets")
	flags := addConfigFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		loaded, err := flags.load()
		if err != nil {
			return printFaults(cmd.ErrOrStderr(), err)
		}
		if loaded.Sora.LogDir == "" {
			return errors.New("there is no log directory to pack: give --sora-log-dir")
		}
		cfg := bundle.Config{Dir: loaded.Sora.LogDir, Version: programVersion(), Now: time.Now().UTC()}
		if masked {
			cfg.Redactor, err = redact.New(redact.Config{Enabled: true, Patterns: loaded.Redact.Patterns, KeepMetadata: !loaded.Redact.Metadata})
			if err != nil {
				return err
			}
		}
		if output == "" {
			host, _ := os.Hostname() // a name without one does as well
			output = fmt.Sprintf("sora-log-%s-%s.zip", host, cfg.Now.Format("20060102T150405Z"))
		}
		ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		return writeBundle(ctx, cmd, cfg, output)
	}
	return cmd
}

func writeBundle(ctx context.Context, cmd *cobra.Command, cfg bundle.Config, path string) error {
	if inside(cfg.Dir, path) {
		return fmt.Errorf("%s lies in the log directory, which is only read: give another --output", path)
	}
	_, size, err := bundle.List(cfg.Dir)
	if err != nil {
		return err
	}
	bar := progress(cmd.ErrOrStderr(), "packing", size)
	cfg.Progress = func(n int) { _ = bar.Add(n) } // a bar that cannot be drawn is no fault
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make the archive: %w", err)
	}
	m, err := bundle.Write(ctx, f, cfg)
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path)) // half an archive helps nobody
	}
	_ = bar.Finish()
	for _, file := range m.Files {
		if file.Error != "" {
			fmt.Fprintf(cmd.ErrOrStderr(), "not packed, or not whole: %s: %s\n", file.Path, file.Error)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s, %s\n", path, english.Plural(len(m.Files), "file", ""), humanize.IBytes(uint64(info.Size())))
	return err
}

// inside says whether path lies below dir.
func inside(dir, path string) bool {
	dir, err1 := filepath.Abs(dir)
	path, err2 := filepath.Abs(path)
	rel, err3 := filepath.Rel(dir, path)
	return errors.Join(err1, err2, err3) == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
