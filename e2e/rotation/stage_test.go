package rotation

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

// A stage is a log directory with an rtcship that follows it, and a receiver that
// counts. All lines written with put are one stream, whatever files they are in.
type stage struct {
	testing.TB
	dir, logs string
	ship      *harness.Ship
	receiver  *harness.Receiver
	more      string // configuration beyond sora.log_dir and the endpoint
	sora      string // further keys of sora
	n         int    // lines written that are to arrive
}

func newStage(t testing.TB) *stage {
	dir := t.TempDir()
	s := &stage{TB: t, dir: dir, logs: filepath.Join(dir, "log"), receiver: harness.NewReceiver(t, 0, 1)}
	s.do(os.Mkdir(s.logs, 0o755))
	return s
}

// configure writes the configuration that was put together so far.
func (s *stage) configure() {
	s.Helper()
	text := fmt.Sprintf("sora: {log_dir: %q%s}\nexport: {endpoint: \"http://%s\"}\nlog: {otlp: false}\n%s", s.logs, s.sora, s.receiver.Addr, s.more)
	if s.ship == nil {
		s.ship = harness.NewShip(s, text)
		return
	}
	s.ship.Configure(s, text)
}

func (s *stage) do(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// path is that of a file in the log directory; one that begins with a slash stays as it is.
func (s *stage) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.logs, name)
}

// lines are the next numbered lines.
func (s *stage) lines(count int) string {
	var b strings.Builder
	for range count {
		b.WriteString(harness.SoraLine("all", s.n, "") + "\n")
		s.n++
	}
	return b.String()
}

// put appends new lines to each of some files, some of which may not be there yet.
func (s *stage) put(names ...string) {
	s.Helper()
	for _, name := range names {
		s.append(name, s.lines(8))
	}
}

func (s *stage) append(name, text string) {
	s.Helper()
	f, err := os.OpenFile(s.path(name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	s.do(err)
	defer f.Close()
	_, err = f.WriteString(text)
	s.do(err)
}

func (s *stage) rename(from, to string) { s.Helper(); s.do(os.Rename(s.path(from), s.path(to))) }
func (s *stage) remove(name string)     { s.Helper(); s.do(os.Remove(s.path(name))) }
func (s *stage) symlink(to, name string) {
	s.Helper()
	s.do(os.Symlink(to, s.path(name)))
}
func (s *stage) link(of, name string) { s.Helper(); s.do(os.Link(s.path(of), s.path(name))) }
func (s *stage) mkdir(name string)    { s.Helper(); s.do(os.MkdirAll(s.path(name), 0o755)) }

func (s *stage) copy(from, to string) {
	s.Helper()
	text, err := os.ReadFile(s.path(from))
	s.do(err)
	s.do(os.WriteFile(s.path(to), text, 0o644))
}

// shell runs a script in the log directory.
func (s *stage) shell(script string) {
	s.Helper()
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = s.logs
	if out, err := cmd.CombinedOutput(); err != nil {
		s.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// compress puts a file's packed content beside it and removes the file.
func (s *stage) compress(name string) {
	s.Helper()
	text, err := os.ReadFile(s.path(name))
	s.do(err)
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err = w.Write(text)
	s.do(err)
	s.do(w.Close())
	s.do(os.WriteFile(s.path(name+".gz"), b.Bytes(), 0o644))
	s.remove(name)
}

// arrived waits until every line that was put has arrived, under one uid each.
func (s *stage) arrived() {
	s.Helper()
	harness.Wait(s, 20*time.Second, "every line", func() error { return s.receiver.Complete("all", s.n) }, s.ship.Process())
}

// quiet looks on for as long as a scan of the directory and what follows from it
// may take, and fails if anything comes again.
func (s *stage) quiet() {
	s.Helper()
	time.Sleep(4 * time.Second) // that nothing happens has no event to wait for
	if err := s.receiver.Complete("all", s.n); err != nil {
		s.Error(err)
	}
}

// waitStatus waits until /status.json holds a text.
func (s *stage) waitStatus(text string) {
	s.Helper()
	harness.Wait(s, 20*time.Second, "the status to say "+text, func() error {
		if got := s.ship.Status(s); !strings.Contains(got, text) {
			return fmt.Errorf("it says %s", got)
		}
		return nil
	}, s.ship.Process())
}
