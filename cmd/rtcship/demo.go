package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtcship/rtcship/internal/demo"
	"github.com/rtcship/rtcship/internal/ownlog"
)

func newDemoCommand() *cobra.Command {
	o := demo.Options{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show everything on this machine, with nothing to set up",
		Long: `demo tells the story of a meeting, over and over, as Sora logs it, with rotations,
and as Pexip sends it; ships both into an OTLP receiver inside the process; and
shows the records as they arrive. At the end it counts: written, delivered, lost, twice. It exits
with status 1 if anything was lost.

With --endpoint it ships to a collector or a store of yours instead, so that there
is something to look at, and counts what that has acknowledged. With --admin-listen
it shows its own status page and metrics, as run does.`,
		Example: `  rtcship demo
  rtcship demo --duration 0 --endpoint http://localhost:9428/insert/opentelemetry --protocol http/protobuf`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().DurationVar(&o.Duration, "duration", 10*time.Second, "how long to write; 0 = until it is interrupted")
	cmd.Flags().StringVar(&o.Endpoint, "endpoint", "", "ship to this endpoint instead of a receiver within the process")
	cmd.Flags().StringVar(&o.Protocol, "protocol", "grpc", "of --endpoint: grpc or http/protobuf")
	cmd.Flags().BoolVar(&o.Quiet, "quiet", false, "print the summary only")
	cmd.Flags().StringVar(&o.Admin, "admin-listen", "", "serve the status page and metrics here, such as 127.0.0.1:9464; empty = off")
	cmd.Flags().StringSliceVar(&o.Hosts, "admin-hosts", nil, "further names that they are asked for under")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if o.Duration < 0 {
			return fmt.Errorf("--duration %s: want 0 or more, such as 10s", o.Duration)
		}
		ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		o.Out, o.Version = cmd.OutOrStdout(), programVersion()
		o.Color = isTerminal(o.Out) && os.Getenv("NO_COLOR") == ""
		o.Log = ownlog.New(ownlog.Config{Writer: cmd.ErrOrStderr(), Level: "warn", Format: "text"})
		return demo.Run(ctx, o)
	}
	return cmd
}
