package ship

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rtcship/rtcship/e2e/harness"
)

// TestTheDay ships the made-up day of testdata/ as a whole: Sora's directory with
// its rotated and compressed files, and Pexip's downloads as files. In the collector
// is what `rtcship tail --json` makes of the same files, each record once, and why
// Bob did not get in.
func TestTheDay(t *testing.T) {
	collector := harness.NewCollector(t, harness.PlainConfig, nil)
	collector.Start(t)
	sora, pexip := filepath.Join(harness.Root(), "testdata/sora/log"), filepath.Join(harness.Root(), "testdata/pexip/download")
	ship := harness.NewShip(t, fmt.Sprintf(`
sora: {log_dir: %q, start: 2026-01-01T00:00:00Z}
pexip: {files: [%q]}
export: {endpoint: "http://%s"}
`, sora, filepath.Join(pexip, "*.log"), collector.GRPC))
	want := map[string]int{}
	for _, args := range [][]string{{"tail", "--json", sora}, {"tail", "--json", pexip}} {
		out, err := exec.Command(harness.Binary(t), args...).Output()
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(out) {
			records, err := harness.ParseLogs(line)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range records {
				want[r.Text()]++
			}
		}
	}
	total := 0
	for _, n := range want {
		total += n
	}
	if total < 150 {
		t.Fatalf("only %d records of the day at a terminal", total)
	}
	ship.Start(t)
	ofDay := func() []harness.Record {
		records := collector.Records(t)
		return append(harness.Of("sora", records), harness.Of("pexip-infinity", records)...)
	}
	harness.Wait(t, harness.Patience, "the day", func() error {
		if n := len(ofDay()); n < total {
			return fmt.Errorf("%d of %d records", n, total)
		}
		return nil
	}, ship.Process(), collector.Process())
	ship.Settled(t)
	ship.Stop(t)
	collector.Stop(t)

	why := map[string]bool{"CONNECTION-CREATED-WAIT-TIMEOUT-ERROR": false, "AUTHENTICATION-FAILURE": false}
	for _, r := range ofDay() {
		if want[r.Text()]--; want[r.Text()] < 0 {
			t.Errorf("not at a terminal, or twice: %.200q", r.Text())
		}
		if code, _ := r.Attributes["sora.code"].(string); r.Attributes["sora.client_id"] == "bob" {
			why[code] = true
		}
	}
	for text, n := range want {
		if n > 0 {
			t.Errorf("did not arrive: %.200q", text)
		}
	}
	for code, seen := range why {
		if !seen {
			t.Errorf("nothing says of Bob: %s", code)
		}
	}
}
