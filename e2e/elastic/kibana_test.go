package elastic

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

// TestKibanaFields ships a day that has something for each panel and looks for
// every field that Kibana's saved objects name.
func TestKibanaFields(t *testing.T) {
	index := newIndex(t)
	collector, env := harness.Backend(t, "elastic.yaml", "ELASTICSEARCH_ENDPOINT="+index.URL)
	collector.Start(t, env...)
	logs, tcp := t.TempDir(), harness.FreeAddr(t)
	harness.BadDaySora(t, logs)
	ship := harness.NewShip(t, fmt.Sprintf("sora: {log_dir: %q}\npexip: {listen: [\"tcp://%s\"]}\nexport: {endpoint: \"http://%s\"}\nlog: {otlp: false}\n", logs, tcp, collector.GRPC))
	ship.Start(t)
	harness.SendTCP(t, tcp, harness.BadDayPexip(), harness.Newline)
	harness.Wait(t, 60*time.Second, "all documents", func() error {
		index.mu.Lock()
		defer index.mu.Unlock()
		if n := len(index.documents); n < harness.BadDaySoraEntries+len(harness.BadDayPexip()) {
			return fmt.Errorf("%d documents", n)
		}
		return nil
	}, ship.Process(), collector.Process())
	ship.Stop(t)

	known := map[string]bool{"@timestamp": true, "body.text": true, "severity_text": true}
	for _, d := range index.documents {
		for name := range d.Attributes {
			known["attributes."+name] = true
		}
		for name := range d.Resource.Attributes {
			known["resource.attributes."+name] = true
		}
	}
	for _, field := range []string{"sora.minutes", "pexip.duration", "pexip.licenses", "pexip.media.rx.loss_percent", "pexip.media.tx.loss_percent", "pexip.media.rx.jitter_ms"} {
		if !strings.Contains(kibana(t), `\"field\":\"attributes.`+field+`\"`) {
			t.Errorf("Kibana takes no percentile of %s", field)
		}
		for id, d := range index.documents {
			if v, ok := d.Attributes[field]; ok && !isNumber(v) {
				t.Errorf("document %s: %s is %v, no number", id, field, v)
			}
		}
	}
	asked := fieldsOfKibana(t)
	if len(asked) < 20 {
		t.Fatalf("only %d fields are asked for: %v", len(asked), asked)
	}
	for field, by := range asked {
		if !known[field] {
			t.Errorf("%s asks for %s, which no document has", by, field)
		}
	}
}

func isNumber(v any) bool {
	_, ok := v.(float64)
	return ok
}

func kibana(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(), "charts", "rtcship", "dashboards", "kibana.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// fieldsOfKibana are the fields that are aggregated, shown, or searched, and an
// object that does so.
func fieldsOfKibana(t *testing.T) map[string]string {
	t.Helper()
	text := kibana(t)
	inState := regexp.MustCompile(`"field":"([^"]+)"`)
	inQuery := regexp.MustCompile(`((?:resource\.)?attributes\.[a-z_.]+|body\.text|severity_text):`)
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		var o struct {
			ID         string
			Attributes struct {
				VisState              string
				Columns               []string
				KibanaSavedObjectMeta struct{ SearchSourceJSON string }
			}
		}
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatal(err)
		}
		for _, m := range inState.FindAllStringSubmatch(o.Attributes.VisState, -1) {
			fields[m[1]] = o.ID
		}
		for _, m := range inQuery.FindAllStringSubmatch(o.Attributes.KibanaSavedObjectMeta.SearchSourceJSON, -1) {
			fields[m[1]] = o.ID
		}
		for _, c := range o.Attributes.Columns {
			fields[c] = o.ID
		}
	}
	return fields
}
