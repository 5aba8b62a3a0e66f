package main

import (
	"log/slog"
	"os"
	"runtime"
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

// limitCPUs sets how many cores Go code may run on at once, unless the environment
// does (GOMAXPROCS).
func limitCPUs(cfg *config.Config) {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(cfg.Limits.CPUs)
	}
}

// limitMemory sets the soft memory limit for a configuration that is put in
// force, unless the environment sets it (GOMEMLIMIT). Without it, a line of many
// megabytes would double the heap before the first collection.
func limitMemory(logger *slog.Logger, cfg *config.Config) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	limit := memoryLimit(cfg)
	debug.SetMemoryLimit(limit)
	logger.Debug("soft memory limit", "bytes", limit)
}

// memoryLimit is what limits.memory, the requests made of it and the program
// itself need, in bytes, or less where the container has less.
func memoryLimit(cfg *config.Config) int64 {
	limit := ownMemory + int64(cfg.Limits.Memory) + int64(cfg.Export.MaxRequest)*int64(cfg.Export.Concurrency+1)
	if container, err := memlimit.FromCgroup(); err == nil {
		limit = min(limit, int64(float64(container)*memoryShare))
	}
	return limit
}
