package rotation

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/cache"
	"github.com/rtcship/rtcship/e2e/harness"
)

// receiverConfig is a collector with the receiver sora. Queue says what stands
// before its exporter, and Processors what else.
const receiverConfig = `
extensions:
  health_check: {endpoint: "{{.Health}}"}
  file_storage: {directory: "{{.Dir}}/queue", create_directory: true}
receivers:
  sora: {log_dir: "{{.Logs}}", storage_dir: "{{.Dir}}"}
processors:
  batch: {timeout: 10m, send_batch_size: 1000000}
exporters:
  otlp:
    endpoint: "{{.Backend}}"
    tls: {insecure: true}
    timeout: 1s
    compression: none
    sending_queue: {{.Queue}}
    retry_on_failure: {{.Retry}}
service:
  extensions: [health_check, file_storage]
  telemetry: {metrics: {level: none}, logs: {level: error}}
  pipelines:
    logs: {receivers: [sora], processors: [{{.Processors}}], exporters: [otlp]}
`

// A queue is one of the two settings with which a kill loses nothing. An exporter
// with a queue drops what its backend refuses for good, and takes RESOURCE_EXHAUSTED
// without a time to wait for such a refusal; without a queue the receiver is told
// and keeps it.
//
// A queue on disk is not killed while it starts: it takes what was under way off the
// disk then, and puts it there again, and what it has in its hands is lost.
type queue struct {
	Queue, Retry string
	spare        harness.Fault
	spareStart   bool
}

var queues = map[string]queue{
	"no queue":         {"{enabled: false}", "{enabled: false}", harness.None, false},
	"persistent queue": {"{enabled: true, storage: file_storage}", "{enabled: true, max_elapsed_time: 0}", harness.Exhausted, true},
}

func newReceivers(t *testing.T, logs, backend, processors string, q queue) *harness.Collector {
	return harness.NewReceivers(t, receiverConfig, map[string]any{
		"Logs": logs, "Backend": backend, "Processors": processors, "Queue": q.Queue, "Retry": q.Retry,
	})
}

// TestReceiverCrash is TestCrash with a collector in rtcship's place: it is killed
// at random moments, and every line arrives, under one uid each.
func TestReceiverCrash(t *testing.T) {
	for name, q := range queues {
		t.Run(name, func(t *testing.T) {
			logs, backend := t.TempDir(), misbehaving(t)
			backend.Spare(q.spare)
			collector := newReceivers(t, logs, backend.Addr, "", q)
			crash{victim: collector, receiver: backend, logs: logs, kills: (*kills + 1) / 2, lives: 4 * time.Second, spare: q.spareStart}.run(t)
			noLetters(t, collector)
		})
	}
}

// noLetters looks for dead letters: none of the backend's faults is about a record.
func noLetters(t *testing.T, c *harness.Collector) {
	t.Helper()
	path := filepath.Join(c.Dir, "sora", "dead-letters.jsonl")
	if text, err := os.ReadFile(path); err == nil {
		t.Errorf("dead letters: %.2000s", text)
	} else if !os.IsNotExist(err) {
		t.Error(err)
	}
}

// TestReceiverBatch shows why the README forbids the batch processor: it answers
// before anything is delivered, so the positions move, and a kill loses all that
// it holds. The same steps without it lose nothing.
func TestReceiverBatch(t *testing.T) {
	const lines = 500
	for processors, lost := range map[string]int{"batch": lines, "": 0} {
		t.Run("processors: ["+processors+"]", func(t *testing.T) {
			logs, backend := t.TempDir(), harness.NewReceiver(t, 0, 1)
			writer := newWriter(t, filepath.Join(logs, "sora.jsonl"), "batch", true)
			writer.write(t, lines)
			collector := newReceivers(t, logs, backend.Addr, processors, queues["no queue"])
			collector.Start(t)
			harness.Wait(t, 60*time.Second, "the saved position", func() error {
				return settled(t, filepath.Join(collector.Dir, "sora"), writer.path)
			}, collector.Process())
			collector.Kill(t)

			collector.Configure(t, receiverConfig, map[string]any{
				"Logs": logs, "Backend": backend.Addr, "Processors": "", "Queue": "{enabled: false}", "Retry": "{enabled: false}",
			})
			collector.Start(t)
			writer.write(t, 1) // comes after all that is still to come
			harness.Wait(t, 60*time.Second, "the line after the kill", func() error {
				return backend.Holds("batch", map[int]bool{lines: true})
			}, collector.Process())
			collector.Stop(t)
			missing := 0
			for n := range lines {
				if backend.Holds("batch", map[int]bool{n: true}) != nil {
					missing++
				}
			}
			if missing != lost {
				t.Errorf("%d of %d lines are lost, want %d", missing, lines, lost)
			}
		})
	}
}

// settled is nil once the saved position of path is its end. A receiver's folder
// is a state directory of rtcship's, so its commands can be asked.
func settled(t *testing.T, state, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	cmd := exec.Command(harness.Binary(t), "status", "--json", "--state-dir", state, "--sora-log-dir", filepath.Dir(path))
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("rtcship status: %w: %s", err, text)
	}
	var status struct{ Files []struct{ Settled int64 } }
	if err := json.Unmarshal(text, &status); err != nil {
		return err
	}
	for _, f := range status.Files {
		if f.Settled == info.Size() {
			return nil
		}
	}
	return fmt.Errorf("no file is settled to %d: %s", info.Size(), text)
}

// The configuration in the receivers' README is one.
func TestReceiverReadme(t *testing.T) {
	readme, err := os.ReadFile("../../otelcol/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(readme), "# collector.yaml\n")
	text, _, ended := strings.Cut(text, "```")
	if !found || !ended {
		t.Fatal("README has no collector.yaml")
	}
	path := filepath.Join(t.TempDir(), "collector.yaml")
	if err := os.WriteFile(path, []byte(text+"    traces: {receivers: [sora, pexip], exporters: [otlp]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	collector, err := cache.Receivers()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(collector, "validate", "--config", path).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
