package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/ownlog"
	"github.com/rtcship/rtcship/internal/pipeline"
)

func newRunCommand() *cobra.Command {
	var stay bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Follow, receive and deliver until SIGTERM",
		Long: `run follows Sora's log directory, receives Pexip's syslog, and delivers to an
OpenTelemetry Collector.

SIGTERM or SIGINT ends the intake, reads every file to its end, and waits for
the collector's last acknowledgement for drain_timeout; a second one ends the
process at once. SIGHUP reads the configuration again. What is not acknowledged
is on disk and comes at the next start.`,
		Example: `  rtcship run --sora-log-dir /opt/sora/log --endpoint http://collector:4317
  rtcship run --config /etc/rtcship/rtcship.yaml --pexip-listen udp://0.0.0.0:514`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&stay, "stay", false, "show what keeps rtcship from starting and try again, instead of exiting; for sidecars")
	flags := addConfigFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		logger := ownlog.New(cmd.ErrOrStderr(), "info", "auto")
		if cfg, err := flags.load(); err == nil {
			logger = ownlog.New(cmd.ErrOrStderr(), cfg.Log.Level, cfg.Log.Format)
		} else if !stay {
			return printFaults(cmd.ErrOrStderr(), err)
		}
		limitMemory(logger)
		s := watchSignals(logger)
		err := pipeline.Run(s.ctx, pipeline.Options{
			Load: func() (*config.Loaded, error) { return flags.load() },
			Stay: stay, Stop: s.stop, Reload: s.reload, Logger: logger, Version: programVersion(),
		})
		if errors.Is(err, errSecondSignal) {
			return fmt.Errorf("ended at once: %w; what was not acknowledged comes at the next start", err)
		}
		return err
	}
	return cmd
}

var errSecondSignal = errors.New("second signal")

// signals turns the process's signals into what pipeline.Run listens to.
type signals struct {
	ctx    context.Context
	stop   chan struct{}
	reload chan struct{}
}

func watchSignals(logger interface{ Info(string, ...any) }) *signals {
	ctx, cancel := context.WithCancelCause(context.Background())
	s := &signals{ctx: ctx, stop: make(chan struct{}), reload: make(chan struct{}, 1)}
	incoming := make(chan os.Signal, 4)
	signal.Notify(incoming, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		stopped := false
		for sig := range incoming {
			switch {
			case sig == syscall.SIGHUP:
				select {
				case s.reload <- struct{}{}:
				default: // one is waiting already
				}
			case !stopped:
				stopped = true
				logger.Info("stopping", "signal", sig.String())
				close(s.stop)
			default:
				cancel(errSecondSignal)
				return
			}
		}
	}()
	return s
}
