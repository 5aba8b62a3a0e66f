package delivery

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

const tlsConfig = `
extensions:
  health_check: {endpoint: "{{.Health}}"}
receivers:
  otlp:
    protocols:
      grpc: {endpoint: "{{.GRPC}}", tls: {cert_file: "{{.Cert}}", key_file: "{{.Key}}", client_ca_file: "{{.CA}}"}}
      http: {endpoint: "{{.HTTP}}", tls: {cert_file: "{{.Cert}}", key_file: "{{.Key}}", client_ca_file: "{{.CA}}"}}
exporters:
  file: {path: "{{.Output}}", append: true, flush_interval: 100ms}
service:
  extensions: [health_check]
  telemetry: {metrics: {level: none}, logs: {level: warn}}
  pipelines:
    logs: {receivers: [otlp], exporters: [file]}
`

// TestCertificatesReplaced ships over TLS with client certificates. While
// rtcship runs, a new authority takes over: both sides get certificates of it,
// under the same file names, and the collector no longer knows the old one.
// Only an rtcship that reads its files again is let in.
func TestCertificatesReplaced(t *testing.T) {
	for _, protocol := range []string{"grpc", "http/protobuf"} {
		t.Run(strings.ReplaceAll(protocol, "/", "-"), func(t *testing.T) {
			first, second := harness.NewAuthority(t, "first"), harness.NewAuthority(t, "second")
			files := t.TempDir()
			install(t, files, first)
			collector := harness.NewCollector(t, tlsConfig, map[string]any{
				"Cert": files + "/server.pem", "Key": files + "/server.key", "CA": files + "/ca.pem",
			})
			collector.Start(t)
			addr := collector.GRPC
			if protocol != "grpc" {
				addr = collector.HTTP
			}
			l := newLoad(t, fmt.Sprintf(`{endpoint: "https://%s", protocol: %s, tls: {ca_file: %q, cert_file: %q, key_file: %q}}`,
				addr, protocol, files+"/ca.pem", files+"/client.pem", files+"/client.key"))
			l.write(t, 2000, 300)
			l.arrives(t, collector)

			collector.Stop(t)
			l.write(t, 2000, 300)
			install(t, files, second)
			time.Sleep(time.Second) // attempts meet the new files on one side only
			collector.Start(t)
			l.write(t, 2000, 300)
			l.finish(t, collector)
		})
	}
}

// install puts an authority's certificates under the names that both sides read.
func install(t *testing.T, dir string, a *harness.Authority) {
	t.Helper()
	move(t, a.CAFile, dir+"/ca.pem")
	for _, name := range []string{"server", "client"} {
		cert, key := a.Issue(t, name)
		move(t, cert, dir+"/"+name+".pem")
		move(t, key, dir+"/"+name+".key")
	}
}

func move(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}
