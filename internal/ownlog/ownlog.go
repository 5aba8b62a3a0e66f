// Package ownlog makes rtcship's own logger: text for people, JSON for machines.
package ownlog

import (
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"
)

// New returns a logger that writes to w. Level is debug, info, warn or error;
// format is text, json, or auto, which is text if w is a terminal.
func New(w io.Writer, level, format string) *slog.Logger {
	options := &slog.HandlerOptions{Level: parseLevel(level)}
	if format == "text" || format == "auto" && isTerminal(w) {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

func parseLevel(s string) slog.Level {
	var l slog.Level
	if l.UnmarshalText([]byte(s)) != nil {
		return slog.LevelInfo
	}
	return l
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
