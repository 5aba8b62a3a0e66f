package pipeline

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/rtcship/rtcship/internal/config"
)

// TestUnlistable finds directories below that cannot be listed. A link to itself
// cannot be either, whoever asks: root may list everything.
func TestUnlistable(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, d := range []string{"log", "log/extra", "hosts/a/log", "hosts/b/log"} {
		if err := os.MkdirAll(at(d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, loop := range []string{"log/connection_created_wait_timeout_error", "hosts/a/log/node", "loop"} {
		if err := os.Symlink(at(loop), at(loop)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(at("hosts/file"), nil, 0o600); err != nil { // matches a pattern of directories and is none
		t.Fatal(err)
	}
	cfg := config.Default()
	cfg.Sora.LogDir = at("log")
	cfg.Sora.Include = []string{"extra/*.txt", "none/*.txt"}
	cfg.Pexip.Files = []string{at("hosts/*/log/*.txt"), at("hosts/*/log/node/*.txt"), at("loop/*/x.txt"), at("nowhere/*/*.txt"), at("hosts/*/none/x")}
	var paths []string
	for _, f := range Unlistable(&cfg) {
		paths = append(paths, f.Path)
		if f.Error == "" {
			t.Errorf("%s: no reason", f.Path)
		}
	}
	slices.Sort(paths)
	if want := []string{at("hosts/a/log/node"), at("log/connection_created_wait_timeout_error"), at("loop")}; !slices.Equal(paths, want) {
		t.Errorf("found %v, want %v", paths, want)
	}
}

// Nobody waits for what stands in the place of a directory: the status is made
// whenever somebody asks, and a probe asks.
func TestNoDirectory(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(os.Mkdir(at("log"), 0o700), syscall.Mkfifo(at("log/connection_created_wait_timeout_error"), 0o600), syscall.Mkfifo(at("pipe"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := canList(at("pipe")); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("a pipe: %v", err)
	}
	cfg := config.Default()
	cfg.Sora.LogDir = at("log")
	cfg.Pexip.Files = []string{at("pipe/*.txt"), at("pipe/*/x.txt")}
	if faults := Unlistable(&cfg); len(faults) != 2 {
		t.Errorf("found %v", faults)
	}
}

func TestDamagedCheckpoints(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a[b]*?")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	want := filepath.Join(dir, "positions.json.damaged-20261121T080000")
	for _, name := range []string{want, filepath.Join(dir, "positions.json")} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := damagedCheckpoints(dir); !slices.Equal(got, []string{want}) {
		t.Errorf("found %v", got)
	}
}

func TestStateDirectoryOpenToAll(t *testing.T) {
	dir := t.TempDir()
	for mode, want := range map[os.FileMode]bool{0o700: false, 0o750: false, 0o770: false, 0o755: false, 0o777: true, 0o702: true, 0o777 | os.ModeSetgid: true} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if got := openToAll(dir); got != want {
			t.Errorf("%v: %v, want %v", mode, got, want)
		}
	}
	if openToAll(filepath.Join(dir, "none")) {
		t.Error("a directory that is not there is open to all")
	}
}
