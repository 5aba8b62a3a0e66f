package exporter

import (
	"crypto/tls"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Why a server has closed a connection is known to the writer, whoever learns of
// the end first.
func TestReasonOfABrokenConnection(t *testing.T) {
	s := httptest.NewUnstartedServer(nil)
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS13}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	for range 50 {
		inner, err := tls.Dial("tcp", s.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // whoever it is
		if err != nil {
			t.Fatal(err)
		}
		conn := partingConn{inner}
		for err == nil {
			_, err = conn.Write([]byte("PRI * HTTP/2.0"))
			time.Sleep(time.Millisecond)
		}
		if !strings.Contains(err.Error(), "certificate required") {
			t.Errorf("the writer learns of %q only", err)
		}
		conn.Close()
	}
}
