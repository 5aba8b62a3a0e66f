package cache

import (
	"context"
	_ "embed"
	"io"
	"os"
	"path/filepath"
)

//go:embed loki.mod
var lokiModule []byte

// loki is built as a program of its own and never linked into anything here:
// its licence is the AGPL.
func loki() recipe {
	return recipe{
		name:   "loki",
		input:  lokiModule,
		target: "e2e-loki-cache",
		make: func(ctx context.Context, dir string, log io.Writer) (string, error) {
			if err := os.WriteFile(filepath.Join(dir, "go.mod"), lokiModule, 0o644); err != nil {
				return "", err
			}
			if err := goTool(ctx, dir, log, "mod", "tidy"); err != nil {
				return "", err
			}
			bin := filepath.Join(dir, "loki")
			return bin, goTool(ctx, dir, log, "build", "-ldflags=-s -w", "-o", bin, "github.com/grafana/loki/v3/cmd/loki")
		},
	}
}

// Loki returns the path of Grafana Loki, or an error that says how to build it.
func Loki() (string, error) { return loki().find() }

// BuildLoki returns the path of Grafana Loki, built first if need be: seven to
// nine minutes on two idle cores, through the Go module proxy. Progress is
// written to w.
func BuildLoki(ctx context.Context, w io.Writer) (string, error) { return loki().build(ctx, w) }
