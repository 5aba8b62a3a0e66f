package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/rtcship/rtcship/internal/admin"
	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/pipeline"
	"github.com/rtcship/rtcship/internal/plain"
)

func newStatusCommand() *cobra.Command {
	c := &statusCommand{}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the ledger: what was read, what became of it, what is still to come",
		Long: `status asks the running process, through admin.sock in the state directory. If
none runs there, it shows the positions that are saved in the directory.

It exits with status 1 if something does not arrive.`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&c.json, "json", false, "as JSON, the same as /status.json")
	cmd.Flags().BoolVar(&c.watch, "watch", false, "show it again every two seconds, until a signal (Ctrl-C)")
	flags := addConfigFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := flags.load()
		if err != nil {
			return printFaults(cmd.ErrOrStderr(), err)
		}
		c.cfg, c.out = cfg, cmd.OutOrStdout()
		if c.watch {
			return c.showAgain(cmd.Context())
		}
		state, err := c.show()
		if err == nil && state == pipeline.Red {
			return exitStatus(1)
		}
		return err
	}
	return cmd
}

type statusCommand struct {
	json, watch bool
	cfg         *config.Loaded
	out         io.Writer
}

// showAgain shows the status until a signal, which is how one ends it, and no
// failure.
func (c *statusCommand) showAgain(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	for {
		if _, err := c.show(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(2 * time.Second):
		}
	}
}

func (c *statusCommand) show() (pipeline.State, error) {
	s, err := readStatus(c.cfg)
	if err != nil {
		return "", err
	}
	if c.json {
		enc := json.NewEncoder(plain.JSONWriter(c.out))
		enc.SetIndent("", "  ")
		return s.State, enc.Encode(s)
	}
	if c.watch && isTerminal(c.out) {
		fmt.Fprint(c.out, "\x1b[H\x1b[2J") // home, clear
	}
	return s.State, printStatus(plain.Writer(c.out), s)
}

// readStatus asks the running process, or reads the state directory if none runs.
func readStatus(cfg *config.Loaded) (*pipeline.Status, error) {
	client := admin.Client(cfg.StateDir)
	client.Timeout = 10 * time.Second
	resp, err := client.Get("http://rtcship/status.json")
	if notRunning(err) {
		return pipeline.StatusAtRest(&cfg.Config)
	}
	if err != nil {
		return nil, fmt.Errorf("ask the running process: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask the running process: %s", resp.Status)
	}
	var s pipeline.Status
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		return nil, fmt.Errorf("read the status: %w", err)
	}
	return &s, nil
}

func printStatus(w io.Writer, s *pipeline.Status) error {
	if s.Running {
		fmt.Fprintf(w, "%s, running for %s (version %s)\n", s.State, s.Now.Sub(s.Started).Round(time.Second), s.Version)
	} else {
		fmt.Fprintln(w, "not running: positions as they are saved")
	}
	for _, r := range s.Reasons {
		fmt.Fprintf(w, "  %s: %s\n    to do: %s\n", r.State, plain.Text(r.Text), plain.Text(r.Do))
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	printLedger(tw, s)
	if len(s.Listeners) > 0 {
		fmt.Fprintln(tw, "\nlistener\tmessages\tbytes\tconnections\trefused\tcut\tdropped\tby the kernel")
	}
	for _, l := range s.Listeners {
		fmt.Fprintf(tw, "%s\t%d\t%s\t%d\t%d\t%d\t%d\t%d\n",
			l.Listen, l.Messages, humanize.IBytes(l.Bytes), l.Connections, total(l.Refused), l.Cut, total(l.Dropped), l.KernelDrops)
	}
	fmt.Fprintln(tw, "\nfile\tlog\tstate\tread\tcut\tsize\tsettled\tto come\tbehind\tgaps and refusals")
	for i := range s.Files {
		f := &s.Files[i]
		fmt.Fprintf(tw, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t", plain.Text(f.Path), plain.Text(f.Log), f.State, f.Entries, f.Cut, f.Size, f.Settled, f.Lag, f.Behind.Round(time.Second))
		if f.Files > 0 {
			fmt.Fprintf(tw, "%d files; ", f.Files)
		}
		for _, g := range f.Gaps {
			fmt.Fprintf(tw, "%d bytes %s; ", g.Bytes, g.Reason)
		}
		fmt.Fprintf(tw, "%s%s\n", refusals(&f.Trouble), plain.Text(f.Error))
	}
	return tw.Flush()
}

func printLedger(w io.Writer, s *pipeline.Status) {
	if len(s.Ledger) == 0 {
		return
	}
	fmt.Fprintln(w, "\nsource\tread\tfurther\taccepted\trejected\tdead\tempty\tdropped\tin flight")
	for _, source := range slices.Sorted(maps.Keys(s.Ledger)) {
		l := s.Ledger[source]
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", source, l.Read, l.Further, l.Accepted, l.Rejected, l.Dead, l.Empty, l.Dropped, l.InFlight)
	}
	for _, source := range slices.Sorted(maps.Keys(s.Ledger)) {
		by := s.Ledger[source].DroppedBy
		for _, rule := range slices.Sorted(maps.Keys(by)) {
			fmt.Fprintf(w, "%s: %d dropped by %s\n", source, by[rule], rule)
		}
	}
}

// refusals says what became of a file's records besides acceptance.
func refusals(t *pipeline.Trouble) string {
	var s strings.Builder
	if t.Rejected > 0 {
		fmt.Fprintf(&s, "%d rejected; ", t.Rejected)
	}
	if t.Dead > 0 {
		fmt.Fprintf(&s, "%d dead letters; ", t.Dead)
	}
	for _, format := range slices.Sorted(maps.Keys(t.Unparsed)) {
		fmt.Fprintf(&s, "%d not understood as %s; ", t.Unparsed[format], format)
	}
	return s.String()
}

func total(m map[string]uint64) (n uint64) {
	for _, v := range m {
		n += v
	}
	return n
}
