package ownlog

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Message is a warning or an error, for the status page.
type Message struct {
	Time  time.Time `json:"time"`
	Level string    `json:"level"`
	Text  string    `json:"text"` // with its attributes
}

// keepRecent is how many messages the status page can show.
const keepRecent = 20

// A ring keeps the latest messages.
type ring struct {
	mu   sync.Mutex
	list []Message // oldest first
	max  int
}

func newRing(n int) *ring { return &ring{max: n} }

func (r *ring) handler() slog.Handler { return &ringHandler{ring: r} }

func (r *ring) add(m Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.list) == r.max {
		copy(r.list, r.list[1:])
		r.list = r.list[:r.max-1]
	}
	r.list = append(r.list, m)
}

func (r *ring) messages() []Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := slices.Clone(r.list)
	slices.Reverse(out)
	return out
}

type ringHandler struct {
	ring  *ring
	attrs string
}

func (h *ringHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

func (h *ringHandler) Handle(_ context.Context, r slog.Record) error {
	if r.Level < slog.LevelWarn {
		return nil
	}
	var b strings.Builder
	b.WriteString(r.Message)
	b.WriteString(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(" " + a.String())
		return true
	})
	h.ring.add(Message{Time: r.Time, Level: strings.ToLower(r.Level.String()), Text: b.String()})
	return nil
}

func (h *ringHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *h
	for _, a := range attrs {
		next.attrs += " " + a.String()
	}
	return &next
}

func (h *ringHandler) WithGroup(string) slog.Handler { return h }
