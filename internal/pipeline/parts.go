package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"

	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/tailer"
	"github.com/rtcship/rtcship/tailer/spool"
	"github.com/rtcship/rtcship/tailer/syslog"
)

// parts are what is opened once and outlives a reload.
type parts struct {
	unlock func() error
	spool  *spool.Spool   // open even if nothing is received, since something may be left in it
	server *syslog.Server // nil once it is closed
	served chan error     // how Serve ended
	opts   Options
}

// openParts locks the state directory and opens spool and listeners.
func openParts(cfg *config.Config, o Options) (*parts, error) {
	p := &parts{opts: o}
	var err error
	if p.unlock, err = tailer.Lock(cfg.StateDir); err != nil {
		return nil, fmt.Errorf("lock the state directory: %w", err)
	}
	if err := p.open(cfg); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *parts) open(cfg *config.Config) (err error) {
	p.spool, err = spool.Open(spool.Config{
		Dir:      filepath.Join(cfg.StateDir, "spool"),
		MaxBytes: int64(cfg.Spool.MaxBytes),
		Fsync:    cfg.Spool.Fsync,
		Logger:   p.opts.Logger,
	})
	if err != nil {
		return fmt.Errorf("open the spool: %w", err)
	}
	return p.listen(cfg)
}

func (p *parts) listen(cfg *config.Config) (err error) {
	p.server, err = syslog.Listen(listenConfig(cfg, p.opts), p.spool)
	if err != nil {
		return fmt.Errorf("listen for syslog: %w", err)
	}
	p.served = make(chan error, 1)
	go func() { p.served <- p.server.Serve(context.Background()) }()
	return nil
}

func listenConfig(cfg *config.Config, o Options) syslog.Config {
	var allow []netip.Prefix
	for _, s := range cfg.Pexip.Allow {
		if prefix, err := config.ParsePrefix(s); err == nil { // config has checked it
			allow = append(allow, prefix)
		}
	}
	return syslog.Config{
		Listen:         cfg.Pexip.Listen,
		TLS:            syslog.TLSConfig(cfg.Pexip.TLS),
		Allow:          allow,
		MaxMessage:     int(cfg.Pexip.MaxMessage),
		MaxConnections: cfg.Pexip.MaxConnections,
		IdleTimeout:    cfg.Pexip.IdleTimeout,
		Logger:         o.Logger,
	}
}

// reload hands changed settings on; listeners that stay the same stay open.
func (p *parts) reload(cfg *config.Config) error {
	p.spool.SetLimits(int64(cfg.Spool.MaxBytes), cfg.Spool.Fsync)
	return p.server.Reload(listenConfig(cfg, p.opts))
}

// addresses are what the listeners of cfg are bound to.
func (p *parts) addresses(cfg *config.Config) Addresses {
	bound := Addresses{}
	for i, addr := range p.server.Addrs() {
		bound[cfg.Pexip.Listen[i]] = addr.String()
	}
	return bound
}

// stopListening returns when everything that was received is in the spool.
func (p *parts) stopListening() error {
	if p.server == nil {
		return nil
	}
	err := errors.Join(p.server.Close(), <-p.served)
	p.server = nil
	return err
}

func (p *parts) close() error {
	err := p.stopListening()
	if p.spool != nil {
		err = errors.Join(err, p.spool.Close())
	}
	return errors.Join(err, p.unlock())
}
