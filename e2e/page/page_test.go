// Package page looks at the status page as a user does: in a browser, while something is wrong.
package page

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/rtcship/rtcship/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// A scene is a way to set rtcship up, and what the page then says.
type scene struct {
	name   string
	config string // %s is the log directory
	state  string
	says   []string // besides the state: the reason and what to do
	silent time.Duration

	ship    *harness.Ship
	started time.Time
}

// TestPage sets rtcship up in each of the ways in which people get it wrong,
// all at once, and reads the page. Whoever looks must find the reason within a
// minute.
func TestPage(t *testing.T) {
	collector := harness.NewReceiver(t, 0, 1).Addr
	nobody, plain, refusing := harness.FreeAddr(t), collector, refuse(t)
	wrong, syslog := harness.FreeAddr(t), harness.FreeAddr(t)
	scenes := []*scene{
		{
			name:   "healthy",
			config: fmt.Sprintf("sora: {log_dir: %%s}\npexip: {listen: [\"udp://%s\"]}\nexport: {endpoint: \"http://%s\"}\n", syslog, collector),
			state:  "green",
			says:   []string{"Everything is delivered", "http://" + collector, "answers", "sora.jsonl", "udp://" + syslog},
		},
		{
			name:   "wrong endpoint",
			config: fmt.Sprintf("sora: {log_dir: %%s}\nexport: {endpoint: \"http://%s\"}\n", nobody),
			state:  "red",
			says:   []string{"Something does not arrive", "the collector at http://" + nobody + " does not take records", "connection refused", "To do: nothing listens at the endpoint: is the collector running, and are host and port right? See export.endpoint (or OTEL_EXPORTER_OTLP_ENDPOINT)"},
		},
		{
			name:   "wrong directory",
			config: fmt.Sprintf("sora: {log_dir: %%s/nowhere}\nexport: {endpoint: \"http://%s\"}\n", collector),
			state:  "red",
			says:   []string{"Sora's log directory cannot be read", "nowhere: no such file or directory", "To do: check sora.log_dir"},
		},
		{
			name:   "no permission",
			config: fmt.Sprintf("sora: {log_dir: %%s}\nexport: {endpoint: \"http://%s\"}\n", collector),
			state:  "red",
			says:   []string{"sora.jsonl cannot be read", "permission denied", "To do: give rtcship's user the right to read it"},
		},
		{
			name:   "TLS mismatch",
			config: fmt.Sprintf("sora: {log_dir: %%s}\nexport: {endpoint: \"https://%s\"}\n", plain),
			state:  "red",
			says:   []string{"the collector at https://" + plain + " does not take records", "first record does not look like a TLS handshake", "To do: ", "write http:// instead of https:// in export.endpoint (or OTEL_EXPORTER_OTLP_ENDPOINT)"},
		},
		{
			name:   "collector refuses",
			config: fmt.Sprintf("sora: {log_dir: %%s}\nexport: {endpoint: \"http://%s\"}\n", refusing),
			state:  "red",
			says:   []string{"does not take records: UNAUTHENTICATED who are you?", "To do: ", "export.headers"},
		},
		{
			name:   "Pexip sends to another port",
			config: fmt.Sprintf("pexip: {listen: [\"udp://%s\"]}\nexport: {endpoint: \"http://%s\"}\n", wrong, collector),
			state:  "amber",
			says:   []string{"nothing was ever received on udp://" + wrong, "To do: check address, port and transport of the syslog server in Pexip's settings", "this listener has " + wrong},
			silent: 44 * time.Second,
		},
	}
	for _, s := range scenes {
		s.start(t, s.name == "no permission")
	}
	harness.SendUDP(t, syslog, `2026-11-21 08:00:00,000 Level="INFO" Name="administrator.conference" Message="Conference started."`)
	harness.SendUDP(t, harness.FreeAddr(t), "sent to the wrong port")
	for _, s := range scenes {
		t.Run(s.name, s.check)
	}
	t.Run("metrics", func(t *testing.T) { checkMetrics(t, scenes[0].ship, scenes[1].ship, scenes[6].ship) })
}

// start runs rtcship in a directory that everybody may read, so that it may run as somebody else.
func (s *scene) start(t *testing.T, unprivileged bool) {
	t.Helper()
	dir, err := os.MkdirTemp("", "rtcship-page-") //nolint:usetesting // everybody may go into it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	logs := filepath.Join(dir, "log")
	s.ship = harness.NewShip(t, "")
	s.ship.State, s.ship.Config = filepath.Join(dir, "state"), filepath.Join(dir, "rtcship.yaml")
	config := s.config
	if strings.Contains(config, "%s") {
		config = fmt.Sprintf(config, logs)
	}
	s.ship.Configure(t, config)
	must(t, os.Mkdir(logs, 0o755), os.Mkdir(s.ship.State, 0o755))
	var lines bytes.Buffer
	for n := range 1000 {
		lines.WriteString(harness.SoraLine("page", n, "") + "\n")
	}
	log := filepath.Join(logs, "sora.jsonl")
	must(t, os.WriteFile(log, lines.Bytes(), 0o600))
	if unprivileged {
		s.unprivileged(t, dir, log)
	}
	s.started = time.Now()
	s.ship.Launch(t)
}

// unprivileged makes rtcship run as a user who may not read log.
func (s *scene) unprivileged(t *testing.T, dir, log string) {
	t.Helper()
	if os.Getuid() != 0 {
		must(t, os.Chmod(log, 0))
		return
	}
	const nobody = 65534
	must(t, os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(harness.Binary(t)), 0o755),
		os.Chmod(s.ship.Config, 0o644), os.Chown(s.ship.State, nobody, nobody))
	s.ship.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
}

// check waits for the state, reads the page, and looks at it on a phone.
func (s *scene) check(t *testing.T) {
	harness.Wait(t, time.Minute-time.Since(s.started), "the page to find out, within a minute of the start", s.found, s.ship.Process())
	if took := time.Since(s.started); took < s.silent {
		t.Errorf("amber already after %v", took)
	}
	url := "http://" + s.ship.Admin + "/"
	text := seen(t, url)
	t.Log(text)
	for _, want := range s.says {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	page, err := get(url)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(page, []byte(`<header class="`+s.state+`">`)) {
		t.Errorf("the page is not %s", s.state)
	}
	checkPhone(t, page)
	if s.name == "healthy" && flag.Lookup("update").Value.String() == "true" {
		file := filepath.Join(harness.Root(), "docs", "status.png")
		chromium(t, "--window-size=900,760", "--screenshot="+file, url)
	}
}

// found says whether the state is what it should come to, and why it is not.
func (s *scene) found() error {
	text, err := get("http://" + s.ship.Admin + "/status.json")
	if err != nil {
		return err
	}
	var status struct {
		State  string
		Ledger map[string]struct{ Read, Accepted int }
	}
	if err := json.Unmarshal(text, &status); err != nil {
		return err
	}
	if status.State != s.state {
		return fmt.Errorf("it is %s:\n%s", status.State, text)
	}
	if l := status.Ledger; s.name == "healthy" && (l["sora"].Accepted < 1000 || l["pexip"].Accepted < 1) {
		return fmt.Errorf("accepted so far: %v", l)
	}
	return nil
}

// refuse starts a collector that wants a token.
func refuse(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error {
		return status.Error(codes.Unauthenticated, "who are you?")
	}))
	go server.Serve(l)
	t.Cleanup(server.Stop)
	return l.Addr().String()
}

var client = &http.Client{Timeout: 10 * time.Second}

func get(url string) ([]byte, error) {
	resp, err := client.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// checkMetrics has Prometheus' own tool read what is exported.
func checkMetrics(t *testing.T, ships ...*harness.Ship) {
	for _, s := range ships {
		text, err := get("http://" + s.Admin + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte("rtcship_state{")) {
			t.Errorf("these are not rtcship's metrics:\n%s", text)
		}
		promtool := harness.Debian(t, "usr/bin/promtool", "check", "metrics")
		promtool.Stdin = bytes.NewReader(text)
		if out, err := promtool.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("promtool check metrics: %v\n%s", err, out)
		}
	}
}
