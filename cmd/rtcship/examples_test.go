package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// onlyParsed are commands that go on for ever, or ask a process that runs: of their
// examples only the flags are looked at.
var onlyParsed = []string{"run", "demo", "probe", "replay", "status"}

// Every example of every --help does what it says, on the samples of testdata/.
func TestExamples(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	samples, err := filepath.Abs("../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"rtcship": self, "testdata": samples} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("RTCSHIP_STATE_DIR", filepath.Join(dir, "state"))
	for _, cmd := range newCommand().Commands() {
		lines := strings.Split(strings.TrimSpace(cmd.Example), "\n")
		if cmd.Example == "" {
			lines = nil
		}
		for _, line := range lines {
			line = strings.TrimSpace(line)
			t.Run(line, func(t *testing.T) {
				if !strings.Contains(line, "rtcship "+cmd.Name()) {
					t.Fatal("an example of another command")
				}
				if slices.Contains(onlyParsed, cmd.Name()) || strings.Contains(line, "--connect") {
					parses(t, cmd, line)
					return
				}
				sh := exec.Command("sh", "-c", line)
				sh.Dir = dir
				if out, err := sh.CombinedOutput(); err != nil || len(out) == 0 {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	}
}

// parses fails the test if a command does not know the flags of a line.
func parses(t *testing.T, cmd *cobra.Command, line string) {
	t.Helper()
	_, args, _ := strings.Cut(line, "rtcship "+cmd.Name())
	if err := cmd.ParseFlags(strings.Fields(strings.ReplaceAll(args, "'", ""))); err != nil {
		t.Error(err)
	}
}
