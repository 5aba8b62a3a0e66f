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

	// ownMemory is what the program takes besides what is under way. Half of it is
	// room between what is in use and the limit: at the limit, Go does little else
	// but collect garbage.
	ownMemory = 13 << 20
)

// limitMemory sets the soft memory limit (GOMEMLIMIT), unless that is set: what
// limits.memory, the records made of it and the program itself need, or the container's limit if that is
// lower. Without it, a line of many megabytes would double the heap before the
// first collection.
func limitMemory(logger *slog.Logger, cfg *config.Config) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	limit := ownMemory + int64(cfg.Limits.Memory) + int64(cfg.Export.MaxRequest)*int64(cfg.Export.Concurrency+1)
	if container, err := memlimit.FromCgroup(); err == nil {
		limit = min(limit, int64(float64(container)*memoryShare))
	}
	debug.SetMemoryLimit(limit)
	logger.Debug("soft memory limit", "bytes", limit)
}
