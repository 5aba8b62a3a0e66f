package main

import (
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"

	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/pipeline"
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

func TestLimitCPUs(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	t.Setenv("GOMAXPROCS", "")
	cfg := config.Default()
	for _, n := range []int{cfg.Limits.CPUs, 3} {
		cfg.Limits.CPUs = n
		limitCPUs(&cfg)
		if got := runtime.GOMAXPROCS(0); got != n {
			t.Errorf("%d cores, want %d", got, n)
		}
	}
	t.Setenv("GOMAXPROCS", "7")
	cfg.Limits.CPUs = 1
	limitCPUs(&cfg)
	if got := runtime.GOMAXPROCS(0); got != 3 {
		t.Errorf("%d cores were set over GOMAXPROCS", got)
	}
}

// The limit is that of the configuration in force, not of the first one.
func TestMemoryLimitFollowsReload(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "")
	t.Setenv("RTCSHIP_LOG_LEVEL", "debug")
	cfg := config.Default()
	l := newLive(t, "")
	for _, memory := range []config.Size{8 << 20, 4 << 20} {
		cfg.Limits.Memory = memory
		l.configure(fmt.Sprintf("limits: {memory: %d}\n", memory))
		l.signal(syscall.SIGHUP)
		want := fmt.Sprintf(`"soft memory limit","bytes":%d`, memoryLimit(&cfg))
		l.await(want, func(*pipeline.Status) bool { return strings.Contains(l.log.String(), want) })
	}
}
