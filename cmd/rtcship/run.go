package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtcship/rtcship/internal/admin"
	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/numbers"
	"github.com/rtcship/rtcship/internal/ownlog"
	"github.com/rtcship/rtcship/internal/pipeline"
	"github.com/rtcship/rtcship/internal/push"
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
process at once. SIGHUP, or a change of the config file, reads the configuration
again. What is not acknowledged is on disk and comes at the next start.

How it is doing: "rtcship status", or http://127.0.0.1:9464/ (admin.listen).`,
		Example: `  rtcship run --sora-log-dir /opt/sora/log --endpoint http://collector:4317
  rtcship run --config /etc/rtcship/rtcship.yaml --pexip-listen udp://0.0.0.0:514`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&stay, "stay", false, "show what keeps rtcship from starting and try again, instead of exiting; for sidecars")
	flags := addConfigFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := flags.load()
		if err != nil && !stay {
			return printFaults(cmd.ErrOrStderr(), err)
		}
		if err != nil { // what can be said before there is a configuration is said as the default has it
			cfg = &config.Loaded{Config: config.Default()}
		}
		r := &runner{flags: flags, log: ownlog.New(ownlog.Config{Writer: cmd.ErrOrStderr(), Level: cfg.Log.Level, Format: cfg.Log.Format})}
		log.SetFlags(0)
		log.SetOutput(ownlog.Foreign(r.log.Logger))
		return r.run(stay, cfg)
	}
	return cmd
}

// spanWait is pipeline.Options.SpanWait, for tests.
var spanWait time.Duration

// A runner is the daemon with all that belongs to a process.
type runner struct {
	flags *configFlags
	log   *ownlog.Log
	admin *admin.Server
	push  *push.Push
	debug debugServer

	mu     sync.Mutex
	again  *time.Timer // serves again what could not be served; nil if all is
	closed bool
}

func (r *runner) run(stay bool, first *config.Loaded) error {
	s := watchSignals(r.log.Logger)
	go watchFile(r.flags.file).run(s.ctx, s.requestReload) // before Run loads the file
	service := &supervisor{log: r.log.Logger}
	calls, err := numbers.Expose()
	if err != nil {
		return fmt.Errorf("prepare metrics: %w", err)
	}
	d := pipeline.New(pipeline.Options{
		Load: r.flags.load, Stay: stay, Stop: s.stop, Reload: s.reload,
		Log: r.log, Version: programVersion(), Configured: r.configured, Ready: service.ready, SpanWait: spanWait, Numbers: calls.Meter,
	})
	if r.admin, err = admin.New(d, calls); err != nil {
		return err
	}
	r.push = &push.Push{Status: d.Status, More: calls, Log: r.log.Logger, Version: programVersion()}
	defer r.close()
	d.Admin = r.admin.Status
	service.status = d.Status
	running, ended := context.WithCancel(s.ctx)
	defer ended()
	go service.run(running, s.stop)
	if stay { // the page says what is wrong even if nothing can start
		r.configured(first)
	}
	err = d.Run(s.ctx)
	if cause := context.Cause(s.ctx); cause != nil { // whatever Run says of its end, it was no drain
		return fmt.Errorf("ended at once: %w; what was not acknowledged comes at the next start", cause)
	}
	return err
}

// configured makes of the process what a configuration asks for, at the start
// and after each reload.
func (r *runner) configured(cfg *config.Loaded) {
	limitCPUs(&cfg.Config)
	limitMemory(r.log.Logger, &cfg.Config)
	r.serve(cfg)
	r.push.Configure(&cfg.Config)
}

// serveAgain is how soon an address is tried again that could not be opened.
const serveAgain = 5 * time.Second

// serve opens the addresses of a configuration. A port that is taken is no
// reason not to ship logs: it is tried again, until it is free or the next
// configuration wants another one.
func (r *runner) serve(cfg *config.Loaded) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.again != nil {
		r.again.Stop()
		r.again = nil
	}
	if !r.closed {
		r.open(cfg)
	}
}

// open is serve. The caller holds r.mu.
func (r *runner) open(cfg *config.Loaded) {
	socket := filepath.Join(cfg.StateDir, admin.Socket)
	if _, err := os.Stat(cfg.StateDir); err != nil {
		socket = ""
	}
	adminErr := r.admin.Serve(admin.Config{Listen: cfg.Admin.Listen, Hosts: cfg.Admin.Hosts, Socket: socket})
	if adminErr != nil {
		r.log.Error("the status page and metrics are not served, trying again", "error", adminErr, "wait", serveAgain)
	}
	debugErr := r.debug.serve(cfg.Debug.Listen)
	if debugErr != nil {
		r.log.Error("profiles are not served, trying again", "error", debugErr, "wait", serveAgain)
	}
	if adminErr != nil || debugErr != nil {
		r.serveLater(cfg)
	}
}

// serveLater tries again, unless another configuration comes first. The caller
// holds r.mu.
func (r *runner) serveLater(cfg *config.Loaded) {
	var timer *time.Timer
	timer = time.AfterFunc(serveAgain, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.again == timer && !r.closed { // it may have fired while another configuration came
			r.open(cfg)
		}
	})
	r.again = timer
}

// close ends what serve has opened, and what it still tries to open.
func (r *runner) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.again != nil {
		r.again.Stop()
	}
	r.admin.Close()
	r.push.Close()
	r.debug.close()
}

var errSecondSignal = errors.New("second signal")

// signals turns the process's signals into what the daemon listens to.
type signals struct {
	ctx    context.Context
	stop   chan struct{}
	reload chan struct{}
}

func watchSignals(logger *slog.Logger) *signals {
	ctx, cancel := context.WithCancelCause(context.Background())
	s := &signals{ctx: ctx, stop: make(chan struct{}), reload: make(chan struct{}, 1)}
	// A write to a standard error that nobody reads any more would end the process.
	signal.Ignore(syscall.SIGPIPE)
	incoming := make(chan os.Signal, 4)
	signal.Notify(incoming, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		stopped := false
		for sig := range incoming {
			switch {
			case sig == syscall.SIGHUP:
				s.requestReload()
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

func (s *signals) requestReload() {
	select {
	case s.reload <- struct{}{}:
	default: // one is waiting already
	}
}
