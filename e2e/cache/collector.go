package cache

import (
	"bytes"
	"context"
	_ "embed"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed builder.yaml
var builderConfig []byte

// builder is the collector's own program for building collectors; its release
// must be that of the modules in builder.yaml.
const builder = "go.opentelemetry.io/collector/cmd/builder@v0.160.0"

func collector() recipe {
	return recipe{
		name:   "otelcol",
		input:  append([]byte(builder+"\n"), builderConfig...),
		target: "e2e-cache",
		make: func(ctx context.Context, dir string, log io.Writer) (string, error) {
			config := filepath.Join(dir, "builder.yaml")
			out := "dist:\n  output_path: " + filepath.Join(dir, "out") + "\n"
			text := bytes.Replace(builderConfig, []byte("\ndist:\n"), []byte("\n"+out), 1)
			if err := os.WriteFile(config, text, 0o644); err != nil {
				return "", err
			}
			return filepath.Join(dir, "out", "otelcol"), goTool(ctx, dir, log, "run", builder, "--config", config)
		},
	}
}

// Collector returns the path of the OpenTelemetry Collector, or an error that says how to build it.
func Collector() (string, error) { return collector().find() }

// BuildCollector returns the path of the OpenTelemetry Collector, built first
// if need be: two to five minutes on two cores, through the Go module proxy.
// Progress is written to w.
func BuildCollector(ctx context.Context, w io.Writer) (string, error) {
	return collector().build(ctx, w)
}

// goTool runs the go command in dir, politely: other work on the machine goes
// first. It is kept out of any workspace or flags meant for the module that the
// caller stands in.
func goTool(ctx context.Context, dir string, log io.Writer, args ...string) error {
	name := "go"
	if nice, err := exec.LookPath("nice"); err == nil {
		name, args = nice, append([]string{"-n", "10", "go"}, args...)
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-buildvcs=false", "CGO_ENABLED=0")
	return cmd.Run()
}
