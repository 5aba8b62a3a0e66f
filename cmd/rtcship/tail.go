package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/rtcship/rtcship/internal/otlpjson"
	"github.com/rtcship/rtcship/internal/reader"
	"github.com/rtcship/rtcship/internal/screen"
	"github.com/rtcship/rtcship/internal/story"
)

func newTailCommand() *cobra.Command {
	c := &tailing{}
	cmd := &cobra.Command{
		Use:   "tail [DIR|FILE…]",
		Short: "Show all logs in one stream, in order of time, with codes explained",
		Long: `tail shows what logs of both servers say, one record a line: time, level, log,
channel or conference, who, connection or call, what happened. All files of a
directory come in one stream in order of time, rotated and compressed ones too.
With -f it goes on with what is written, through rotations, as rtcship ships it.

Without arguments it shows what this rtcship follows, as its configuration says;
in a pod: kubectl exec POD -c rtcship -- /rtcship tail -f. --pexip shows syslog
messages as they come in.

Secrets are masked as in shipping. It keeps to 16 MiB in a container of less than
256 MiB.`,
		Example: `  rtcship tail testdata/sora/log
  rtcship tail --level warning --explain testdata
  rtcship tail --channel meet-alice --participant bob testdata
  rtcship tail --json --event connection.destroyed testdata/sora/log/event_webhook.jsonl`,
		ValidArgsFunction: completeLogs,
	}
	flags := cmd.Flags()
	flags.BoolVarP(&c.follow, "follow", "f", false, "go on with what is written")
	flags.IntVarP(&c.last, "lines", "n", -1, "only the last `N` that fit (default: all; 10 with -f, unless --since is given)")
	flags.StringVar(&c.level, "level", "", "at least this level: debug | info | notice | warning | error | …")
	flags.StringVar(&c.filter.Channel, "channel", "", "of this channel or conference")
	flags.StringVar(&c.filter.Connection, "connection", "", "of this connection or session, or one that begins so")
	flags.StringVar(&c.filter.Call, "call", "", "of this call, or one that begins so")
	flags.StringVar(&c.filter.Participant, "participant", "", "of this client or participant")
	flags.StringSliceVar(&c.filter.Logs, "log", nil, "of this log (sora, event_webhook, …) or module (support.sip, …); repeatable")
	flags.StringVar(&c.filter.Event, "event", "", "with this code or event name, or a part of it")
	flags.StringVar(&c.grep, "grep", "", "whose message matches this regular expression (RE2)")
	flags.BoolVar(&c.pexip, "pexip", false, "syslog messages in the spool, as they come in")
	c.reading = addReadingFlags(cmd)
	flags.Lookup("json").Usage = "one OTLP LogsData object a line, as convert writes it"
	registerChoices(cmd, "level", reader.Levels()...)
	registerNames(cmd)
	cmd.RunE = func(cmd *cobra.Command, paths []string) error {
		if err := c.prepare(cmd); err != nil {
			return err
		}
		if err := c.prepareFilter(); err != nil {
			return err
		}
		return c.run(cmd, paths)
	}
	return cmd
}

type tailing struct {
	*reading
	follow, pexip bool
	last          int
	level, grep   string
	filter        story.Filter
	show          func(*reader.Record) error
}

func (c *tailing) prepareFilter() (err error) {
	if c.level != "" {
		ok := false
		if c.filter.Severity, ok = reader.Severity(c.level); !ok {
			return fmt.Errorf("--level %s: want debug, info, notice, warning, error, critical, alert or emergency", c.level)
		}
	}
	if c.grep != "" {
		if c.filter.Grep, err = regexp.Compile(c.grep); err != nil {
			return fmt.Errorf("--grep: %w", err)
		}
	}
	c.filter.From, c.filter.To, err = c.window()
	return err
}

func (c *tailing) run(cmd *cobra.Command, paths []string) error {
	settings, err := c.settings()
	if err != nil {
		return err
	}
	if c.pexip {
		paths = append(paths, c.spool())
	}
	if c.follow {
		c.show = c.printer(screen.New(cmd.OutOrStdout()), cmd.OutOrStdout())
		err = c.following(cmd, paths, settings)
	} else {
		err = c.once(cmd.OutOrStdout(), paths, settings)
	}
	if errors.Is(err, syscall.EPIPE) { // the reader of a pipe has seen enough
		return nil
	}
	return err
}

// printer is how records are shown on a screen, by way of w.
func (c *tailing) printer(sc *screen.Screen, w io.Writer) func(*reader.Record) error {
	if c.json {
		return func(r *reader.Record) error {
			line, err := otlpjson.Marshal(otlpjson.LogsData(r.Resource, r.Scope, r.Wire))
			if err != nil {
				return err
			}
			_, err = w.Write(append(line, '\n'))
			return err
		}
	}
	sc.W = w
	p := story.Printer{Screen: sc, Lang: c.language(), Explain: c.explain}
	return p.Print
}

func (c *tailing) once(w io.Writer, paths []string, s *reader.Settings) error {
	out := bufio.NewWriterSize(w, 32<<10)
	c.show = c.printer(screen.New(w), out)
	in, err := c.inputs(paths)
	if err != nil {
		return err
	}
	defer in.Close()
	return errors.Join(c.merged(in.List, s, c.last), out.Flush())
}

// merged shows the last n records of inputs that fit, or all if n is negative.
func (c *tailing) merged(inputs []reader.Input, s *reader.Settings, n int) error {
	show := c.show
	keep := story.NewLast(n)
	if n >= 0 {
		show = func(r *reader.Record) error { keep.Add(r); return nil }
	}
	var failed error
	err := reader.Merge(inputs, s, func(r *reader.Record) bool {
		if c.filter.Match(r) {
			failed = show(r)
		}
		return failed == nil
	})
	if failed != nil {
		return failed
	}
	return errors.Join(keep.Each(c.show), err)
}

func (c *tailing) following(cmd *cobra.Command, paths []string, s *reader.Settings) error {
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	spool := ""
	if len(paths) == 0 {
		paths = c.configured()
	}
	if slices.Contains(paths, c.spool()) { // it may not be there yet
		spool = c.spool()
		paths = slices.DeleteFunc(paths, func(p string) bool { return p == spool })
	}
	if len(paths) == 0 && spool == "" {
		return errors.New("nothing to follow: name files or directories, or give --sora-log-dir")
	}
	f, err := reader.Follow(paths, c.source, c.cfg.Sora.Exclude, s)
	if err != nil {
		return err
	}
	if spool != "" {
		f.Spool(spool)
	}
	n := c.last
	if n < 0 && c.since == "" {
		n = 10
	}
	return f.Run(ctx, func(there []reader.Input) error {
		in := reader.Inputs{List: there}
		in.Since(c.filter.From)
		return c.backlog(ctx, in.List, s, n)
	}, func(r *reader.Record) error {
		if !c.filter.Match(r) {
			return nil
		}
		return c.show(r)
	})
}

// backlog shows what is there before following begins. That something of it
// cannot be read is said, and no reason not to follow.
func (c *tailing) backlog(ctx context.Context, inputs []reader.Input, s *reader.Settings, n int) error {
	if n == 0 {
		return nil
	}
	err := c.merged(inputs, s, n)
	if err == nil || ctx.Err() != nil || errors.Is(err, syscall.EPIPE) {
		return err
	}
	fmt.Fprintln(os.Stderr, "rtcship:", err)
	return nil
}
