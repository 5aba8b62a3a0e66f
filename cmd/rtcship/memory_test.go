package main

import (
	"log/slog"
	"runtime/debug"
	"testing"

	"github.com/rtcship/rtcship/internal/config"
)

func TestLimitMemory(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	t.Setenv("GOMEMLIMIT", "")
	cfg := config.Default()
	limitMemory(slog.New(slog.DiscardHandler), &cfg)
	if got := debug.SetMemoryLimit(-1); got > 38<<20 {
		t.Errorf("limit %d, want at most 38 MiB", got)
	}
	debug.SetMemoryLimit(before)
	t.Setenv("GOMEMLIMIT", "1GiB")
	limitMemory(slog.New(slog.DiscardHandler), &cfg)
	if got := debug.SetMemoryLimit(-1); got != before {
		t.Errorf("limit %d was set over GOMEMLIMIT", got)
	}
}
