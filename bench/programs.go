package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/rtcship/rtcship/bench/internal/contender"
	"github.com/rtcship/rtcship/bench/internal/scenario"
)

// programs finds or builds what is measured and asks each for its version.
func (s settings) programs(chosen []scenario.Scenario) (contender.Programs, map[string]string, error) {
	self, err := os.Executable()
	if err != nil {
		return contender.Programs{}, nil, err
	}
	p := contender.Programs{Self: self, Rtcship: s.rtcship, Collector: s.collector, Receivers: s.receivers}
	if p.Rtcship == "" {
		if p.Rtcship, err = s.build(); err != nil {
			return p, nil, err
		}
	}
	if p.Collector == "" && !strings.Contains(s.skip, contender.Collector) {
		if p.Collector, err = output("../e2e", "go", "run", "./cache/build", "collector"); err != nil {
			return p, nil, err
		}
	}
	within := slices.ContainsFunc(chosen, func(c scenario.Scenario) bool { return c.Name == scenario.InCollector })
	if p.Receivers == "" && within {
		if p.Receivers, err = output("../e2e", "go", "run", "./cache/build", "receivers"); err != nil {
			return p, nil, err
		}
	}
	return p, versions(p), nil
}

// build makes the rtcship binary of this tree, as a release is made.
func (s settings) build() (string, error) {
	cache, err := s.cacheDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(cache, "rtcship")
	_, err = output("..", "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "./cmd/rtcship")
	return path, err
}

func versions(p contender.Programs) map[string]string {
	v := map[string]string{}
	if rev, err := output("..", "git", "rev-parse", "--short", "HEAD"); err == nil {
		v[contender.Rtcship] = "commit " + rev
	}
	if version, err := output(".", p.Collector, "--version"); err == nil {
		v[contender.Collector] = version
	}
	info, _ := debug.ReadBuildInfo()
	var libraries []string
	for _, dep := range info.Deps {
		switch dep.Path {
		case "github.com/nxadm/tail", "go.opentelemetry.io/otel/sdk/log", "google.golang.org/grpc",
			"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc":
			libraries = append(libraries, dep.Path+" "+dep.Version)
		}
	}
	v[contender.Nxadm] = strings.Join(libraries, ", ")
	return v
}

// output runs a command in dir and returns what it says, without the final newline.
func output(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return string(bytes.TrimSpace(out)), nil
}
