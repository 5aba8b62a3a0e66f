package ownlog

import (
	"io"
	"log/slog"
	"strings"
)

// Foreign returns the writer for package log, by which libraries say what they
// think of peers: net/http quotes what a server sends unasked, which may be our own
// headers. Only their words up to the first quotation are told, and to who debugs.
func Foreign(logger *slog.Logger) io.Writer { return foreign{logger} }

type foreign struct{ logger *slog.Logger }

// Write implements io.Writer.
func (f foreign) Write(p []byte) (int, error) {
	words, _, quotes := strings.Cut(strings.TrimSpace(string(p)), `"`)
	if quotes {
		words += "…"
	}
	f.logger.Debug("a library has something to say", "text", words)
	return len(p), nil
}
