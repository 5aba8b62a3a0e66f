package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/tailer"
	"github.com/rtcship/rtcship/tailer/spool"
	"github.com/rtcship/rtcship/tailer/syslog"
)

// parts are what is opened once and outlives a reload.
type parts struct {
	lock   *tailer.StateLock
	spool  *spool.Spool // open even if nothing is received, since something may be left in it
	server *syslog.Server
	served chan error // how Serve ended
	opts   Options

	mu      sync.Mutex  // orders what happens to the listeners
	again   *time.Timer // opens listeners that could not be opened; nil if there were none
	stopped bool

	faults atomic.Pointer[map[string]string] // why listeners are not open, by the way they are written; nil if all are
}

// openStore locks the state directory and opens the spool, and does not listen.
func openStore(ctx context.Context, cfg *config.Config, o Options) (*parts, error) {
	p := &parts{opts: o}
	var err error
	if p.lock, err = tailer.Lock(cfg.StateDir); err != nil {
		return nil, fmt.Errorf("state_dir %s cannot be used: %w; give one that rtcship may write to", cfg.StateDir, err)
	}
	p.spool, err = spool.OpenContext(ctx, spool.Config{
		Dir:      filepath.Join(cfg.StateDir, "spool"),
		MaxBytes: int64(cfg.Spool.MaxBytes),
		Fsync:    cfg.Spool.Fsync,
		Logger:   o.Log.Logger,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the spool: %w", err), p.close())
	}
	return p, nil
}

// openParts opens the store and the listeners.
func openParts(ctx context.Context, cfg *config.Config, o Options) (*parts, error) {
	p, err := openStore(ctx, cfg, o)
	if err != nil {
		return nil, err
	}
	if err := p.listen(cfg); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// listen opens the listeners. With Stay, those that cannot be opened are tried
// again while everything else goes on: a taken port must not keep Sora's logs.
func (p *parts) listen(cfg *config.Config) (err error) {
	want := listenConfig(cfg, p.opts)
	p.server, err = syslog.Listen(want, p.spool)
	if err != nil && !p.opts.Stay {
		return fmt.Errorf("listen for syslog: %w", err)
	}
	if err != nil {
		if p.server, err = syslog.Listen(without(want, want.Listen), p.spool); err != nil {
			return fmt.Errorf("prepare to listen for syslog: %w", err)
		}
		p.mu.Lock()
		p.listenEach(want)
		p.mu.Unlock()
	}
	p.served = make(chan error, 1)
	go func() { p.served <- p.server.Serve(context.Background()) }()
	return nil
}

// listenEach opens what can be opened of want, and goes on trying the rest.
// What is open stays as it is. The caller holds p.mu.
func (p *parts) listenEach(want syslog.Config) {
	faults := map[string]string{}
	missing := p.notOpen(want.Listen)
	// Other settings, and listeners that are to go, do not wait for those that are missing.
	if err := p.server.Reload(without(want, missing)); err != nil {
		faults[allListeners] = err.Error()
	}
	for _, l := range slices.Clone(missing) {
		others := slices.DeleteFunc(slices.Clone(missing), func(m string) bool { return m == l })
		if err := p.server.Reload(without(want, others)); err != nil {
			faults[l] = err.Error()
		} else {
			missing = others
			delete(faults, allListeners) // it is the same but for l
		}
	}
	if len(faults) == 0 {
		p.faults.Store(nil)
		p.opts.Log.Info("all listeners are open")
		return
	}
	p.faults.Store(&faults)
	p.opts.Log.Error("cannot open all listeners, trying again", "error", slices.Sorted(maps.Values(faults)), "wait", p.opts.Retry)
	var timer *time.Timer
	timer = time.AfterFunc(p.opts.Retry, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.again == timer && !p.stopped { // it may have fired while a reload held the lock
			p.listenEach(want)
		}
	})
	p.again = timer
}

// allListeners is where a fault stands that is not about one listener.
const allListeners = "listeners"

// notOpen returns those of the wanted listeners that are not open.
func (p *parts) notOpen(wanted []string) []string {
	open := p.addresses()
	return slices.DeleteFunc(slices.Clone(wanted), func(l string) bool { _, ok := open[l]; return ok })
}

// without returns c with some of its listeners left out.
func without(c syslog.Config, out []string) syslog.Config {
	c.Listen = slices.DeleteFunc(slices.Clone(c.Listen), func(l string) bool { return slices.Contains(out, l) })
	return c
}

func listenConfig(cfg *config.Config, o Options) syslog.Config {
	var allow []netip.Prefix
	for _, s := range cfg.Pexip.Allow {
		if prefix, err := config.ParsePrefix(s); err == nil { // config has checked it
			allow = append(allow, prefix)
		}
	}
	var safe func(text []byte) int
	if converter, err := NewConverter(cfg, o.Version); err == nil { // config has checked it
		safe = converter.SafeCut
	}
	_, connections, _ := Descriptors(cfg)
	return syslog.Config{
		Listen:         cfg.Pexip.Listen,
		TLS:            syslog.TLSConfig(cfg.Pexip.TLS),
		Allow:          allow,
		MaxMessage:     int(cfg.Pexip.MaxMessage),
		SafeCut:        safe,
		MaxConnections: connections,
		IdleTimeout:    cfg.Pexip.IdleTimeout,
		Logger:         o.Log.Logger,
	}
}

// reload hands changed settings on; listeners that stay the same stay open.
// Those that cannot be opened are tried again: the process has work to do.
func (p *parts) reload(cfg *config.Config) {
	p.spool.SetLimits(int64(cfg.Spool.MaxBytes), cfg.Spool.Fsync)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.relisten(listenConfig(cfg, p.opts))
}

// relisten makes the listeners those of want. The caller holds p.mu.
func (p *parts) relisten(want syslog.Config) {
	if p.again != nil {
		p.again.Stop()
		p.again = nil
	}
	if err := p.server.Reload(want); err != nil {
		p.listenEach(want)
		return
	}
	p.faults.Store(nil)
}

// listenFaults says why listeners are not open.
func (p *parts) listenFaults() map[string]string {
	if faults := p.faults.Load(); faults != nil {
		return *faults
	}
	return nil
}

// addresses are what the open listeners are bound to.
func (p *parts) addresses() Addresses {
	bound := Addresses{}
	for _, l := range p.server.Status() {
		bound[l.Listen] = l.Address
	}
	return bound
}

// stopListening returns when everything that was received is in the spool.
func (p *parts) stopListening() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server == nil || p.stopped {
		return nil
	}
	p.stopped = true
	if p.again != nil {
		p.again.Stop()
	}
	return errors.Join(p.server.Close(), <-p.served)
}

func (p *parts) close() error {
	err := p.stopListening()
	if p.spool != nil {
		err = errors.Join(err, p.spool.Close())
	}
	return errors.Join(err, p.lock.Close())
}
