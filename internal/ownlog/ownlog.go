// Package ownlog is rtcship's own log: text for people, JSON for machines, the
// same messages to the collector, and the latest ones for the status page.
//
// A message that comes again and again is written once and then counted, so
// that a collector that is away for a night does not fill a disk with the news.
package ownlog

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/rtcship/rtcship/internal/endpoint"
	"github.com/rtcship/rtcship/internal/plain"
)

// Config says what is logged and where.
type Config struct {
	Writer io.Writer     // standard error
	Level  string        // debug | info | warn | error
	Format string        // text | json | auto, which is text if Writer is a terminal
	Window time.Duration // in which a repeated message is only counted; 0 = 1 min

	// Handler, if set, takes the messages in the place of Writer and Format.
	Handler slog.Handler
}

// A Log is a logger whose messages go to several places.
type Log struct {
	*slog.Logger
	level  slog.LevelVar
	repeat *repeats
	local  *lossy
	recent *ring
	export *export
}

// New returns a Log that does not export; see Log.Export.
func New(cfg Config) *Log {
	if cfg.Window == 0 {
		cfg.Window = time.Minute
	}
	l := &Log{recent: newRing(keepRecent), local: newLossy(cfg.Writer)}
	l.SetLevel(cfg.Level)
	local := localHandler(cfg, l.local, &l.level)
	l.export = &export{local: slog.New(local), level: &l.level}
	l.repeat = newRepeats(cfg.Window)
	l.Logger = slog.New(&handler{log: l, to: []slog.Handler{local, l.recent.handler(), l.export}})
	return l
}

// SetLevel changes what is logged from now on; an unknown level counts as info.
func (l *Log) SetLevel(s string) {
	var level slog.Level
	if level.UnmarshalText([]byte(s)) != nil {
		level = slog.LevelInfo
	}
	l.level.Set(level)
}

// Lost is how many messages could not be written to Config.Writer: its reader has
// gone or does not read, or its disk is full.
func (l *Log) Lost() uint64 { return l.local.lost.Load() }

// Recent returns the latest warnings and errors, the newest first.
func (l *Log) Recent() []Message { return l.recent.messages() }

func localHandler(cfg Config, to io.Writer, level slog.Leveler) slog.Handler {
	if cfg.Handler != nil {
		return cfg.Handler
	}
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: readable}
	if cfg.Format == "text" || cfg.Format == "auto" && isTerminal(cfg.Writer) {
		return slog.NewTextHandler(to, options) // which quotes what a terminal would obey
	}
	return slog.NewJSONHandler(plain.JSONWriter(to), options)
}

// readable writes durations as people do: JSON would have nanoseconds.
func readable(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}

// scrubbed is r without what an error of a library quotes of an address with a
// password.
func scrubbed(r slog.Record) slog.Record {
	changed := false
	var attrs []slog.Attr
	r.Attrs(func(a slog.Attr) bool {
		if k := a.Value.Kind(); k == slog.KindString || k == slog.KindAny {
			text := a.Value.String()
			if clean := endpoint.Scrub(text); clean != text {
				a.Value, changed = slog.StringValue(clean), true
			}
		}
		attrs = append(attrs, a)
		return true
	})
	if !changed {
		return r
	}
	clean := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	clean.AddAttrs(attrs...)
	return clean
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// A handler leaves out what is repeated and passes the rest on to all its handlers.
type handler struct {
	log   *Log
	scope string // attributes and groups that were added, as text, to tell repeats apart
	to    []slog.Handler
}

func (h *handler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.log.level.Level()
}

func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	r = scrubbed(r)
	n, again := h.log.repeat.seen(h.scope, r)
	if again {
		return nil
	}
	if n > 0 {
		r.AddAttrs(slog.Int("repeated", n))
	}
	var first error
	for _, to := range h.to {
		if err := to.Handle(ctx, r.Clone()); err != nil && first == nil {
			first = err
		}
	}
	return first
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.with(fmt.Sprint(attrs), func(to slog.Handler) slog.Handler { return to.WithAttrs(attrs) })
}

func (h *handler) WithGroup(name string) slog.Handler {
	return h.with("group "+name, func(to slog.Handler) slog.Handler { return to.WithGroup(name) })
}

func (h *handler) with(scope string, f func(slog.Handler) slog.Handler) slog.Handler {
	next := &handler{log: h.log, scope: h.scope + scope}
	for _, to := range h.to {
		next.to = append(next.to, f(to))
	}
	return next
}

// repeats counts messages that come again within a window.
type repeats struct {
	window time.Duration
	mu     sync.Mutex
	seenAt map[string]*repeat
}

type repeat struct {
	since time.Time
	n     int
}

// maxRepeats bounds how many different messages are told apart.
const maxRepeats = 256

func newRepeats(window time.Duration) *repeats {
	return &repeats{window: window, seenAt: map[string]*repeat{}}
}

// seen reports whether r came already within the window and, if not, how often
// it was left out before. Progress messages (below warning) are never left out.
func (p *repeats) seen(scope string, r slog.Record) (leftOut int, again bool) {
	if r.Level < slog.LevelWarn {
		return 0, false
	}
	key := scope + r.Level.String() + r.Message
	r.Attrs(func(a slog.Attr) bool {
		if a.Value.Kind() != slog.KindDuration && a.Value.Kind() != slog.KindTime { // those differ each time
			key += a.Key + a.Value.String()
		}
		return true
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.seenAt[key]
	if k != nil && r.Time.Sub(k.since) < p.window {
		k.n++
		return 0, true
	}
	if k != nil {
		leftOut = k.n
	} else if len(p.seenAt) >= maxRepeats {
		p.forget(r.Time)
	}
	p.seenAt[key] = &repeat{since: r.Time}
	return leftOut, false
}

// forget makes room: what is old first, everything if all is new.
func (p *repeats) forget(now time.Time) {
	for key, k := range p.seenAt {
		if now.Sub(k.since) >= p.window {
			delete(p.seenAt, key)
		}
	}
	if len(p.seenAt) >= maxRepeats {
		clear(p.seenAt)
	}
}
