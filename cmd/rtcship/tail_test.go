package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rtcship/rtcship/tailer/spool"
)

// A follower is rtcship tail -f under way.
type follower struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string
	seen  []string
}

func follow(t *testing.T, args ...string) *follower {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f := &follower{t: t, cmd: exec.Command(self), lines: make(chan string, 100_000)}
	f.cmd.Args = append([]string{"rtcship", "tail", "-f"}, args...)
	f.cmd.Stderr = os.Stderr
	out, err := f.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.cmd.Process.Kill() })
	go func() {
		defer close(f.lines)
		for in := bufio.NewScanner(out); in.Scan(); {
			f.lines <- in.Text()
		}
	}()
	return f
}

// await waits for a line that holds text.
func (f *follower) await(text string) {
	f.t.Helper()
	for deadline := time.After(patience); ; {
		select {
		case line, ok := <-f.lines:
			if !ok {
				f.t.Fatalf("it ended before it showed %q", text)
			}
			f.seen = append(f.seen, line)
			if strings.Contains(line, text) {
				return
			}
		case <-deadline:
			f.t.Fatalf("it did not show %q", text)
		}
	}
}

// shows says whether a line that holds text comes within a moment.
func (f *follower) shows(text string) bool {
	f.t.Helper()
	for soon := time.After(200 * time.Millisecond); ; {
		select {
		case line, ok := <-f.lines:
			if !ok {
				f.t.Fatalf("it ended before it showed %q", text)
			}
			if f.seen = append(f.seen, line); strings.Contains(line, text) {
				return true
			}
		case <-soon:
			return false
		}
	}
}

// stop ends it as Ctrl-C does, which is no failure.
func (f *follower) stop() {
	f.t.Helper()
	_ = f.cmd.Process.Signal(syscall.SIGINT)
	for line := range f.lines {
		f.seen = append(f.seen, line)
	}
	if err := f.cmd.Wait(); err != nil {
		f.t.Error(err)
	}
}

func soraLine(n int) string {
	at := time.Date(2026, 6, 12, 9, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Millisecond)
	return fmt.Sprintf(`{"timestamp":%q,"level":"info","msg":"line %06d","channel_id":"lobby"}`+"\n", at.Format(time.RFC3339Nano), n)
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// What was there, what is written while the log is rotated, what the writer still
// puts into the old file, a report of several lines, a new log: all of it is
// shown, once, in order.
func TestTailFollows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := filepath.Join(dir, "sora.jsonl")
	for n := range 30 {
		appendTo(t, log, soraLine(n))
	}
	f := follow(t, "-n", "5", dir)
	f.await("line 000029")
	n := 30
	for turn := range 3 {
		for range 20 {
			appendTo(t, log, soraLine(n))
			n++
		}
		old := fmt.Sprintf("%s.%d", log, turn+1)
		if err := os.Rename(log, old); err != nil {
			t.Fatal(err)
		}
		appendTo(t, old, soraLine(n)) // the writer has it open still
		n++
		f.await(fmt.Sprintf("line %06d", n-1))
		appendTo(t, log, soraLine(n))
		n++
	}
	f.await(fmt.Sprintf("line %06d", n-1))
	appendTo(t, filepath.Join(dir, "crash.log"), "2026-06-12 12:00:07 =CRASH REPORT====\n  crasher:\n    pid: <0.1.0>\n    exception error: undef\n")
	f.await("error undef")
	appendTo(t, filepath.Join(dir, "brand_new.log"), "the last word\n")
	f.await("the last word")
	f.stop()

	var got []int
	for _, line := range f.seen {
		if m := regexp.MustCompile(`line (\d{6})`).FindStringSubmatch(line); m != nil {
			v, _ := strconv.Atoi(m[1])
			got = append(got, v)
		}
	}
	if len(got) != n-25 {
		t.Errorf("%d lines shown, want %d", len(got), n-25)
	}
	for i, v := range got {
		if v != 25+i {
			t.Fatalf("line %d is shown where %d is due", v, 25+i)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 6 {
		t.Errorf("the directory has %d entries, %v: something was written to it", len(entries), err)
	}
}

// Messages in the spool are shown as they come in, beside the process that owns
// it, and are left to it.
func TestTailShowsTheSpool(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	f := follow(t, "--pexip", "--state-dir", state, "--sora-log-dir", t.TempDir())
	s, err := spool.Open(spool.Config{Dir: filepath.Join(state, "spool")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	receive := func(guest string) {
		m := spool.Message{Text: fmt.Appendf(nil, `<134>2026-06-12T09:00:00.000+00:00 cn 2026-06-12 09:00:00,000 Level="INFO" Name="administrator.conference" Message="Participant has joined." Participant=%q`, guest), Received: time.Now(), Transport: spool.UDP}
		var b spool.Batch
		b.Add(m)
		if err := s.Append(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
	}
	for !f.shows("first guest") { // it shows what comes after its first look, and nobody can tell when that was
		receive("first guest")
	}
	for i := range 3 {
		receive(fmt.Sprintf("guest %d", i))
		f.await(fmt.Sprintf("guest %d", i))
	}
	f.stop()
}

// On a terminal there is colour, and lines are broken at its width, with Japanese
// characters two columns wide; NO_COLOR and pipes have neither.
func TestTailOnATerminal(t *testing.T) {
	dir := t.TempDir()
	appendTo(t, filepath.Join(dir, "sora.jsonl"), `{"timestamp":"2026-06-12T09:00:00Z","level":"error","msg":"接続できませんでした。もう一度お試しください。ネットワークを確認してください。\u001b[2Jevil","channel_id":"会議"}`+"\n")
	for _, c := range []struct {
		name, noColor string
		coloured      bool
	}{{"colour", "", true}, {"NO_COLOR", "1", false}} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("NO_COLOR", c.noColor)
			screen := onSizedTerminal(t, dir, 60, "tail", dir)
			if got := strings.Contains(screen, "\x1b[31m"); got != c.coloured {
				t.Errorf("colour: %v, want %v:\n%q", got, c.coloured, screen)
			}
			if strings.Contains(screen, "\x1b[2J") || !strings.Contains(screen, `\x1b[2Jevil`) {
				t.Errorf("an escape sequence of the log reaches the terminal:\n%q", screen)
			}
			plain := regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(screen, "")
			for line := range strings.Lines(plain) {
				if w := columns(strings.TrimRight(line, "\r\n")); w > 60 {
					t.Errorf("%d columns: %q", w, line)
				}
			}
		})
	}
}

// columns counts as terminals do, for the characters of this test: what is not
// ASCII takes two.
func columns(s string) (n int) {
	for _, r := range s {
		n++
		if r > 0x2fff {
			n++
		}
	}
	return n
}

func onSizedTerminal(t *testing.T, dir string, width int, args ...string) string {
	t.Helper()
	keys, tty := newTerminal(t)
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: uint16(width)}); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Args = append([]string{"rtcship"}, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "TERM=xterm")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close() // the program has it
	var screen bytes.Buffer
	_, _ = screen.ReadFrom(keys) // it ends with an error once the program has
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, screen.Bytes())
	}
	return screen.String()
}
