package cache

import (
	"context"
	"io"
	"path/filepath"
)

// jaegerModule is the release of Jaeger that the tests run against.
const jaegerModule = "github.com/jaegertracing/jaeger@v1.76.0"

func jaeger() recipe {
	return recipe{
		name:   "jaeger",
		input:  []byte(jaegerModule),
		target: "e2e-jaeger-cache",
		make: func(ctx context.Context, dir string, log io.Writer) (string, error) {
			bin := filepath.Join(dir, "jaeger")
			for _, args := range [][]string{
				{"mod", "init", "localhost/jaeger"},
				{"get", jaegerModule},
				{"get", "github.com/jaegertracing/jaeger/cmd/jaeger"},
				{"build", "-ldflags=-s -w", "-o", bin, "github.com/jaegertracing/jaeger/cmd/jaeger"},
			} {
				if err := goTool(ctx, dir, log, args...); err != nil {
					return "", err
				}
			}
			return bin, nil
		},
	}
}

// Jaeger returns the path of Jaeger, or an error that says how to build it.
func Jaeger() (string, error) { return jaeger().find() }

// BuildJaeger returns the path of Jaeger, built first if need be: four minutes on
// two cores, through the Go module proxy. Progress is written to w.
func BuildJaeger(ctx context.Context, w io.Writer) (string, error) {
	return jaeger().build(ctx, w)
}
