// Package syslog receives syslog messages over UDP, TCP, TLS and Unix sockets,
// and puts each into the spool as it came.
//
// What a message says is of no interest here: only where it begins and ends,
// who sent it and when it arrived. A peer that sends rubbish, too much, half of
// something or nothing at all hurts nobody but itself, and everything that is
// refused is counted by reason.
package syslog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rtcship/rtcship/tailer/spool"
)

// Defaults of Config.
const (
	defaultMaxMessage     = 1 << 20
	defaultMaxConnections = 256
	defaultIdleTimeout    = 10 * time.Minute
)

// The bounds of Config.MaxMessage.
const (
	minMessage = 1 << 10
	maxMessage = 16 << 20
)

// Config configures a Server. Zero values mean the default.
type Config struct {
	Listen []string  // addresses as ParseEndpoint reads them
	TLS    TLSConfig // for tls:// addresses

	Allow          []netip.Prefix        // peers that may send; all if empty. Unix sockets have their mode bits instead
	MaxMessage     int                   // bytes; a longer message is cut into several. 1 MiB, between 1 KiB and 16 MiB
	SafeCut        func(text []byte) int // where the beginning of a longer message can be cut, as in tailer.Config; anywhere if nil
	MaxConnections int                   // of all listeners together. 256
	IdleTimeout    time.Duration         // after which a connection that sends nothing is closed. 10 min; negative is never

	Logger *slog.Logger // nil discards
}

func (c Config) withDefaults() Config {
	if c.MaxMessage == 0 {
		c.MaxMessage = defaultMaxMessage
	}
	c.MaxMessage = min(max(c.MaxMessage, minMessage), maxMessage)
	if c.MaxConnections <= 0 {
		c.MaxConnections = defaultMaxConnections
	}
	if c.IdleTimeout == 0 {
		c.IdleTimeout = defaultIdleTimeout
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// A Sink takes the messages; *spool.Spool is one.
type Sink interface {
	// Append blocks until every message of b is kept, or ctx ends.
	Append(ctx context.Context, b *spool.Batch) error
	// TryAppend does not wait for room; it returns spool.ErrFull instead.
	TryAppend(b *spool.Batch) error
}

var _ Sink = (*spool.Spool)(nil)

// A Server is a set of listeners. All methods are safe for concurrent use.
type Server struct {
	sink     Sink
	settings atomic.Pointer[settings]
	conns    conns
	work     chan *work // what readers of connections work with

	ctx    context.Context // ends when the listeners are to stop
	cancel context.CancelFunc
	grace  context.Context // ends when nothing may be written any more
	end    context.CancelFunc
	drain  time.Duration // how much later than ctx; drainTime but in tests

	mu        sync.Mutex // guards what follows, and orders Reload and Close
	listeners []*listener
	serving   bool
	closed    bool
	running   sync.WaitGroup // of listeners
}

// settings are what a reload can change under open listeners.
type settings struct {
	Config
	allow allowList
	certs *certs // nil without a tls:// address
}

// drainTime is how long a listener that is stopped may go on writing what it
// had already received.
const drainTime = 2 * time.Second

// Listen opens all listeners of cfg, or none. Nothing is read before Serve.
func Listen(cfg Config, sink Sink) (*Server, error) {
	s := &Server{sink: sink, work: make(chan *work, workers), drain: drainTime}
	for range workers {
		s.work <- new(work)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.grace, s.end = context.WithCancel(context.Background())
	if err := s.Reload(cfg); err != nil {
		return nil, err
	}
	return s, nil
}

// Serve receives messages until ctx ends or Close is called. It then stops
// accepting, takes what has already arrived, for two seconds at most, closes
// everything, and returns nil. It is called once.
func (s *Server) Serve(ctx context.Context) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	if s.serving {
		s.mu.Unlock()
		return errors.New("serve syslog: serving already")
	}
	s.serving = true
	for _, l := range s.listeners {
		s.start(l)
	}
	s.mu.Unlock()
	select {
	case <-ctx.Done():
	case <-s.ctx.Done():
	}
	return s.Close()
}

// start runs l until it is closed. The lock is held.
func (s *Server) start(l *listener) {
	if l.packets != nil {
		l.packets.started = true
	}
	s.running.Go(l.serve)
}

// Close stops the server as the end of Serve's context does, and waits for it.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.cancel()
	timer := time.AfterFunc(s.drain, s.end)
	defer timer.Stop()
	var errs []error
	for _, l := range s.listeners {
		errs = append(errs, l.close())
	}
	s.running.Wait()
	s.end()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close syslog listeners: %w", err)
	}
	return nil
}

// Status returns the state of each listener, in the order of Config.Listen.
func (s *Server) Status() []ListenerStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]ListenerStatus, len(s.listeners))
	for i, l := range s.listeners {
		out[i] = l.status()
	}
	return out
}
