package main

import (
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/rtcship/rtcship/internal/config"
)

const (
	// memoryShare of the container's limit is what Go may use before it collects
	// garbage harder; the rest is for the kernel's part, such as socket buffers.
	memoryShare = 0.8

	// ownMemory is what the program takes besides limits.memory.
	ownMemory = 16 << 20
)

// limitMemory sets the soft memory limit (GOMEMLIMIT), unless that is set: what
// limits.memory and the program itself need, or the container's limit if that is
// lower. Without it, a line of many megabytes would double the heap before the
// first collection.
func limitMemory(logger *slog.Logger, cfg *config.Config) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	limit := ownMemory + int64(cfg.Limits.Memory)
	if container, err := memlimit.FromCgroup(); err == nil {
		limit = min(limit, int64(float64(container)*memoryShare))
	}
	debug.SetMemoryLimit(limit)
	logger.Debug("soft memory limit", "bytes", limit)
}
