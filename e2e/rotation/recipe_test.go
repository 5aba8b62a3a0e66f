package rotation

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

// TestRecipe rotates several logs with the configuration that the documentation
// gives, as it stands but for the path. Its names hold the day, so each
// rotation's files are given the date of an earlier week before the next one.
func TestRecipe(t *testing.T) {
	logs := t.TempDir()
	w1 := newWriter(t, filepath.Join(logs, "sora.jsonl"), "sora", false)
	w2 := newWriter(t, filepath.Join(logs, "event_webhook.jsonl"), "webhook", false)
	rotate := recipe(t, logs)
	receiver := harness.NewReceiver(t, 0, 1)
	ship := harness.NewShip(t, fmt.Sprintf("sora: {log_dir: %q}\nexport: {endpoint: \"http://%s\"}\nlog: {otlp: false}\n", logs, receiver.Addr))
	ship.Start(t)
	writing := start(t, 3, 3*time.Millisecond, w1, w2)
	for week := range 6 {
		if week == 3 {
			ship.Stop(t)
		}
		time.Sleep(700 * time.Millisecond)
		rotate(week)
		if week == 4 {
			ship.Start(t)
		}
	}
	time.Sleep(300 * time.Millisecond)
	writing.end()
	t.Log(show(t, logs))
	for _, w := range writing.writers {
		kept := onDisk(t, logs, w.stream)
		t.Logf("%s: logrotate itself lost %d of %d lines", w.stream, w.n-len(kept), w.n)
		harness.Wait(t, 30*time.Second, "every line that logrotate has kept", func() error {
			return receiver.Holds(w.stream, kept)
		}, ship.Process())
	}
	ship.Stop(t)
	if n := receiver.Repeats(); n > 0 {
		t.Errorf("%d records came again though nothing crashed", n)
	}
}

// recipe returns a function that rotates the logs in dir by the documented configuration.
func recipe(t *testing.T, dir string) func(week int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(), "docs", "logrotate", "sora.conf"))
	if err != nil {
		t.Fatal(err)
	}
	own := t.TempDir()
	config := filepath.Join(own, "sora.conf")
	if err := os.WriteFile(config, []byte(strings.ReplaceAll(string(text), "/var/log/sora", dir)), 0o644); err != nil {
		t.Fatal(err)
	}
	return func(week int) {
		t.Helper()
		cmd := harness.Debian(t, "usr/sbin/logrotate", "--force", "--state", filepath.Join(own, "status"), config)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("logrotate: %v\n%s", err, out)
		}
		today := time.Now().Format("-20060102")
		then := time.Now().AddDate(0, 0, 7*(week-10)).Format("-20060102")
		made, _ := filepath.Glob(filepath.Join(dir, "*"+today))
		for _, path := range made {
			if err := os.Rename(path, strings.TrimSuffix(path, today)+then); err != nil {
				t.Fatal(err)
			}
		}
	}
}
