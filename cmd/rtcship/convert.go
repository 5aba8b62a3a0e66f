package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/otlpjson"
	"github.com/rtcship/rtcship/internal/pipeline"
	"github.com/rtcship/rtcship/tailer"
	"github.com/rtcship/rtcship/tailer/entry"
)

func newConvertCommand() *cobra.Command {
	c := &converting{}
	cmd := &cobra.Command{
		Use:   "convert [FILE…]",
		Short: "Convert log files to OTLP JSON, without sending anything",
		Long: `convert reads log files, or standard input, and writes the records that rtcship
would send, in the OTLP file format: one LogsData object a line. Compressed
files (.gz, .zst) are read as they are. What kind of log a file is follows from
its name; --name says it for standard input.`,
		Example: `  rtcship convert testdata/sora/log/sora.jsonl
  zcat testdata/sora/log/sora.jsonl.2.gz | rtcship convert --name sora.jsonl
  rtcship convert --source pexip testdata/pexip/download/unified_support.log`,
	}
	cmd.Flags().StringVar(&c.source, "source", "sora", "whose logs they are: sora | pexip")
	cmd.Flags().StringVar(&c.name, "name", "", "take the input for a file of this name, such as sora.jsonl")
	flags := addConfigFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		if c.source != "sora" && c.source != "pexip" {
			return fmt.Errorf("--source %s: want sora or pexip", c.source)
		}
		loaded, err := flags.load()
		if err != nil {
			return printFaults(cmd.ErrOrStderr(), err)
		}
		c.out, c.err = cmd.OutOrStdout(), cmd.ErrOrStderr()
		return c.run(&loaded.Config, cmd.InOrStdin(), files)
	}
	return cmd
}

type converting struct {
	source, name string
	out, err     io.Writer

	cfg       *config.Config
	converter *convert.Converter
	output    convert.Output
}

func (c *converting) run(cfg *config.Config, stdin io.Reader, files []string) (err error) {
	c.cfg = cfg
	if c.converter, err = pipeline.NewConverter(cfg, programVersion()); err != nil {
		return err
	}
	if len(files) == 0 {
		return c.read(stdin, "-")
	}
	bar := c.progress(files)
	var errs []error
	for _, path := range files {
		errs = append(errs, c.file(path, bar))
	}
	_ = bar.Finish() // a bar that cannot be drawn is no fault
	return errors.Join(errs...)
}

// progress is a bar over all files, unless it would be drawn over the records.
func (c *converting) progress(files []string) *progressbar.ProgressBar {
	var total int64
	for _, path := range files {
		if info, err := os.Stat(path); err == nil {
			total += info.Size()
		}
	}
	w := c.err
	if isTerminal(c.out) {
		w = io.Discard
	}
	return progress(w, "converting", total)
}

func (c *converting) file(path string, progress io.Writer) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer f.Close()
	return c.read(io.TeeReader(f, progress), path)
}

func (c *converting) read(r io.Reader, path string) error {
	name := c.name
	switch {
	case name == "":
		name = path
	case path == "-":
		path = name
	}
	stream := tailer.Stream{
		Origin: c.source, Path: path, Name: name, MaxEntry: int(c.cfg.MaxEntry),
		Timezone: pipeline.Timezone(c.cfg), SafeCut: c.converter.SafeCut,
	}
	if c.source == "sora" {
		stream.Rules = tailer.SoraRules()
	} else {
		stream.Rules = tailer.QuotedRules([]string{"*"})
	}
	if err := stream.Read(r, c.batch); err != nil {
		return fmt.Errorf("convert %s: %w", path, err)
	}
	return nil
}

func (c *converting) batch(b entry.Batch) error {
	c.converter.Convert(b, &c.output)
	for _, g := range c.output.Groups {
		if len(g.Records) == 0 {
			continue
		}
		line, err := otlpjson.Marshal(otlpjson.LogsData(g.Resource, g.Scope, g.Records))
		if err != nil {
			return err
		}
		if _, err := c.out.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	return nil
}
