// Package ship holds the main end-to-end test: a Sora directory and Pexip's
// syslog, through rtcship, into a real OpenTelemetry Collector, compared field
// by field with what must come out.
package ship

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// load is the number of numbered lines in Sora's directory, and of numbered
// messages to each listener.
const load = 4000

// TestCollectorStoppedInTheMiddle writes half of everything, stops the
// collector, writes the other half, and starts the collector again: all of it
// must be in the collector's file, once, as the golden files have it.
func TestCollectorStoppedInTheMiddle(t *testing.T) {
	started := time.Now()
	collector := harness.NewCollector(t, harness.PlainConfig, nil)
	collector.Start(t)
	w := world{logs: t.TempDir(), udp: harness.FreeAddr(t), tcp: harness.FreeAddr(t)}
	ship := harness.NewShip(t, fmt.Sprintf(`
sora: {log_dir: %q}
pexip: {listen: ["udp://%s", "tcp://%s"]}
resource: {attributes: {service.namespace: conferencing, deployment.environment.name: test}}
export: {endpoint: "http://%s"}
`, w.logs, w.udp, w.tcp, collector.GRPC))
	ship.Start(t)

	w.write(t, 0)
	wait(t, collector, ship, "the first half", load/2)
	collector.Stop(t)
	w.write(t, 1)
	time.Sleep(2 * time.Second) // long enough for attempts that fail
	if n := collector.Tally(t).Have("sora"); n != load/2 {
		t.Errorf("%d numbered lines arrived at a stopped collector, want %d", n, load/2)
	}
	collector.Start(t)
	wait(t, collector, ship, "the second half", load)
	ship.Settled(t)
	ship.Stop(t)
	collector.Stop(t)

	records := collector.Records(t)
	tally := collector.Tally(t)
	for _, stream := range []string{"sora", "udp", "tcp"} {
		if err := tally.Complete(stream, load); err != nil {
			t.Error(err)
		}
	}
	tally.Once(t)
	golden := harness.Golden{
		Start:   started,
		Replace: map[string]string{w.logs: "LOGS", ship.State: "STATE"},
		Vary:    []string{"resource host.name", "resource service.instance.id", "attribute network.peer.port"},
	}
	golden.Check(t, "testdata/sora.golden", sorted(harness.Of("sora", records)))
	golden.Vary = golden.Vary[2:]
	golden.Check(t, "testdata/pexip.golden", sorted(harness.Of("pexip-infinity", records)))
}

// wait waits until the first n numbered lines of every stream are in the collector's file.
func wait(t *testing.T, collector *harness.Collector, ship *harness.Ship, what string, n int) {
	t.Helper()
	harness.Wait(t, harness.Patience, what, func() error {
		tally := collector.Tally(t)
		for _, stream := range []string{"sora", "udp", "tcp"} {
			if err := tally.Complete(stream, n); err != nil {
				return err
			}
		}
		return nil
	}, ship.Process(), collector.Process())
}

// sorted returns the records without the numbered ones, in an order that does
// not depend on how they were gathered.
func sorted(records []harness.Record) []harness.Record {
	records = slices.DeleteFunc(slices.Clone(records), func(r harness.Record) bool {
		return strings.HasPrefix(r.Text(), "seq=")
	})
	slices.SortStableFunc(records, func(a, b harness.Record) int {
		return cmp.Or(
			cmp.Compare(file(a), file(b)),
			a.Time.Compare(b.Time),
			cmp.Compare(a.Text(), b.Text()))
	})
	return records
}

func file(r harness.Record) string { s, _ := r.Attributes["log.file.name"].(string); return s }

// A world is what rtcship looks at: a log directory, and two addresses that it listens on.
type world struct{ logs, udp, tcp string }

// write brings half 0 or half 1 of everything into the world.
func (w world) write(t *testing.T, half int) {
	t.Helper()
	w.writeFixtures(t, half)
	var lines strings.Builder
	var udp, tcp []string
	for n := half * load / 2; n < (half+1)*load/2; n++ {
		lines.WriteString(harness.SoraLine("sora", n, "") + "\n")
		udp = append(udp, harness.PexipLine("udp", n))
		tcp = append(tcp, harness.PexipLine("tcp", n))
	}
	appendTo(t, filepath.Join(w.logs, "debug.jsonl"), lines.String())
	harness.SendUDP(t, w.udp, udp...)
	harness.SendTCP(t, w.tcp, tcp, harness.OctetCounting, harness.Newline)

	text, err := os.ReadFile("testdata/pexip.txt")
	if err != nil {
		t.Fatal(err)
	}
	messages := strings.Split(strings.TrimSpace(string(text)), "\n")
	messages = messages[half*len(messages)/2 : (half+1)*len(messages)/2]
	harness.SendUDP(t, w.udp, messages[:len(messages)/2]...)
	harness.SendTCP(t, w.tcp, messages[len(messages)/2:], harness.OctetCounting, harness.Newline)
}

// whole are files of which many lines make one entry; they are written at one go.
var whole = []string{"crash.log", "sysctl.log", "ulimit.log", "erl_crash.dump"}

func (w world) writeFixtures(t *testing.T, half int) {
	t.Helper()
	err := filepath.WalkDir("testdata/sora", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, "testdata/sora/")
		lines := strings.SplitAfter(string(text), "\n")
		if slices.Contains(whole, name) {
			lines = []string{string(text)}
		}
		part := lines[half*len(lines)/2 : (half+1)*len(lines)/2]
		if len(part) > 0 {
			appendTo(t, filepath.Join(w.logs, name), strings.Join(part, ""))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}
