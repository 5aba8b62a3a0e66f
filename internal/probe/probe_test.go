package probe

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// metrics stands in for rtcship: accepted says how many records it has delivered.
func metrics(t *testing.T, source string, accepted func() int) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# TYPE rtcship_records_total counter\n")
		fmt.Fprintf(w, "rtcship_records_total{outcome=\"accepted\",source=%q} %d\n", source, accepted())
		fmt.Fprintf(w, "rtcship_records_total{outcome=\"accepted\",source=\"other\"} 7\n")
		fmt.Fprintf(w, "rtcship_records_total{outcome=\"dead\",source=%q} 5\n", source)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func run(t *testing.T, c Config, limit time.Duration) error {
	t.Helper()
	c.Every = 20 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	return Run(ctx, c, func(s string) { t.Log(s) })
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "sora.jsonl")
	admin := metrics(t, "sora", func() int {
		text, _ := os.ReadFile(file)
		return 3 + strings.Count(string(text), "\n")
	})
	if err := run(t, Config{Write: dir, Admin: admin}, 40*time.Second); err != nil {
		t.Fatal(err)
	}
}

func TestSend(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan string, 100)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			line, _ := bufio.NewReader(conn).ReadString('\n')
			got <- line
			conn.Close()
		}
	}()
	received := 0
	admin := metrics(t, "pexip", func() int {
		for len(got) > 0 {
			if line := <-got; !strings.Contains(line, `Message="rtcship probe."`) {
				t.Errorf("sent: %q", line)
			}
			received++
		}
		return received
	})
	if err := run(t, Config{Send: "tcp://" + l.Addr().String(), Admin: admin}, 40*time.Second); err != nil {
		t.Fatal(err)
	}
}

// TestNothingAcknowledged holds that the test of a release fails when records do not get through.
func TestNothingAcknowledged(t *testing.T) {
	admin := metrics(t, "sora", func() int { return 3 })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := Run(ctx, Config{Write: t.TempDir(), Admin: admin, Every: 20 * time.Millisecond}, func(s string) {
		if strings.HasPrefix(s, "line 3 ") { // what became of the first two was asked for
			cancel()
		}
	})
	if err == nil || !strings.Contains(err.Error(), "no record was acknowledged") {
		t.Errorf("got %v", err)
	}
}

func TestNobodyThere(t *testing.T) {
	err := run(t, Config{Write: t.TempDir(), Admin: "http://127.0.0.1:1"}, 100*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("got %v", err)
	}
}

func TestOneWayIn(t *testing.T) {
	for _, c := range []Config{{}, {Write: "/x", Send: "tcp://y:1"}} {
		if err := run(t, c, time.Second); err == nil || !strings.Contains(err.Error(), "either") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
