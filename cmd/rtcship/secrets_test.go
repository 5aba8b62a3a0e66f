package main

import (
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/convert/redact/redacttest"
	"github.com/rtcship/rtcship/internal/admin"
	"github.com/rtcship/rtcship/internal/pipeline"
)

// mark is what every secret in these tests begins with.
const mark = "Le4k"

// TestSecretsOfTheEndpoint looks for user, password and query of an endpoint, and for
// headers, in all that the running program and the commands beside it say of a
// collector that cannot be reached.
func TestSecretsOfTheEndpoint(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := closed.Addr().String()
	_ = closed.Close()
	l := newLive(t, "export: {endpoint: \"http://"+mark+"User:"+mark+"Pass@"+host+"/v1/logs?api_key="+mark+"Key&x="+mark+"X\", protocol: http/protobuf, headers: {x-api-key: \""+mark+"Head\"}}\n")
	l.write(3)
	l.await("a refusal", func(s *pipeline.Status) bool { return s.State == pipeline.Red })
	l.awaitLog(host)

	said := l.saidElsewhere()
	said["own log"] = l.log.String()
	for _, command := range []string{"check", "status", "status --json", "probe"} {
		said[command] = l.command(strings.Fields(command)...)
	}
	for what, text := range said {
		noMark(t, what, text)
	}
	for _, what := range []string{"own log", "check", "status", "/", "/status.json"} {
		if !strings.Contains(said[what], host) {
			t.Errorf("%s does not name the collector's address:\n%s", what, said[what])
		}
	}
}

// TestSecretsOfLines has a collector refuse lines with secrets, others each time, and
// repeat them: none is in dead letters, own log, status, metrics and page, whose last
// events quote refusals.
func TestSecretsOfLines(t *testing.T) {
	t.Parallel()
	l := newLive(t, "export: {endpoint: \"COLLECTOR\", max_request: 64KiB}\n")
	l.refuse.Store(true)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	lines, n := map[string]string{}, int(seed%431)
	redacttest.Each(rand.New(rand.NewPCG(seed, 0)), mark, func(p redacttest.Place, line, _ string) {
		if n++; strings.HasSuffix(p.File, ".jsonl") && n%431 == 0 { // some, as each takes its time
			lines[p.File] += line + "\n"
		}
	})
	for name, text := range lines {
		if err := os.WriteFile(filepath.Join(l.dir, "log", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l.await("the dead letters", func(s *pipeline.Status) bool {
		c := s.Ledger["sora"]
		return c.Dead > 0 && c.Dead == c.Read
	})
	letters, err := os.ReadFile(filepath.Join(l.dir, "state", "dead-letters.jsonl"))
	if err != nil || !strings.Contains(string(letters), "cannot take") {
		t.Fatalf("dead letters: %v", err)
	}
	said := l.saidElsewhere()
	said["dead letters"], said["own log"] = string(letters), l.log.String()
	said["list of dead letters"] = l.command("replay", "--dead-letters", "--list")
	for what, text := range said {
		noMark(t, what, text)
	}
	if !strings.Contains(said["/"], "cannot take") && !strings.Contains(said["/status.json"], "cannot take") {
		t.Error("neither page nor status quotes the refusal")
	}
}

func noMark(t *testing.T, what, text string) {
	t.Helper()
	if i := strings.Index(text, mark); i >= 0 {
		t.Errorf("%s has a secret: …%s", what, text[max(0, i-120):min(len(text), i+40)])
	}
}

// saidElsewhere is what the program answers on its socket.
func (l *live) saidElsewhere() map[string]string {
	l.t.Helper()
	client := admin.Client(filepath.Join(l.dir, "state"))
	defer client.CloseIdleConnections()
	said := map[string]string{}
	for _, path := range []string{"/", "/status.json", "/metrics", "/readyz"} {
		req, err := http.NewRequestWithContext(l.t.Context(), http.MethodGet, "http://rtcship"+path, http.NoBody)
		if err != nil {
			l.t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			l.t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			l.t.Fatal(err)
		}
		said[path] = string(text)
	}
	return said
}

// command runs another command of the program on the same configuration, and
// returns all that it says; it may fail.
func (l *live) command(args ...string) string {
	l.t.Helper()
	cmd := exec.Command(l.cmd.Path)
	cmd.Args = append(append([]string{"rtcship"}, args...), "--config", l.file)
	text, _ := cmd.CombinedOutput()
	return string(text)
}
