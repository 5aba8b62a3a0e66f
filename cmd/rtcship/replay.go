package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/internal/admin"
	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/ownlog"
	"github.com/rtcship/rtcship/internal/pipeline"
	"github.com/rtcship/rtcship/internal/plain"
	"github.com/rtcship/rtcship/tailer"
)

func newReplayCommand() *cobra.Command {
	r := &replaying{}
	var since string
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Send files again from a time on, or send dead letters again",
		Long: `replay sets the positions of followed files back, so that what lies behind them is
sent again, with the same log.record.uid as before: a backend that drops repeats
by it shows nothing twice. It asks before it does so.

With --dead-letters it sends the records again that the collector has refused
for good; those that are accepted now are no dead letters any more. With --list as
well it shows them, with the collector's answers, and sends nothing.

With --traces it makes the spans of calls again from all files that are there, and
sends them and no lines: those that ended at --since or later, with the same ids
as before. It changes no positions, and works whether rtcship runs or not.

Otherwise it works through the running process (admin.sock in the state directory), or on
a state directory on which none runs. Received syslog cannot be replayed: it is
deleted once it is settled.`,
		Example: `  rtcship replay --file sora.jsonl --since 2026-11-21T08:00:00Z
  rtcship replay --file 'event_webhook*' --yes
  rtcship replay --traces --since 2026-11-21T08:00:00Z
  rtcship replay --dead-letters --list
  rtcship replay --dead-letters`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringVar(&r.request.File, "file", "", "name or pattern of the files, such as sora.jsonl; all if --since is given alone")
	cmd.Flags().StringVar(&since, "since", "", "send entries from this time on again (RFC 3339); from the beginning if --file is given alone")
	cmd.Flags().BoolVar(&r.deadLetters, "dead-letters", false, "send the dead letters again")
	cmd.Flags().BoolVar(&r.traces, "traces", false, "send the spans of calls again, and no lines")
	cmd.Flags().BoolVar(&r.list, "list", false, "with --dead-letters: show them, and send nothing")
	cmd.Flags().BoolVar(&r.yes, "yes", false, "do not ask")
	flags := addConfigFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if r.deadLetters == (r.request.File != "" || since != "" || r.traces) {
			return errors.New("want either --dead-letters or --file and --since, or --traces")
		}
		if r.list && !r.deadLetters {
			return errors.New("--list shows dead letters: give --dead-letters as well")
		}
		var start config.Start
		if since != "" {
			if err := start.Set(since); err != nil || start.Mode != config.StartTime {
				return fmt.Errorf("--since %s: want a time such as 2026-11-21T08:00:00Z", since)
			}
		}
		cfg, err := flags.load()
		if err != nil {
			return printFaults(cmd.ErrOrStderr(), err)
		}
		r.request.Since, r.cfg, r.in, r.out = start.Time, &cfg.Config, cmd.InOrStdin(), cmd.OutOrStdout()
		r.options = pipeline.Options{Version: programVersion(), Log: ownlog.New(ownlog.Config{Writer: cmd.ErrOrStderr(), Level: "warn", Format: "auto"})}
		if r.list {
			return r.listLetters()
		}
		if r.deadLetters {
			return r.letters(cmd.Context())
		}
		if r.traces {
			return r.spans(cmd.Context())
		}
		return r.files(cmd.Context())
	}
	return cmd
}

type replaying struct {
	request     pipeline.Replay
	deadLetters bool
	traces      bool
	list        bool
	yes         bool
	cfg         *config.Config
	options     pipeline.Options
	in          io.Reader
	out         io.Writer
}

// files shows what would be set back, asks, and does it.
func (r *replaying) files(ctx context.Context) error {
	plan, err := r.rewind(ctx, true)
	if err != nil {
		return err
	}
	n, err := r.print(plan)
	if err != nil {
		return err
	}
	if n == 0 {
		fmt.Fprintln(r.out, "nothing is to be set back")
		return nil
	}
	if !r.yes && !r.ask() {
		fmt.Fprintln(r.out, "nothing was changed")
		return nil
	}
	if _, err := r.rewind(ctx, false); err != nil {
		return err
	}
	fmt.Fprintln(r.out, "set back")
	return nil
}

// spans sends the spans of calls again.
func (r *replaying) spans(ctx context.Context) error {
	sent, err := r.request.ReplaySpans(ctx, r.cfg, r.options)
	fmt.Fprintf(r.out, "%d spans sent, made of %d files\n", sent.Sent, sent.Files)
	if sent.Rejected > 0 {
		fmt.Fprintf(r.out, "%d spans were rejected\n", sent.Rejected)
	}
	return errors.Join(err, sent.Faults)
}

// print lists what is set back and returns how many files that is.
func (r *replaying) print(all []tailer.Rewound) (n int, err error) {
	tw := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', 0)
	for _, w := range all {
		if w.Error != "" {
			fmt.Fprintf(tw, "%s\tleft alone: %s\n", plain.Text(w.Path), plain.Text(w.Error))
			continue
		}
		n++
		fmt.Fprintf(tw, "%s\tfrom %d back to %d\t%s\n", plain.Text(w.Path), w.From, w.To, humanize.IBytes(uint64(w.From-w.To)))
	}
	return n, tw.Flush()
}

func (r *replaying) ask() bool {
	fmt.Fprint(r.out, "Send this again? [y/N] ")
	answer, _ := bufio.NewReader(r.in).ReadString('\n') // no answer is a no
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true
	}
	return false
}

func (r *replaying) rewind(ctx context.Context, dryRun bool) (all []tailer.Rewound, err error) {
	request := r.request
	request.DryRun = dryRun
	err = r.post(ctx, "/replay", request, &all)
	if notRunning(err) {
		return pipeline.ReplayAtRest(r.cfg, request, r.options)
	}
	return all, err
}

func (r *replaying) letters(ctx context.Context) error {
	var sent exporter.Resent
	err := r.post(ctx, "/replay/dead-letters", nil, &sent)
	if notRunning(err) {
		sent, err = pipeline.ReplayDeadLettersAtRest(ctx, r.cfg, r.options)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(r.out, "%d dead letters sent, %d of them refused again\n", sent.Letters, sent.Again)
	if sent.Unreadable > 0 {
		fmt.Fprintf(r.out, "%d lines are no dead letters; they are kept beside the file\n", sent.Unreadable)
	}
	return nil
}

// listLetters shows the dead letters, of which nobody else can say what they are:
// the oldest first, and quoted, since they hold whatever somebody wrote.
func (r *replaying) listLetters() error {
	tw := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', 0)
	n := 0
	err := exporter.ReadDeadLetters(pipeline.DeadLetters(r.cfg), func(l exporter.DeadLetter) error {
		n += l.Records
		_, err := fmt.Fprintf(tw, "%s\t%s\t%q\t%s\t%q\n", l.Time.Format(time.RFC3339), l.Code, l.Message, l.UID, l.Summary)
		return err
	})
	if err := errors.Join(err, tw.Flush()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(r.out, "%d records are kept as dead letters\n", n)
	return err
}

// post asks the running process.
func (r *replaying) post(ctx context.Context, path string, body, answer any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://rtcship"+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	client := admin.Client(r.cfg.StateDir)
	client.Timeout = time.Hour // dead letters wait for a collector that is away
	resp, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("ask the running process: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096)) // as much of the reason as there is
		return fmt.Errorf("the running process says: %s", strings.TrimSpace(string(text)))
	}
	return json.NewDecoder(resp.Body).Decode(answer)
}

func notRunning(err error) bool {
	return errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED)
}
