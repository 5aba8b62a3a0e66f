package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rtcship/rtcship/internal/pipeline"
)

// A terminal is a program with a terminal of its own, of which a test is the
// person before it.
type terminal struct {
	t      *testing.T
	keys   *os.File
	screen *output
	ended  chan error
}

// onTerminal starts the program in a folder, on a new terminal.
func onTerminal(t *testing.T, dir string, args ...string) *terminal {
	t.Helper()
	keys, tty := newTerminal(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Args = append([]string{"rtcship"}, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TERM=xterm")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close() // the program has it
	term := &terminal{t: t, keys: keys, screen: &output{}, ended: make(chan error, 1)}
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		_, _ = keys.WriteTo(term.screen) // it ends with an error once the program has
	}()
	go func() {
		err := cmd.Wait()
		<-copied
		term.ended <- err
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return term
}

// newTerminal returns both sides of a pseudo-terminal.
func newTerminal(t *testing.T) (keys, tty *os.File) {
	t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	t.Cleanup(func() { keys.Close() })
	if err := unix.IoctlSetPointerInt(int(keys.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(keys.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	size := &unix.Winsize{Row: 24, Col: 100}
	if err := unix.IoctlSetWinsize(int(keys.Fd()), unix.TIOCSWINSZ, size); err != nil {
		t.Fatal(err)
	}
	return keys, tty
}

func (term *terminal) await(what string, ok func(screen string) bool) {
	term.t.Helper()
	for end := time.Now().Add(patience); !ok(term.screen.String()); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			term.t.Fatalf("waited too long for %s; the screen has\n%q", what, term.screen)
		}
	}
}

// end waits for the program's end and returns how it was.
func (term *terminal) end() error {
	term.t.Helper()
	select {
	case err := <-term.ended:
		return err
	case <-time.After(5 * time.Minute):
		term.t.Fatal("the program does not end")
		return nil
	}
}

const clearScreen = "\x1b[H\x1b[2J"

// TestStatusWatch looks at the screen of status --watch: each time the whole of
// it is new, what changed meanwhile is on it, and Ctrl-C ends it in good order.
func TestStatusWatch(t *testing.T) {
	t.Parallel()
	l := newLive(t, "export: {endpoint: \"COLLECTOR\"}\n")
	l.write(1)
	l.await("the first line", func(s *pipeline.Status) bool { return s.State == pipeline.Green && s.Ledger["sora"].Accepted == 1 })
	term := onTerminal(t, l.dir, "status", "--watch", "--config", l.file)
	screens := func(s string) []string { return strings.Split(s, clearScreen)[1:] }
	term.await("the first screen", func(s string) bool { return strings.Contains(s, "sora.jsonl") })
	l.write(7)
	l.await("delivery", func(s *pipeline.Status) bool { return s.Ledger["sora"].Accepted == 8 })
	term.await("a screen with the lines", func(s string) bool {
		all := screens(s)
		return len(all) > 1 && strings.Contains(all[len(all)-1], "sora    8     0        8") && strings.Contains(all[len(all)-1], "sora.jsonl")
	})
	if first := screens(term.screen.String())[0]; !strings.HasPrefix(first, "green, running for") || strings.Contains(first, "sora    8") {
		t.Errorf("the first screen is\n%s", first)
	}
	if _, err := term.keys.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	if err := term.end(); err != nil {
		t.Errorf("after Ctrl-C: %v", err)
	}
}

// TestStatusWatchToAPipe has no screen to clear, and ends with SIGTERM.
func TestStatusWatchToAPipe(t *testing.T) {
	t.Parallel()
	l := newLive(t, "export: {endpoint: \"COLLECTOR\"}\n")
	cmd := exec.Command(l.cmd.Path)
	cmd.Args = []string{"rtcship", "status", "--watch", "--config", l.file}
	out := &output{}
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	for end := time.Now().Add(patience); strings.Count(out.String(), "running for") < 2 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	if s := out.String(); strings.Count(s, "running for") < 2 || strings.Contains(s, "\x1b") {
		t.Errorf("the pipe has %q", s)
	}
}

// TestLogOnATerminal is written for people there, and for machines elsewhere.
func TestLogOnATerminal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	term := onTerminal(t, dir, "run", "--sora-log-dir", dir, "--state-dir", filepath.Join(dir, "state"), "--admin-listen", "", "--log-otlp=false")
	term.await("the first line", func(s string) bool { return strings.Contains(s, "level=INFO msg=\"shipping logs\"") })
	if _, err := term.keys.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	if err := term.end(); err != nil {
		t.Errorf("after Ctrl-C: %v", err)
	}
	l := newLive(t, "export: {endpoint: \"COLLECTOR\"}\n")
	l.awaitLog(`"level":"INFO","msg":"shipping logs"`)
}

var percent = regexp.MustCompile(`\d+%`)

// TestBundleProgress sees the bar of bundle on a terminal, and that it goes at the end.
func TestBundleProgress(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "log"), 0o755); err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 8<<20)
	_, _ = rand.Read(noise)
	if err := os.WriteFile(filepath.Join(dir, "log", "erl_crash.dump"), noise, 0o600); err != nil {
		t.Fatal(err)
	}
	term := onTerminal(t, dir, "bundle", "--sora-log-dir", "log", "--output", "out.zip")
	if err := term.end(); err != nil {
		t.Errorf("%v", err)
	}
	screen := term.screen.String()
	t.Logf("%q", screen)
	seen := map[string]bool{}
	for _, p := range percent.FindAllString(screen, -1) {
		seen[p] = true
	}
	if len(seen) == 0 || !strings.Contains(screen, "packing") || !strings.Contains(screen, "/8.0 MiB") {
		t.Errorf("the bar showed %v", seen)
	}
	const clearLine = "\x1b[2K\r"
	if last := screen[strings.LastIndex(screen, clearLine)+len(clearLine):]; !strings.HasPrefix(last, "out.zip: 1 file, ") {
		t.Errorf("in the end the screen has %q", last)
	}
	if n := strings.Count(screen, "\n"); n != 1 {
		t.Errorf("the bar took %d lines", n)
	}
}
