// Package pipeline wires the parts together and keeps them running.
//
// Some parts live as long as the process: the lock on the state directory, the
// spool and the listeners. The others, from the tailer to the exporter, are an
// engine that is made anew for each configuration. Stopping one engine and
// starting the next loses nothing, since what is not settled is on disk.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/rtcship/rtcship/internal/config"
)

// Options says what Run runs.
type Options struct {
	// Load reads the configuration; it is called again for each reload. Its
	// error is shown as it is.
	Load func() (*config.Loaded, error)

	// Stay keeps Run going whatever is wrong with the configuration, a port or
	// the state directory: it is shown, and tried again.
	Stay bool

	Stop    <-chan struct{} // closed for a drain; may be nil
	Reload  <-chan struct{} // a value asks for a reload; may be nil
	Logger  *slog.Logger
	Version string

	Retry time.Duration // between two attempts while Stay keeps the process; 0 = 5 s

	// Ready, if set, is called once the listeners are open and following has begun.
	Ready func(Addresses)
}

// Addresses are the addresses that listeners got, by the way they are written in the configuration.
type Addresses map[string]string

// Run runs until Options.Stop is closed and everything is settled, or
// drain_timeout has passed, and then returns nil. It ends at once when ctx
// ends; what is not settled then is sent again by the next Run.
func Run(ctx context.Context, o Options) error {
	if o.Retry == 0 {
		o.Retry = 5 * time.Second
	}
	d := &daemon{Options: o}
	for {
		err := d.run(ctx)
		if err == nil || !o.Stay || ctx.Err() != nil {
			return err
		}
		d.show(err)
		select {
		case <-time.After(o.Retry):
		case <-o.Reload:
		case <-o.Stop:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

type daemon struct {
	Options
}

// show logs what keeps rtcship from starting, a line for each fault.
func (d *daemon) show(err error) {
	var faults config.Faults
	if !errors.As(err, &faults) {
		d.Logger.Error("cannot start, trying again", "error", err, "wait", d.Retry)
		return
	}
	for _, f := range faults {
		d.Logger.Error("the configuration is faulty, trying again", "fault", f.String(), "wait", d.Retry)
	}
}

// run loads the configuration, opens what lives as long as the process, and runs engines on it.
func (d *daemon) run(ctx context.Context) (err error) {
	cfg, err := d.Load()
	if err != nil {
		return err
	}
	d.warn(cfg)
	p, err := openParts(&cfg.Config, d.Options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	for {
		next, err := d.runEngine(ctx, cfg, p)
		if next == nil {
			return err
		}
		cfg = next
		d.warn(cfg)
		if err := p.reload(&cfg.Config); err != nil {
			d.Logger.Error("reload listeners", "error", err)
		}
	}
}

func (d *daemon) warn(cfg *config.Loaded) {
	for _, w := range cfg.Warnings {
		d.Logger.Warn("configuration", "warning", w.String())
	}
}

// runEngine runs one engine until the process is to end or, with a checked
// configuration to go on with, until a reload.
func (d *daemon) runEngine(ctx context.Context, cfg *config.Loaded, p *parts) (next *config.Loaded, err error) {
	e, err := newEngine(&cfg.Config, p, d.Options)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- e.tailer.Run(ctx) }()
	if d.Ready != nil {
		d.Ready(p.addresses())
	}
	for {
		select {
		case err := <-ended:
			return nil, errors.Join(err, e.close())
		case <-d.Stop:
			return nil, d.drain(cfg.Drain, e, p, cancel, ended)
		case <-d.Reload:
			if next = d.reload(); next == nil {
				continue
			}
			cancel()
			return next, errors.Join(<-ended, e.close())
		}
	}
}

func (d *daemon) reload() *config.Loaded {
	next, err := d.Load()
	if err != nil {
		d.Logger.Error("the new configuration is faulty, the old one stays", "error", err)
		return nil
	}
	d.Logger.Info("configuration reloaded")
	return next
}

// drain stops the intake, then lets the tailer finish for as long as timeout.
func (d *daemon) drain(timeout time.Duration, e *engine, p *parts, cancel func(), ended <-chan error) error {
	d.Logger.Info("draining", "timeout", timeout)
	late := p.stopListening()
	e.tailer.Drain()
	select {
	case err := <-ended:
		return errors.Join(late, err, e.close())
	case <-time.After(timeout):
		d.Logger.Warn("not everything was acknowledged within drain_timeout: it is on disk and comes at the next start", "timeout", timeout)
	}
	cancel()
	if err := <-ended; err != nil {
		late = errors.Join(late, fmt.Errorf("follow files: %w", err))
	}
	return errors.Join(late, e.close())
}
