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
	"sync"
	"time"

	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/numbers"
	"github.com/rtcship/rtcship/internal/ownlog"
	"github.com/rtcship/rtcship/tailer"
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
	Log     *ownlog.Log
	Version string

	// Deliver, if set, is given the records in the place of the endpoint; see
	// exporter.Config. The process is then somebody else's, and its memory too.
	Deliver func(ctx context.Context, request []byte) error

	// DeliverSpans is given the spans, where Deliver is given the records.
	DeliverSpans func(ctx context.Context, request []byte) error

	// SpanWait is how much longer a batch waits for its spans than for its
	// records; 0 = 1 s. Tests that count spans on a busy machine need more.
	SpanWait time.Duration

	Retry time.Duration // between two attempts while Stay keeps the process; 0 = 5 s

	// Configured, if set, is called with each configuration that is put in
	// force, once the state directory can be used.
	Configured func(*config.Loaded)

	// Admin, if set, says how the addresses are on which the Status is shown.
	Admin func() *AdminStatus

	// Numbers takes what calls and their media amount to; nil if nobody wants to know.
	Numbers *numbers.Meter

	// Ready, if set, is called once the listeners are open and following has begun.
	Ready func(Addresses)
}

// Addresses are the addresses that listeners got, by the way they are written in the configuration.
type Addresses map[string]string

// A Daemon runs the parts and knows how they are.
type Daemon struct {
	Options
	started time.Time
	books   *books
	between chan func(*config.Config, *parts) // what is to be done while no engine runs

	announced *config.Loaded // in the log; of Run alone

	mu          sync.Mutex
	cfg         *config.Loaded // in force; nil before the first
	settings    []Setting      // of cfg
	parts       *parts         // nil while they are not open
	engine      *engine        // nil while none runs
	fault       string         // why the last attempt to start failed
	reloadFault string         // why the newest configuration is not in force
}

// New returns a Daemon that does not run yet.
func New(o Options) *Daemon {
	if o.Retry == 0 {
		o.Retry = 5 * time.Second
	}
	return &Daemon{Options: o, started: time.Now(), books: newBooks(), between: make(chan func(*config.Config, *parts))}
}

// Run is New(o).Run(ctx).
func Run(ctx context.Context, o Options) error { return New(o).Run(ctx) }

// Run runs until Options.Stop is closed and everything is settled, or
// drain_timeout has passed, and then returns nil. It ends at once when ctx
// ends; what is not settled then is sent again by the next Run.
func (d *Daemon) Run(ctx context.Context) error {
	idle, stop := context.WithCancel(ctx)
	defer stop()
	if d.Deliver == nil {
		go freeWhenIdle(idle, d.books, freeMemory)
	}
	for {
		err := d.run(ctx)
		if err == nil || !d.Stay || ctx.Err() != nil {
			return err
		}
		d.show(err)
		select {
		case <-time.After(d.Retry):
		case <-d.Reload:
		case <-d.Stop:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// update changes what Status looks at.
func (d *Daemon) update(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

// show logs what keeps rtcship from starting, a line for each fault.
func (d *Daemon) show(err error) {
	d.update(func() { d.fault = err.Error() })
	var faults config.Faults
	if !errors.As(err, &faults) {
		d.Log.Error("cannot start, trying again", "error", err, "wait", d.Retry)
		return
	}
	for _, f := range faults {
		d.Log.Error("the configuration is faulty, trying again", "fault", f.String(), "wait", d.Retry)
	}
}

// run loads the configuration, opens what lives as long as the process, and runs engines on it.
func (d *Daemon) run(ctx context.Context) (err error) {
	cfg, err := d.Load()
	if err != nil {
		return err
	}
	d.adopt(cfg)
	p, err := d.open(ctx, &cfg.Config)
	if err != nil || p == nil {
		return err
	}
	d.update(func() { d.parts = p })
	d.configured(cfg)
	defer func() {
		d.update(func() { d.parts = nil })
		err = errors.Join(err, p.close())
	}()
	return d.runEngines(ctx, cfg, p)
}

// errStopped ends what goes on before an engine runs.
var errStopped = errors.New("told to stop")

// open opens the parts, which may take reading a segment of the spool. It returns
// nil if it was told to stop meanwhile.
func (d *Daemon) open(ctx context.Context, cfg *config.Config) (*parts, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-d.Stop:
			cancel(errStopped)
		case <-ctx.Done():
		}
	}()
	p, err := openParts(ctx, cfg, d.Options)
	if errors.Is(err, errStopped) {
		return nil, nil
	}
	return p, err
}

// runEngines runs one engine after another until the process is to end. An
// engine that cannot be made is the end only for the first and without Stay:
// what a reload brings about, such as a file that has gone since it was looked
// at, is shown and tried again, while the listeners go on receiving.
func (d *Daemon) runEngines(ctx context.Context, cfg *config.Loaded, p *parts) error {
	for first := true; ; first = false {
		var next *config.Loaded
		e, err := newEngine(&cfg.Config, p, d.books, d.Options)
		fatal := first && !d.Stay
		if err == nil {
			next, err = d.runEngine(ctx, cfg, p, e)
			fatal = !d.Stay
		}
		if next == nil && (err == nil || fatal || ctx.Err() != nil || errors.Is(err, tailer.ErrTaken)) {
			return err
		}
		if next == nil {
			d.show(err)
			if next, err = d.awaitRetry(ctx, cfg, p); next == nil {
				return err
			}
		}
		cfg = next
		d.adopt(cfg)
		d.configured(cfg)
		p.reload(&cfg.Config)
	}
}

// awaitRetry waits while no engine can be run, and returns the configuration to try
// again with, or nil if the process is to end.
func (d *Daemon) awaitRetry(ctx context.Context, cfg *config.Loaded, p *parts) (*config.Loaded, error) {
	for {
		select {
		case <-time.After(d.Retry):
		case <-d.Reload:
		case work := <-d.between:
			work(&cfg.Config, p)
			continue
		case <-d.Stop:
			return nil, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		next, err := d.Load()
		if err == nil && next.StateDir != cfg.StateDir {
			return nil, fmt.Errorf("state_dir has become %s: starting anew", next.StateDir)
		}
		if err == nil {
			return next, nil
		}
		d.show(err)
	}
}

// adopt puts a configuration in force.
func (d *Daemon) adopt(cfg *config.Loaded) {
	all := settings(cfg)
	d.update(func() { d.cfg, d.settings, d.reloadFault = cfg, all, "" })
	d.Log.SetLevel(cfg.Log.Level)
	for _, w := range cfg.Warnings {
		d.Log.Warn("configuration", "warning", w.String())
	}
	if _, _, note := Descriptors(&cfg.Config); note != "" {
		d.Log.Warn("configuration", "warning", note)
	}
}

func (d *Daemon) configured(cfg *config.Loaded) {
	if d.Configured != nil {
		d.Configured(cfg)
	}
}

// runEngine runs an engine until the process is to end or, with a checked
// configuration to go on with, until a reload.
func (d *Daemon) runEngine(ctx context.Context, cfg *config.Loaded, p *parts, e *engine) (next *config.Loaded, err error) {
	d.update(func() { d.engine, d.fault = e, "" })
	defer d.update(func() {
		d.engine = nil
		d.books.addEmpty(e.tailer.Empty())
	})
	defer d.exportOwnLog(&cfg.Config)()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- e.tailer.Run(ctx) }()
	if d.announced != cfg { // and not after each replay
		d.announced = cfg
		d.Log.Info("shipping logs", "version", d.Version, "log_dir", cfg.Sora.LogDir, "listen", cfg.Pexip.Listen, "endpoint", cfg.Export.MaskedEndpoint())
	}
	if d.Ready != nil {
		d.Ready(p.addresses())
	}
	watch := time.NewTicker(time.Second)
	defer watch.Stop()
	for {
		select {
		case <-watch.C:
			if err := d.keepState(cfg, p, e); err != nil {
				cancel()
				return nil, errors.Join(err, <-ended, e.close())
			}
		case err := <-ended:
			return nil, errors.Join(err, e.close())
		case <-d.Stop:
			return nil, d.drain(cfg.Drain, e, p, cancel, ended)
		case <-d.Reload:
			if next = d.reload(&cfg.Config); next == nil {
				continue
			}
			cancel()
			return next, errors.Join(<-ended, e.close())
		case work := <-d.between:
			cancel()
			err := errors.Join(<-ended, e.close())
			work(&cfg.Config, p)
			return cfg, err
		}
	}
}

// keepState sees to it that a state directory that somebody has emptied is made
// again, with what is known. It is an error if another process has it by then: two
// would send everything twice.
func (d *Daemon) keepState(cfg *config.Loaded, p *parts, e *engine) error {
	remade, err := p.lock.Check()
	switch {
	case errors.Is(err, tailer.ErrTaken):
		e.tailer.Abandon()
		return err
	case err != nil:
		d.Log.Error("state directory cannot be locked again", "error", err)
	case remade:
		d.Log.Error("the state directory was emptied: it is made again, with the present positions")
		e.tailer.SaveAgain()
		if err := p.spool.Restore(); err != nil {
			d.Log.Error("spool cannot be made again", "error", err)
		}
		d.configured(cfg) // what was made of it there is gone, too
	}
	return nil
}

// reload returns a configuration that can take the place of cfg, or nil.
func (d *Daemon) reload(cfg *config.Config) *config.Loaded {
	next, err := d.Load()
	if err == nil {
		err = checkEngine(cfg, &next.Config, d.Options)
	}
	if err != nil {
		d.update(func() { d.reloadFault = err.Error() })
		d.Log.Error("the new configuration is faulty, the old one stays", "error", err)
		return nil
	}
	d.Log.Info("configuration reloaded")
	return next
}

// drain stops the intake, then lets the tailer finish for as long as timeout.
func (d *Daemon) drain(timeout time.Duration, e *engine, p *parts, cancel func(), ended <-chan error) error {
	d.Log.Info("draining", "timeout", timeout)
	late := p.stopListening()
	e.tailer.Drain()
	select {
	case err := <-ended:
		return errors.Join(late, err, e.close())
	case <-time.After(timeout):
		d.Log.Warn("not everything was acknowledged within drain_timeout: it is on disk and comes at the next start", "timeout", timeout)
	}
	cancel()
	if err := <-ended; err != nil {
		late = errors.Join(late, fmt.Errorf("follow files: %w", err))
	}
	return errors.Join(late, e.close())
}
