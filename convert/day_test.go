package convert_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/convert/internal/recordtest"
	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/tailer"
	"github.com/rtcship/rtcship/tailer/entry"
)

const dayGolden = "testdata/day.golden"

// The samples of a whole day become these records.
func TestDay(t *testing.T) {
	c, err := convert.New(convert.Config{Redact: redact.Config{Enabled: true}})
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, source := range []string{"sora", "pexip"} {
		root := filepath.Join("../testdata", source)
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			// Octet counts are taken off by the listener, or by what reads a capture.
			if err == nil && !d.IsDir() && d.Name() != "tcp-octets.log" {
				got.WriteString("## " + filepath.ToSlash(path) + "\n" + renderFile(t, c, source, path))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(dayGolden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(dayGolden)
	if err != nil {
		t.Fatal(err)
	}
	if w, g := strings.Split(string(want), "\n"), strings.Split(got.String(), "\n"); got.String() != string(want) {
		for i := range min(len(w), len(g)) {
			if w[i] != g[i] {
				t.Fatalf("line %d: %q, want %q\nTo accept what is there now: go test ./convert -run TestDay -update", i+1, g[i], w[i])
			}
		}
		t.Fatalf("%d lines, want %d", len(g), len(w))
	}
}

func renderFile(t *testing.T, c *convert.Converter, source, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := tailer.Stream{Origin: source, Path: path, Name: path, Rules: tailer.SoraRules()}
	if source == "pexip" {
		s.Rules = tailer.QuotedRules([]string{"*"})
	}
	var b strings.Builder
	var out convert.Output
	err = s.Read(f, func(batch entry.Batch) error {
		c.Convert(batch, &out)
		for _, g := range out.Groups {
			b.WriteString(recordtest.Render(t, g.Records, "log.record.uid", "log.file.path"))
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return b.String()
}
