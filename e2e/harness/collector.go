package harness

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"text/template"
	"time"

	"github.com/rtcship/rtcship/e2e/cache"
)

// PlainConfig is a collector that takes OTLP over gRPC and HTTP and writes what
// it gets to a file before it answers.
const PlainConfig = `
extensions:
  health_check: {endpoint: "{{.Health}}"}
receivers:
  otlp:
    protocols:
      grpc: {endpoint: "{{.GRPC}}"}
      http: {endpoint: "{{.HTTP}}"}
exporters:
  file: {path: "{{.Output}}", append: true, flush_interval: 100ms}
service:
  extensions: [health_check]
  telemetry: {metrics: {level: none}, logs: {level: warn}}
  pipelines:
    logs: {receivers: [otlp], exporters: [file]}
`

// A Collector is an OpenTelemetry Collector that can be stopped and started on the same addresses.
type Collector struct {
	GRPC, HTTP, Health string // addresses, host:port
	Output             string // what its file exporter writes, if it has one
	Dir                string // its folder

	bin     string
	config  string
	process *Process
	reader  Reader
}

// NewCollector prepares a collector; it does not run yet. config is a
// text/template of its configuration, which gets the collector's addresses,
// Output and Dir as fields, and vars besides.
func NewCollector(t testing.TB, config string, vars map[string]any) *Collector {
	t.Helper()
	bin, err := cache.Collector()
	if err != nil {
		t.Fatal(err)
	}
	return newCollector(t, bin, config, vars)
}

// NewReceivers is NewCollector with the collector that has the receivers of this tree.
func NewReceivers(t testing.TB, config string, vars map[string]any) *Collector {
	t.Helper()
	bin, err := cache.Receivers()
	if err != nil {
		t.Fatal(err)
	}
	return newCollector(t, bin, config, vars)
}

func newCollector(t testing.TB, bin, config string, vars map[string]any) *Collector {
	t.Helper()
	dir := t.TempDir()
	c := &Collector{
		GRPC: FreeAddr(t), HTTP: FreeAddr(t), Health: FreeAddr(t),
		Output: filepath.Join(dir, "out.jsonl"), Dir: dir,
		bin: bin, config: filepath.Join(dir, "collector.yaml"),
	}
	c.reader.Path = c.Output
	c.Configure(t, config, vars)
	return c
}

// Configure replaces the configuration; a running collector must be started anew to take it.
func (c *Collector) Configure(t testing.TB, config string, vars map[string]any) {
	t.Helper()
	fields := map[string]any{"GRPC": c.GRPC, "HTTP": c.HTTP, "Health": c.Health, "Output": c.Output, "Dir": c.Dir}
	maps.Copy(fields, vars)
	tmpl, err := template.New("collector").Option("missingkey=error").Parse(config)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, fields); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.config, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Launch starts the collector and does not wait.
func (c *Collector) Launch(t testing.TB, env ...string) {
	t.Helper()
	cmd := exec.Command(c.bin, "--config", "file:"+c.config)
	cmd.Env = append(os.Environ(), env...)
	c.process = Start(t, "collector", cmd)
}

// Start starts the collector and waits until it is healthy.
func (c *Collector) Start(t testing.TB, env ...string) {
	t.Helper()
	c.Launch(t, env...)
	Wait(t, Patience, "the collector's health check", func() error {
		return httpOK("http://" + c.Health + "/")
	}, c.process)
}

// Stop ends the collector in good order: what it has acknowledged is in its file when Stop returns.
func (c *Collector) Stop(t testing.TB) {
	t.Helper()
	c.process.Stop(t, time.Minute)
}

// Kill ends the collector as a crash would.
func (c *Collector) Kill(testing.TB) { c.process.Kill() }

// Process returns the running process.
func (c *Collector) Process() *Process { return c.process }

// Records returns all records that the file exporter has written so far, in the
// order written, over all starts.
func (c *Collector) Records(t testing.TB) []Record {
	t.Helper()
	records, err := c.reader.Read()
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// Tally counts the numbered lines among Records.
func (c *Collector) Tally(t testing.TB) *Tally {
	t.Helper()
	c.Records(t)
	return c.reader.tally
}

// client never follows the environment's proxy: every part is on this machine.
var client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{Proxy: nil}}

func httpOK(url string) error {
	resp, err := client.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, resp.Status)
	}
	return nil
}
