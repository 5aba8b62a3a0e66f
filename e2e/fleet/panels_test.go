package fleet

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"gopkg.in/yaml.v3"

	"github.com/rtcship/rtcship/e2e/harness"
)

// TestPanels asks a real Prometheus what the dashboard and the alerts ask of a fleet, of
// which one member is behind, since its collector does not answer, and one is refused.
func TestPanels(t *testing.T) {
	if os.Getenv(inside) == "" || testing.Short() {
		t.Skip("it needs namespaces of its own, and half a minute")
	}
	tr := newTier(t, 1)
	tr.start(t)
	dumb := silent(t)
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	t.Cleanup(refuses.Close)
	root := t.TempDir()
	endpoints := map[string]string{
		"well-0": fmt.Sprintf("{endpoint: \"dns:///%s:%d\"}", tierName, tierPort), "well-1": fmt.Sprintf("{endpoint: \"dns:///%s:%d\"}", tierName, tierPort),
		"behind":  fmt.Sprintf("{endpoint: %q, timeout: 5m}", "http://"+dumb),
		"refused": fmt.Sprintf("{endpoint: %q, protocol: http/protobuf}", refuses.URL),
	}
	var targets []harness.Target
	for i, name := range slices.Sorted(maps.Keys(endpoints)) {
		m := &member{name: name, dir: filepath.Join(root, name), ownLog: true}
		m.startWith(t, firstPort+i, endpoints[name])
		targets = append(targets, harness.Target{
			Address: fmt.Sprintf("127.0.0.1:%d", firstPort+i), Labels: map[string]string{"namespace": "media", "pod": name},
		})
		if _, err := m.live.WriteString(harness.SoraLine(name, 0, padding) + "\n"); err != nil {
			t.Fatal(err)
		}
		if name == "behind" {
			time.Sleep(5 * time.Second) // it is for longer than whoever is refused
		}
	}
	p := harness.StartPrometheus(t, "", targets...)
	p.Await(t, `count(rtcship_build_info)`, 4)
	p.Await(t, `count(rtcship_requests_total{code="HTTP 401"} > 3)`, 1)
	p.Await(t, `sum(rtcship_records_total{outcome="accepted", pod=~"well-.", source="sora"})`, 2)
	checkPanels(t, p)
	checkAlerts(t, p)
}

// silent takes requests and answers none.
func silent(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, s grpc.ServerStream) error {
		<-s.Context().Done()
		return s.Context().Err()
	}))
	go func() { _ = server.Serve(l) }() // its error is that it was stopped
	t.Cleanup(server.Stop)
	return l.Addr().String()
}

// pods returns those that an answer names, the largest value first.
func pods(t *testing.T, p *harness.Prometheus, expr string) (names []string) {
	t.Helper()
	values, err := p.Query(expr)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	keys := slices.SortedFunc(maps.Keys(values), func(a, b string) int {
		if values[a] > values[b] {
			return -1
		}
		return 1
	})
	for _, labels := range keys {
		_, rest, _ := strings.Cut(labels, `pod="`)
		name, _, _ := strings.Cut(rest, `"`)
		names = append(names, name)
	}
	return names
}

func checkPanels(t *testing.T, p *harness.Prometheus) {
	t.Helper()
	panels := harness.Panels(t, "rtcship.json")
	for title, want := range map[string][]string{
		"Furthest behind": {"behind", "refused"},
		"Refused most":    {"refused"},
	} {
		// increase() needs two scrapes with something between them.
		harness.Wait(t, within(30*time.Second), "the panel "+title, func() error {
			if got := pods(t, p, panels[title]); !slices.Equal(got, want) {
				return fmt.Errorf("it names %v, want %v", got, want)
			}
			return nil
		})
	}
	values, err := p.Query(panels["Versions in use"])
	if err != nil || len(values) != 1 {
		t.Errorf("versions in use: %v (%v)", values, err)
	}
	for labels, n := range values {
		if n != 4 || !strings.HasPrefix(labels, `version="`) {
			t.Errorf("%s is in use %v times, want 4", labels, n)
		}
	}
}

// checkAlerts asks what the alerts ask, and for those that wait for minutes first, whether
// they wait.
func checkAlerts(t *testing.T, p *harness.Prometheus) {
	t.Helper()
	exprs := alerts(t)
	for name, want := range map[string][]string{
		"RtcshipLag": {"behind", "refused"}, "RtcshipCollectorAway": {"behind", "refused"}, "RtcshipRequestsRefused": {"refused"},
	} {
		expr := strings.Replace(exprs[name], "rtcship_lag_seconds) > 300", "rtcship_lag_seconds) > 1", 1) // nobody waits for five minutes here
		names(t, p, name, expr, want)
		if name != "RtcshipLag" {
			names(t, p, "the alert "+name, fmt.Sprintf("ALERTS{alertname=%q}", name), want)
		}
	}
	for _, name := range []string{"RtcshipGap", "RtcshipDeadLetters", "RtcshipCheckpointOld", "RtcshipRejected"} {
		if got := pods(t, p, exprs[name]); len(got) > 0 {
			t.Errorf("%s names %v, and nobody has any", name, got)
		}
	}
}

// names waits until a query names these pods: rules are evaluated now and then.
func names(t *testing.T, p *harness.Prometheus, what, expr string, want []string) {
	t.Helper()
	harness.Wait(t, within(30*time.Second), what, func() error {
		got := pods(t, p, expr)
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			return fmt.Errorf("it names %v, want %v: %s", got, want, expr)
		}
		return nil
	})
}

// alerts are the expressions of the chart's alerts, by name.
func alerts(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(), "charts/rtcship/rules/prometheus.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	exprs := map[string]string{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			exprs[r.Alert] = r.Expr
		}
	}
	return exprs
}
