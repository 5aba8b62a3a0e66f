// Package rotation puts rtcship beside programs that rotate logs: Debian's
// logrotate, Erlang's run_erl, and rotations of our own at the worst moments of
// a crash.
package rotation

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// TestLogrotate lets Debian's logrotate rotate a log that is being written to,
// in each of its ways, while rtcship follows, and once more while rtcship is
// stopped.
func TestLogrotate(t *testing.T) {
	for _, directives := range []string{
		"create",
		"create compress",
		"create compress delaycompress",
		"create dateext",
		"create dateext compress",
		"create dateext extension .jsonl",
		"copytruncate",
		"copytruncate compress",
		"copytruncate dateext compress delaycompress",
	} {
		t.Run(strings.ReplaceAll(directives, " ", "+"), func(t *testing.T) {
			t.Parallel()
			testLogrotate(t, directives)
		})
	}
}

func testLogrotate(t *testing.T, directives string) {
	logs := t.TempDir()
	pause := 600 * time.Millisecond
	if strings.Contains(directives, "dateext") {
		pause = 1100 * time.Millisecond // names differ by the second
	}
	truncates := strings.Contains(directives, "copytruncate")
	w := newWriter(t, filepath.Join(logs, "sora.jsonl"), "line", !truncates)
	rotate := logrotate(t, logs, directives)
	receiver := harness.NewReceiver(t, 0, 1)
	ship := harness.NewShip(t, fmt.Sprintf("sora: {log_dir: %q}\nexport: {endpoint: \"http://%s\"}\nlog: {otlp: false}\n", logs, receiver.Addr))
	ship.Start(t)

	writing := start(t, 3, 3*time.Millisecond, w)
	for range 3 {
		time.Sleep(pause)
		rotate()
	}
	ship.Stop(t)
	for range 2 { // one generation is made and rotated while nobody looks
		time.Sleep(pause)
		rotate()
	}
	ship.Start(t)
	time.Sleep(pause)
	rotate()
	time.Sleep(300 * time.Millisecond)
	writing.end()

	kept := onDisk(t, logs, "line")
	if lost := w.n - len(kept); lost > 0 {
		t.Logf("logrotate itself lost %d of %d lines", lost, w.n)
		// It compresses at once without delaycompress, while the writer still
		// holds the old file for some lines.
		if atOnce := strings.Contains(directives, "compress") && !strings.Contains(directives, "delaycompress"); !truncates && !atOnce {
			t.Fatal("lines are lost by a rename: the test's writer is at fault")
		}
	}
	t.Log(show(t, logs))
	harness.Wait(t, 30*time.Second, "every line that logrotate has kept", func() error {
		return receiver.Holds("line", kept)
	}, ship.Process())
	ship.Stop(t)
	if err := receiver.Holds("line", kept); err != nil {
		t.Error(err)
	}
	if n := receiver.Repeats(); n > 0 {
		t.Errorf("%d records came again though nothing crashed", n)
	}
}

// logrotate returns a function that rotates sora.jsonl in dir once.
func logrotate(t *testing.T, dir, directives string) func() {
	t.Helper()
	own := t.TempDir()
	config := filepath.Join(own, "logrotate.conf")
	// A second date extension within one day needs the time of day in it.
	text := fmt.Sprintf("%s/sora.jsonl {\n\trotate 20\n\tmissingok\n\tdateformat -%%Y%%m%%d-%%s\n\t%s\n}\n",
		dir, strings.NewReplacer("extension ", "extension ", " ", "\n\t").Replace(directives))
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		cmd := harness.Debian(t, "usr/sbin/logrotate", "--force", "--state", filepath.Join(own, "status"), config)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("logrotate: %v\n%s\n%s", err, out, text)
		}
	}
}

var number = regexp.MustCompile(`seq=([\w.-]+)/(\d+) `)

// onDisk returns the numbers of a stream that are in the files of dir, compressed or not.
func onDisk(t *testing.T, dir, stream string) map[int]bool {
	t.Helper()
	found := map[int]bool{}
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		for _, m := range number.FindAllStringSubmatch(content(t, path), -1) {
			if n, _ := strconv.Atoi(m[2]); m[1] == stream {
				found[n] = true
			}
		}
	}
	return found
}

func content(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
