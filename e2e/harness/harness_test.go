package harness

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/cache"
)

const request = `{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"sora"}}]},` +
	`"scopeLogs":[{"scope":{"name":"s","version":"1"},"logRecords":[{"timeUnixNano":"1000000000","severityNumber":9,` +
	`"eventName":"e","body":{"stringValue":"seq=a/0"},"attributes":[` +
	`{"key":"log.record.uid","value":{"stringValue":"U0"}},{"key":"i","value":{"intValue":"-3"}},` +
	`{"key":"f","value":{"doubleValue":1.5}},{"key":"b","value":{"boolValue":false}},` +
	`{"key":"l","value":{"arrayValue":{"values":[{"stringValue":"x"}]}}}]}]}]}]}` + "\n"

func TestReaderTakesWholeLinesOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.jsonl")
	r := Reader{Path: path}
	read := func(want int) []Record {
		t.Helper()
		records, err := r.Read()
		if err != nil || len(records) != want {
			t.Fatalf("%d records, error %v, want %d", len(records), err, want)
		}
		return records
	}
	read(0)
	os.WriteFile(path, []byte(request+request[:50]), 0o600)
	rec := read(1)[0]
	os.WriteFile(path, []byte(request+request), 0o600)
	read(2)

	if rec.Service() != "sora" || rec.UID() != "U0" || !rec.Time.Equal(time.Unix(1, 0)) || rec.Severity != 9 {
		t.Errorf("decoded %+v", rec)
	}
	for k, want := range map[string]any{"i": int64(-3), "f": 1.5, "b": false} {
		if rec.Attributes[k] != want {
			t.Errorf("attribute %s is %#v, want %#v", k, rec.Attributes[k], want)
		}
	}
}

func TestTallyFindsLossRepeatsAndFaults(t *testing.T) {
	rec := func(body, uid string) Record {
		return Record{Body: body, Attributes: map[string]any{"log.record.uid": uid}}
	}
	all := []Record{rec("seq=a/0", "u0"), rec("x", "u9"), rec("seq=a/1 pad", "u1"), rec("seq=a/4", "u4")}
	if got := Count(all).Missing("a", 6); len(got) != 2 || got[0] != (Range{2, 3}) || got[1] != (Range{5, 5}) {
		t.Errorf("missing %v", got)
	}
	if err := Count(all[:3]).Complete("a", 2); err != nil {
		t.Error(err)
	}
	again := append(all[:3:3], rec("seq=a/1", "u1"))
	if tally := Count(again); tally.Repeats != 1 || tally.Complete("a", 2) != nil {
		t.Errorf("a repeat with an equal uid: %+v", tally)
	}
	for _, fault := range []Record{rec("seq=a/1", "other"), rec("seq=a/7", "u0")} {
		if Count(append(all[:3:3], fault)).Complete("a", 2) == nil {
			t.Errorf("%v passes", fault)
		}
	}
}

func TestGoldenDifference(t *testing.T) {
	got := difference("1\n  a = 1\n  b = 2\n", "1\n  a = 1\n  b = 3\n")
	if got != "-   b = 2\n+   b = 3\n" {
		t.Errorf("%q", got)
	}
}

func TestProcessStopAndKill(t *testing.T) {
	p := Start(t, "sleep", exec.Command("sleep", "60"))
	if p.Exited() {
		t.Fatal("ended at once")
	}
	p.Stop(t, 30*time.Second)
	q := Start(t, "shell", exec.Command("sh", "-c", "trap '' TERM; echo up; sleep 60"))
	Wait(t, Patience, "the shell", func() error {
		if !strings.Contains(q.Output(), "up") {
			return os.ErrNotExist
		}
		return nil
	}, q)
	q.Signal(syscall.SIGTERM)
	q.Kill()
	if !p.Exited() || !q.Exited() {
		t.Error("still there")
	}
}

func TestSumSamples(t *testing.T) {
	text := "# HELP x y\nrtcship_a{source=\"sora\",outcome=\"ok\"} 2\nrtcship_a{source=\"pexip\"} 3\nrtcship_ab 9\n"
	if got := sumSamples(text, "rtcship_a", nil); got != 5 {
		t.Errorf("all: %v", got)
	}
	if got := sumSamples(text, "rtcship_a", []string{`source="sora"`}); got != 2 {
		t.Errorf("one: %v", got)
	}
}

// TestCollector sends one request to a real collector and finds it in the file, over a restart.
func TestCollector(t *testing.T) {
	c := NewCollector(t, PlainConfig, nil)
	c.Start(t)
	for range 2 {
		resp, err := http.Post("http://"+c.HTTP+"/v1/logs", "application/json", strings.NewReader(request))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		c.Stop(t)
		if conn, err := net.Dial("tcp", c.HTTP); err == nil {
			conn.Close()
			t.Error("still listening after Stop")
		}
		c.Start(t)
	}
	if got := len(c.Records(t)); got != 2 {
		t.Errorf("%d records in the file, want 2", got)
	}
}

func TestListening(t *testing.T) {
	addr := FreeAddr(t)
	port := addr[strings.LastIndexByte(addr, ':')+1:]
	for _, network := range []string{"tcp", "udp"} {
		if listening(network, port) {
			t.Errorf("%s: somebody listens on a free port", network)
		}
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	u, err := net.ListenPacket("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	for _, network := range []string{"tcp", "tls", "udp"} {
		if !listening(network, port) {
			t.Errorf("%s: nobody seems to listen", network)
		}
	}
}

// TestValidate has the real collector check the configurations that are
// shipped, and refuse one with a slip in it.
func TestValidate(t *testing.T) {
	collector, err := cache.Collector()
	if err != nil {
		t.Fatal(err)
	}
	validate := func(path string) error {
		cmd := exec.Command(collector, "validate", "--config", path)
		cmd.Env = append(os.Environ(), "LOKI_ENDPOINT=http://loki:3100/otlp", "ELASTICSEARCH_ENDPOINT=https://elasticsearch:9200",
			"TEMPO_ENDPOINT=tempo:4317", "ELASTIC_APM_ENDPOINT=apm:8200", "STORE_ENDPOINT=store:4317")
		out, err := cmd.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, out)
		}
		return err
	}
	for _, name := range []string{"tier.yaml", "tier-persistent.yaml"} {
		tier, err := TierConfig(name)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), name)
		for text, want := range map[string]bool{tier: true, strings.Replace(tier, "check_interval", "check_intervall", 1): false} {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := validate(path); (err == nil) != want {
				t.Errorf("the configuration in %s: %v", name, err)
			}
		}
	}
	for _, name := range []string{"collector/loki.yaml", "collector/elastic.yaml", "collector/loki-tempo.yaml", "collector/elastic-apm.yaml", "compose/collector.yaml"} {
		path := filepath.Join(Root(), "manifests", name)
		if err := validate(path); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		slip := filepath.Join(t.TempDir(), filepath.Base(name))
		if err := os.WriteFile(slip, []byte(strings.Replace(string(text), "check_interval", "check_intervall", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if validate(slip) == nil {
			t.Errorf("%s: the collector does not notice a slip", name)
		}
	}
}
