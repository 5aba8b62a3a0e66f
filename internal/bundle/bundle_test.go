package bundle

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/rtcship/rtcship/convert/redact"
)

const secret = "kS7nNq0bX2wPz4tA"

func logDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte(`{"type":"offer","access_token":"` + secret + `"}` + "\n"))
	z.Close()
	for name, text := range map[string]string{
		"sora.jsonl":                  `{"level":"error","msg":"INVALID-JSON"}` + "\n",
		"signaling.jsonl":             `{"type":"offer","access_token":"` + secret + `"}` + "\nlast line without newline",
		"signaling.jsonl-20261114.gz": packed.String(),
		"erl_crash.dump":              "=erl_crash_dump:0.5\n=end\n",
		"connection_created_wait_timeout_error/20261121_A.jsonl": "{}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/hostname", filepath.Join(dir, "link.log")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func pack(t *testing.T, cfg Config) (*Manifest, map[string]string) {
	t.Helper()
	cfg.Now = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	var b bytes.Buffer
	m, err := Write(t.Context(), &b, cfg)
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(text)
	}
	return m, files
}

func TestEverythingIsPacked(t *testing.T) {
	dir := logDir(t)
	read := 0
	m, files := pack(t, Config{Dir: dir, Progress: func(n int) { read += n }})
	_, size, err := List(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Files) != 5 || len(files) != 6 || int64(read) != size {
		t.Errorf("%d files in the manifest, %d in the archive, %d of %d bytes read", len(m.Files), len(files), read, size)
	}
	for _, f := range m.Files {
		want, err := os.ReadFile(filepath.Join(dir, f.Path))
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Path] != string(want) || f.Size != int64(len(want)) || f.Error != "" || len(f.SHA256) != 64 {
			t.Errorf("%s: %+v", f.Path, f)
		}
	}
	var read2 Manifest
	if err := json.Unmarshal([]byte(files[ManifestName]), &read2); err != nil || len(read2.Files) != 5 || read2.Masked {
		t.Errorf("manifest %s: %v", files[ManifestName], err)
	}
}

func TestMaskedBundleHoldsNoSecret(t *testing.T) {
	r, err := redact.New(redact.Config{Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	m, files := pack(t, Config{Dir: logDir(t), Redactor: r})
	for name, text := range files {
		if strings.Contains(text, secret) {
			t.Errorf("%s holds a secret", name)
		}
	}
	if !strings.HasSuffix(files["signaling.jsonl"], "\nlast line without newline") || files["signaling.jsonl-20261114"] == "" {
		t.Errorf("other text was changed: %q", files)
	}
	masked := 0
	for _, f := range m.Files {
		masked += f.Secrets
	}
	if masked != 2 || !m.Masked {
		t.Errorf("%d secrets masked, want 2", masked)
	}
}

// A file that goes away, or is no gzip after all, is noted and the rest is packed.
func TestFaultyFilesAreNoted(t *testing.T) {
	dir := logDir(t)
	if err := os.WriteFile(filepath.Join(dir, "x.log.gz"), []byte("no gzip"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := redact.New(redact.Config{Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	m, files := pack(t, Config{Dir: dir, Redactor: r})
	for _, f := range m.Files {
		if f.Path == "x.log" && f.Error == "" {
			t.Error("a broken file is not noted")
		}
	}
	if files["sora.jsonl"] == "" {
		t.Error("the rest is missing")
	}
}

func TestNoDirectoryAndNoRoom(t *testing.T) {
	if _, err := Write(t.Context(), io.Discard, Config{Dir: filepath.Join(t.TempDir(), "none")}); err == nil {
		t.Error("a directory that is not there was packed")
	}
	if _, err := Write(t.Context(), full{}, Config{Dir: logDir(t)}); err == nil {
		t.Error("an archive that could not be written was no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Write(ctx, io.Discard, Config{Dir: logDir(t)}); err == nil {
		t.Error("it went on after it was cancelled")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, os.ErrClosed }
