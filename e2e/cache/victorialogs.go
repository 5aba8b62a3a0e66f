package cache

import (
	"context"
	"io"
	"path/filepath"
)

// victoriaLogsModule is the release of VictoriaLogs that the tests run against.
const victoriaLogsModule = "github.com/VictoriaMetrics/VictoriaLogs@v1.52.1"

func victoriaLogs() recipe {
	return recipe{
		name:   "victoria-logs",
		input:  []byte(victoriaLogsModule),
		target: "e2e-victorialogs-cache",
		make: func(ctx context.Context, dir string, log io.Writer) (string, error) {
			bin := filepath.Join(dir, "victoria-logs")
			for _, args := range [][]string{
				{"mod", "init", "localhost/victoria-logs"},
				{"get", victoriaLogsModule},
				{"get", "github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs"},
				{"build", "-ldflags=-s -w", "-o", bin, "github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs"},
			} {
				if err := goTool(ctx, dir, log, args...); err != nil {
					return "", err
				}
			}
			return bin, nil
		},
	}
}

// VictoriaLogs returns the path of VictoriaLogs, or an error that says how to build it.
func VictoriaLogs() (string, error) { return victoriaLogs().find() }

// BuildVictoriaLogs returns the path of VictoriaLogs, built first if need be:
// two minutes on two cores, through the Go module proxy. Progress is written to w.
func BuildVictoriaLogs(ctx context.Context, w io.Writer) (string, error) {
	return victoriaLogs().build(ctx, w)
}
