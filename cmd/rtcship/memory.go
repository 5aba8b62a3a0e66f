package main

import (
	"log/slog"
	"os"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// memoryShare of the container's limit is what Go may use before it collects
// garbage harder; the rest is for the kernel's part, such as socket buffers.
const memoryShare = 0.8

// limitMemory derives GOMEMLIMIT from the container's memory limit, unless it is set.
func limitMemory(logger *slog.Logger) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	limit, err := memlimit.Set(
		memlimit.WithProvider(memlimit.FromCgroup),
		memlimit.WithRatio(memoryShare),
	)
	if err == nil && limit > 0 {
		logger.Debug("memory limit taken from the container", "bytes", limit)
	}
}
