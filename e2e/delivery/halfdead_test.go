package delivery

import (
	"fmt"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

// TestHalfDeadConnection has a connection that carries nothing any more and of
// which nobody says that it is gone. Keepalive finds out within 40 s (30 of
// silence and 10 without an answer); without it the kernel takes a quarter of
// an hour.
func TestHalfDeadConnection(t *testing.T) {
	authority := harness.NewAuthority(t, "ours")
	cert, key := authority.Issue(t, "server")
	mine, myKey := authority.Issue(t, "client")
	vars := map[string]any{"Cert": cert, "Key": key, "CA": authority.CAFile}
	for _, c := range []struct{ name, protocol, scheme string }{
		{"grpc", "grpc", "http"},
		{"http", "http/protobuf", "http"},
		{"http2", "http/protobuf", "https"}, // over TLS it is HTTP/2, of which one connection serves all requests
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			config, tls := harness.PlainConfig, "{}"
			if c.scheme == "https" {
				config = tlsConfig
				tls = fmt.Sprintf("{ca_file: %q, cert_file: %q, key_file: %q}", authority.CAFile, mine, myKey)
			}
			collector := harness.NewCollector(t, config, vars)
			collector.Start(t)
			addr := collector.GRPC
			if c.protocol != "grpc" {
				addr = collector.HTTP
			}
			between := harness.NewSwallower(t, addr)
			l := newLoad(t, fmt.Sprintf(`{endpoint: "%s://%s", protocol: %s, tls: %s}`, c.scheme, between.Addr, c.protocol, tls))
			l.write(t, 1000, 300)
			l.arrives(t, collector)
			before := between.Swallow()
			start := time.Now()
			l.write(t, 1000, 300)
			l.finish(t, collector)
			t.Logf("it took %v; %d connections, then %d more", time.Since(start).Round(100*time.Millisecond), before, between.Connections()-before)
			if between.Connections() == before {
				t.Error("no new connection was made")
			}
		})
	}
}
