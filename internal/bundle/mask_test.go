package bundle

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/convert/redact"
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
