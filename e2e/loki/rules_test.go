package loki

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/rtcship/rtcship/e2e/harness"
)

// TestRules gives the ruler of a real Loki the chart's rules, as they stand and
// once more without their waiting times, and has a bad day happen just now.
// Every rule is loaded and healthy, and every alert fires and is told to the
// Alertmanager.
func TestRules(t *testing.T) {
	data, manager := t.TempDir(), newManager(t)
	alerts := writeRules(t, filepath.Join(data, "rules", "fake"))
	server := startRuler(t, data, manager.URL)

	logs := t.TempDir()
	const times = 12
	messages := badHour(t, logs, times)
	ship(t, server, logs, harness.BadDaySoraEntries*times, messages)

	harness.Wait(t, 90*time.Second, "the ruler to fire", func() error {
		states, err := server.rules(alerts)
		if err != nil {
			return err
		}
		for _, alert := range alerts {
			if got := states["soon.yaml/"+alert]; got != "firing" {
				err = errors.Join(err, fmt.Errorf("%s without its waiting time is %q", alert, got))
			}
			if got := states["shipped.yaml/"+alert]; got != "firing" && got != "pending" {
				err = errors.Join(err, fmt.Errorf("%s is %q", alert, got))
			}
		}
		return errors.Join(err, manager.lacks(alerts), server.alerts(alerts))
	}, server.process)

	listed, err := server.get("/loki/api/v1/rules", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, alert := range alerts {
		if n := strings.Count(listed, "alert: "+alert+"\n"); n != 2 {
			t.Errorf("/loki/api/v1/rules has %s %d times, want twice\n%s", alert, n, listed)
		}
	}
}

// writeRules puts the chart's rules where the ruler looks for them, and returns
// the names of the alerts.
func writeRules(t *testing.T, dir string) (alerts []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(), "charts", "rtcship", "rules", "loki.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []struct{ Alert string }
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			alerts = append(alerts, r.Alert)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	soon := regexp.MustCompile(`(?m)^ *for: .*\n`).ReplaceAll(text, nil)
	for name, text := range map[string][]byte{"shipped.yaml": text, "soon.yaml": soon} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return alerts
}

// badHour is the bad day many times over, in the seconds before now.
func badHour(t *testing.T, logs string, times int) (messages []string) {
	t.Helper()
	harness.BadDaySora(t, logs)
	now := time.Now().UTC()
	again := func(text string, n int) string {
		at := now.Add(-time.Duration(n) * time.Second)
		return lineTime.ReplaceAllString(text, at.Format(time.DateOnly)+"${1}"+at.Format(time.TimeOnly))
	}
	files, err := filepath.Glob(filepath.Join(logs, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		day, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var hour strings.Builder
		for n := times; n > 0; n-- {
			hour.WriteString(again(string(day), n))
		}
		if err := os.WriteFile(f, []byte(hour.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for n := times; n > 0; n-- {
		for _, m := range harness.BadDayPexip() {
			messages = append(messages, again(m, n))
		}
	}
	return messages
}

// rules asks the ruler for the state of every rule, by file and alert. A rule
// that is not healthy is an error.
func (s server) rules(alerts []string) (states map[string]string, err error) {
	text, err := s.get("/prometheus/api/v1/rules", nil)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			Groups []struct {
				File  string
				Rules []struct{ Name, State, Health, LastError string }
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		return nil, err
	}
	states = map[string]string{}
	for _, g := range answer.Data.Groups {
		for _, r := range g.Rules {
			states[g.File+"/"+r.Name] = r.State
			if r.Health != "ok" || r.LastError != "" {
				err = errors.Join(err, fmt.Errorf("%s of %s is %s: %s", r.Name, g.File, r.Health, r.LastError))
			}
		}
	}
	if len(states) != 2*len(alerts) {
		err = errors.Join(err, fmt.Errorf("%d rules, want %d", len(states), 2*len(alerts)))
	}
	return states, err
}

// alerts is an error unless the ruler lists all of them as firing, with a
// summary whose labels are filled in.
func (s server) alerts(want []string) error {
	text, err := s.get("/prometheus/api/v1/alerts", nil)
	if err != nil {
		return err
	}
	var answer struct {
		Data struct {
			Alerts []struct {
				State               string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		return err
	}
	var firing []string
	for _, a := range answer.Data.Alerts {
		if a.State == "firing" {
			firing = append(firing, a.Labels["alertname"])
		}
		if summary := a.Annotations["summary"]; summary == "" || strings.Contains(summary, "no value") || strings.HasSuffix(summary, " ") {
			err = errors.Join(err, fmt.Errorf("%s says %q", a.Labels["alertname"], summary))
		}
	}
	return errors.Join(err, lacking("/prometheus/api/v1/alerts", firing, want))
}

func lacking(where string, have, want []string) (err error) {
	for _, alert := range want {
		if !slices.Contains(have, alert) {
			err = errors.Join(err, fmt.Errorf("%s lacks %s", where, alert))
		}
	}
	return err
}

// A manager takes alerts as Alertmanager does.
type manager struct {
	*httptest.Server
	mu   sync.Mutex
	told []string
}

func newManager(t *testing.T) *manager {
	t.Helper()
	m := &manager{}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var alerts []struct{ Labels map[string]string }
		if err := json.NewDecoder(r.Body).Decode(&alerts); err != nil || r.URL.Path != "/api/v2/alerts" {
			http.Error(w, "want alerts at /api/v2/alerts", http.StatusBadRequest)
			return
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, a := range alerts {
			m.told = append(m.told, a.Labels["alertname"])
		}
	}))
	t.Cleanup(m.Close)
	return m
}

func (m *manager) lacks(alerts []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return lacking("Alertmanager", m.told, alerts)
}
