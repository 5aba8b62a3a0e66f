package day

import (
	"bytes"
	"flag"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/rtcship/rtcship/tailer"
)

var update = flag.Bool("update", false, "write testdata/ anew")

const dir = "../../testdata"

// The samples are what this package makes, and nothing else. Compressed files
// are compared by what is in them, since a new release of a library may pack
// them otherwise.
func TestSamplesAreUpToDate(t *testing.T) {
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		for path, text := range files {
			write(t, filepath.Join(dir, path), text)
		}
	}
	for _, path := range Paths(files) {
		got, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			t.Errorf("%v: go test ./internal/day -update", err)
		} else if !bytes.Equal(unpack(t, path, got), unpack(t, path, files[path])) {
			t.Errorf("%s is not up to date: go test ./internal/day -update", path)
		}
	}
	for _, path := range samples(t) {
		if _, ok := files[path]; !ok {
			t.Errorf("%s is made by nobody", path)
		}
	}
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

func unpack(t *testing.T, path string, text []byte) []byte {
	t.Helper()
	var r io.Reader = bytes.NewReader(text)
	var err error
	switch filepath.Ext(path) {
	case ".gz":
		r, err = gzip.NewReader(r)
	case ".zst":
		r, err = zstd.NewReader(r)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	all, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return all
}

// samples are the files that are there, without the texts for people.
func samples(t *testing.T) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".md") {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		paths = append(paths, filepath.ToSlash(rel))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// Every log that Sora's vendor describes is there.
func TestEveryLogOfSora(t *testing.T) {
	var names []string
	for _, path := range samples(t) {
		if name, ok := strings.CutPrefix(path, log); ok {
			names = append(names, name)
		}
	}
	for _, r := range tailer.SoraRules() {
		if strings.HasPrefix(r.Pattern, "*") || strings.Contains(r.Pattern, "[1-9][0-9]") {
			continue
		}
		if legacy, ok := strings.CutSuffix(r.Pattern, ".log"); ok && slices.Contains([]string{
			"cluster", "rtc_stats", "debug", "auth_webhook_error", "stats_webhook", "stats_webhook_error"}, legacy) {
			continue // newer than the legacy form
		}
		if !slices.ContainsFunc(names, func(n string) bool { ok, _ := filepath.Match(r.Pattern, n); return ok }) {
			t.Errorf("no sample of %s: write one in internal/day/sora.go, or name its log in this test among those newer than the legacy form", r.Pattern)
		}
	}
}

// Every module of Pexip's that is known is there.
func TestEveryModuleOfPexip(t *testing.T) {
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for path, text := range files {
		if strings.HasPrefix(path, "pexip/") {
			for _, m := range regexp.MustCompile(` Name="([^"]+)"`).FindAllSubmatch(text, -1) {
				seen[string(m[1])] = true
			}
		}
	}
	for m := range strings.FieldsSeq(`administrator.system administrator.configuration administrator.conference
		administrator.participantdialer administrator.registration administrator.vmrsync administrator.apps.cloudbursting
		support.sip support.dns support.bfcp support.h323.q931 support.h323.ras support.h323.h245 support.rest support.jinja2
		support.participant administrator.system.configuration administrator.system.connectivity support.ice support.media
		support.participantpresentationmodule support.rtmp support.gms support.teams support.ms_data_conf.ms_data_conf
		support.crypto.keys support.signaling support.dtls administrator.sip connectivity support.otj`) {
		if !seen[m] {
			t.Errorf("no line of module %s", m)
		}
	}
}
