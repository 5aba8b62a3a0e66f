package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtcship/rtcship/internal/probe"
)

func newProbeCommand() *cobra.Command {
	var c probe.Config
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "probe",
		Short: "Send one line through a running rtcship and wait for the collector's acknowledgement",
		Long: `probe writes a line into a log directory that an rtcship follows, or sends one to
its syslog listener, and waits until that rtcship has had one more record
accepted by its collector. It is what "helm test" runs.`,
		Example: `  rtcship probe --write /var/log/sora --admin http://127.0.0.1:9464
  rtcship probe --send tcp://rtcship-gateway:514 --admin http://rtcship-gateway-pods:9464`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeoutCause(cmd.Context(), timeout, fmt.Errorf("%v have passed", timeout))
			defer cancel()
			return probe.Run(ctx, c, func(s string) { fmt.Fprintln(cmd.OutOrStdout(), s) })
		},
	}
	cmd.Flags().StringVar(&c.Write, "write", "", "directory that rtcship follows; a line is appended to sora.jsonl")
	cmd.Flags().StringVar(&c.Send, "send", "", "syslog listener of rtcship, udp://host:port or tcp://host:port")
	cmd.Flags().StringVar(&c.Admin, "admin", "http://127.0.0.1:9464", "rtcship's admin listener")
	cmd.Flags().DurationVar(&timeout, "timeout", time.Minute, "how long to wait")
	c.Every = 5 * time.Second
	return cmd
}
