package harness

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A Ship is an `rtcship run` that can be stopped, killed and started again on the same state.
type Ship struct {
	State  string // its state directory
	Config string // its configuration file
	Admin  string // address of its admin listener

	Credential *syscall.Credential // whom it runs as; nil: as the test does
	Program    string              // what is run in its place, with the same arguments; empty: rtcship

	process *Process
}

// NewShip prepares a run of rtcship with the given configuration (YAML), to
// which the state directory and the address of the admin listener are added; it
// does not run yet.
func NewShip(t testing.TB, config string) *Ship {
	t.Helper()
	dir := t.TempDir()
	s := &Ship{State: filepath.Join(dir, "state"), Config: filepath.Join(dir, "rtcship.yaml"), Admin: FreeAddr(t)}
	s.Configure(t, config)
	return s
}

// Configure replaces the configuration file.
func (s *Ship) Configure(t testing.TB, config string) {
	t.Helper()
	text := fmt.Sprintf("state_dir: %s\nadmin: {listen: %q}\n%s", s.State, s.Admin, config)
	if err := os.WriteFile(s.Config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Launch starts rtcship and does not wait.
func (s *Ship) Launch(t testing.TB, args ...string) {
	t.Helper()
	program := s.Program
	if program == "" {
		program = Binary(t)
	}
	cmd := exec.Command(program, append([]string{"run", "--config", s.Config}, args...)...)
	cmd.Env = environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.Credential}
	s.process = Start(t, "rtcship", cmd)
}

// Start starts rtcship and waits until its listeners are open.
func (s *Ship) Start(t testing.TB, args ...string) {
	t.Helper()
	s.Launch(t, args...)
	s.WaitReady(t)
}

// listener finds the addresses of network listeners in a configuration.
var listener = regexp.MustCompile(`"(udp|tcp|tls)://[^"]*:(\d+)"`)

// WaitReady waits until rtcship listens wherever its configuration says. A log
// directory needs no waiting for.
func (s *Ship) WaitReady(t testing.TB) {
	t.Helper()
	config, err := os.ReadFile(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	Wait(t, Patience, "rtcship's listeners", func() error {
		for _, m := range listener.FindAllStringSubmatch(string(config), -1) {
			if !listening(m[1], m[2]) {
				return fmt.Errorf("nobody listens on %s", m[0])
			}
		}
		return nil
	}, s.process)
}

// listening looks in the kernel's tables for a socket that listens on a port of
// 127.0.0.1: an attempt to connect would be seen, and counted, by rtcship.
func listening(transport, port string) bool {
	n, err := strconv.Atoi(port)
	if err != nil {
		return false
	}
	table, state := "/proc/net/tcp", "0A"
	if transport == "udp" {
		table, state = "/proc/net/udp", "07"
	}
	text, err := os.ReadFile(table)
	return err == nil && regexp.MustCompile(fmt.Sprintf(`: [0-9A-F]{8}:%04X [0-9A-F:]+ %s`, n, state)).Match(text)
}

// Stop ends rtcship with SIGTERM: it ships what it has and must exit 0 within
// its drain time. Until then its ledger adds up.
func (s *Ship) Stop(t testing.TB) {
	t.Helper()
	s.AddsUp(t)
	s.process.Stop(t, 2*time.Minute) // drain_timeout is 25 s
}

// Kill ends rtcship as a crash would. Until then its ledger adds up.
func (s *Ship) Kill(t testing.TB) {
	t.Helper()
	s.AddsUp(t)
	s.process.Kill()
}

// Process returns the running process.
func (s *Ship) Process() *Process { return s.process }

// Status returns what /status.json says, and nothing of a process that does not answer yet.
func (s *Ship) Status(t testing.TB) string {
	t.Helper()
	resp, err := client.Get("http://" + s.Admin + "/status.json")
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Metric returns the sum of the samples of a metric whose labels hold all of
// the given ones, written `name="value"`.
func (s *Ship) Metric(t testing.TB, name string, labels ...string) float64 {
	t.Helper()
	resp, err := client.Get("http://" + s.Admin + "/metrics")
	if err != nil {
		return 0 // it has only just started
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return sumSamples(string(text), name, labels)
}

func sumSamples(text, name string, labels []string) (sum float64) {
lines:
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), name)
		if !ok || rest == "" || rest[0] != '{' && rest[0] != ' ' {
			continue
		}
		for _, l := range labels {
			if !strings.Contains(rest, l) {
				continue lines
			}
		}
		v, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if err == nil {
			sum += v
		}
	}
	return sum
}

// environment is that of the test without what would reconfigure rtcship.
func environment() (env []string) {
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "RTCSHIP_") && !strings.HasPrefix(kv, "OTEL_") {
			env = append(env, kv)
		}
	}
	return env
}

// Backend prepares a collector with one of the configurations in
// manifests/collector, and returns it with the environment that it must be
// started with; vars are further variables of that environment, NAME=value.
func Backend(t testing.TB, name string, vars ...string) (*Collector, []string) {
	t.Helper()
	config, err := os.ReadFile(filepath.Join(Root(), "manifests", "collector", name))
	if err != nil {
		t.Fatal(err)
	}
	c := NewCollector(t, string(config), nil)
	return c, append(vars, "OTLP_GRPC="+c.GRPC, "OTLP_HTTP="+c.HTTP, "HEALTH="+c.Health, "METRICS_LEVEL=none", "LOG_LEVEL=warn")
}

// ReadTwice ships what s follows through a collector that is not started yet,
// forgets that it did, and ships it again. A round is over when arrived, which
// is told its number from 1 on, returns nil; what says what is waited for.
func (s *Ship) ReadTwice(t testing.TB, collector *Collector, env []string, what string, arrived func(round int) error) {
	t.Helper()
	s.Start(t) // the collector is away: the generation gets its id, and nothing is settled
	time.Sleep(2 * time.Second)
	s.Kill(t)
	restore := s.SaveState(t)
	collector.Start(t, env...)
	for round := 1; round <= 2; round++ {
		if round == 2 {
			restore()
		}
		s.Start(t)
		Wait(t, Patience, what, func() error { return arrived(round) }, s.Process(), collector.Process())
		s.Stop(t)
	}
}

// SaveState copies the state directory of an rtcship that does not run. The
// returned function puts the copy back: what was settled since is forgotten, as
// if the disk had been restored from a backup, while the generations keep their
// ids.
func (s *Ship) SaveState(t testing.TB) (restore func()) {
	t.Helper()
	_ = os.Remove(filepath.Join(s.State, "admin.sock")) // a socket cannot be copied; each run makes its own
	kept := filepath.Join(t.TempDir(), "state")
	if err := os.CopyFS(kept, os.DirFS(s.State)); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := os.RemoveAll(s.State); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(s.State, os.DirFS(kept)); err != nil {
			t.Fatal(err)
		}
	}
}
