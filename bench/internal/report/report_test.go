package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/bench/internal/scenario"
)

func sample(t *testing.T) *Results {
	t.Helper()
	r, err := Load(filepath.Join(t.TempDir(), "none"))
	if err != nil {
		t.Fatal(err)
	}
	for _, cpu := range []float64{800, 1000, 5000} { // one disturbed round
		r.Add("catch-up", "rtcship", scenario.Figures{scenario.CPU: cpu, scenario.Wall: cpu})
		r.Add("catch-up", "collector", scenario.Figures{scenario.CPU: cpu * 16, scenario.Wall: cpu * 10})
		r.Add("catch-up", "limit", scenario.Figures{scenario.CPU: cpu / 1.4})
	}
	r.Add("rotation", "rtcship", scenario.Figures{scenario.Lost: 0})
	r.Add("rotation", "rtcship", scenario.Figures{scenario.Lost: 3})
	r.Add("growth", "rtcship", scenario.Figures{"slope, 1 files (ns)": 800, "slope, 1000 files (ns)": 1000})
	return r
}

func TestVerdicts(t *testing.T) {
	want := map[string]struct {
		got     float64
		reached bool
	}{
		"catch-up, CPU against file_log":          {0.0625, true},
		"catch-up, CPU against the limit":         {1.4, true},
		"catch-up, time against file_log":         {0.1, true},
		"rotation, lost":                          {3, false}, // the worst round counts
		"growth, steepest against flattest slope": {1.25, false},
	}
	for _, v := range sample(t).Verdicts() {
		w, ok := want[v.Name]
		if !ok {
			t.Errorf("%s judged without being measured: %v", v.Name, v.Got)
			continue
		}
		if delta := v.Got - w.got; delta > 1e-9 || delta < -1e-9 || v.Reached() != w.reached {
			t.Errorf("%s: %v, reached %v, want %v, %v", v.Name, v.Got, v.Reached(), w.got, w.reached)
		}
		delete(want, v.Name)
	}
	for name := range want {
		t.Errorf("%s: no verdict", name)
	}
}

func TestBaselineFailsByMoreThanAQuarter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "base.json")
	if err := (Baseline{"a": 1, "b": 1, "c": 1}).Save(path); err != nil {
		t.Fatal(err)
	}
	base, err := LoadBaseline(path)
	if err != nil {
		t.Fatal(err)
	}
	got := base.Worse(Baseline{"a": 1.24, "b": 1.26, "new": 9})
	if len(got) != 2 || !strings.HasPrefix(got[0], "b: 1.26") || got[1] != "c: not measured" {
		t.Errorf("got %q", got)
	}
}

func TestResultsSurviveSaving(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.json")
	r := sample(t)
	r.Machine, r.When["catch-up"] = ThisMachine(), "2026-01-02"
	if err := r.Save(path); err != nil {
		t.Fatal(err)
	}
	again, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	var a, b bytes.Buffer
	r.Markdown(&a)
	again.Markdown(&b)
	if a.String() != b.String() {
		t.Errorf("before:\n%s\nafter:\n%s", &a, &b)
	}
}

func TestInsertReplacesOnlyTheResults(t *testing.T) {
	page := []byte("# Head\n" + begin + "old\n" + end + "Tail\n")
	got, err := sample(t).Insert(page)
	if err != nil {
		t.Fatal(err)
	}
	text := string(got)
	for _, want := range []string{"# Head\n", "Tail\n", "| catch-up, CPU against file_log | ≤ 1/14.0 | 1/16.0 | reached |", "| rtcship | 1,000 |"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "old") {
		t.Error("the old results are still there")
	}
	if again, err := sample(t).Insert(got); err != nil || !bytes.Equal(again, got) {
		t.Errorf("inserting twice changes the page: %v", err)
	}
	if _, err := sample(t).Insert([]byte("no marks")); !errors.Is(err, errMarks) {
		t.Errorf("without marks: %v", err)
	}
}

func TestPlotIsWellFormed(t *testing.T) {
	var b bytes.Buffer
	sample(t).Plot(&b)
	for d := xml.NewDecoder(&b); ; {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.123: "0.12", 12.34: "12.3", 999.9: "999.9", 1234.5: "1,235", 1234567: "1,234,567", -1234: "-1,234"} {
		if got := number(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}
