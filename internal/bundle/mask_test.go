package bundle

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/convert/redact/redacttest"
)

// A secret whose name is in another line is masked, also where one piece of a file ends.
func TestMaskOverLines(t *testing.T) {
	r, err := redact.New(redact.Config{Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"password =>\n   <<\"S3CRET\">>\n", "{password,\n <<\"S3CRET\">>}\n", "{password,<<\"aa\"\n  \"S3CRET\">>}\n", "{\"password\":\n  \"S3CRET\"\n}\n", "Authorization: Digest a=\"b\",\r\n response=\"S3CRET\"\r\n"} {
		for back := 0; back < 60; back += 9 {
			text := strings.Repeat("a line of a log\n", maxPiece/16)
			text = text[:maxPiece-16] + strings.Repeat(".", (back+15)%16) + "\n" + secret + text[:1000]
			if back%2 == 1 {
				text = secret + text
			}
			text = strings.Repeat(",", back) + "\n" + text
			var out bytes.Buffer
			n, err := mask(&out, strings.NewReader(text), r)
			if err != nil || n == 0 || strings.Contains(out.String(), "S3CRET") {
				t.Fatalf("%q %d: %d masked, %v", secret, back, n, err)
			}
			if got := strings.Count(out.String(), "\n"); got != strings.Count(text, "\n") && !strings.Contains(secret, "aa") && !strings.Contains(secret, "Digest") {
				t.Fatalf("%q %d: %d lines of %d", secret, back, got, strings.Count(text, "\n"))
			}
		}
	}
}

// No secret of a line gets into a masked bundle, whatever its name, the form it is written
// in, the line that it is in, and the file.
func TestNoSecretLeaves(t *testing.T) {
	r, err := redact.New(redact.Config{Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	const mark = "Le4k"
	dir, files := t.TempDir(), map[string]string{}
	redacttest.Each(rand.New(rand.NewPCG(seed, 0)), mark, func(p redacttest.Place, line, _ string) {
		if p.File != "" {
			files[p.File] += line + "\n"
		}
	})
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, packed := pack(t, Config{Dir: dir, Redactor: r})
	for name, text := range packed {
		if i := strings.Index(text, mark); i >= 0 {
			t.Errorf("%s has %d: …%s", name, strings.Count(text, mark), text[max(0, i-120):min(len(text), i+30)])
		}
	}
	if len(packed) < len(files) {
		t.Errorf("%d files of %d", len(packed), len(files))
	}
}
