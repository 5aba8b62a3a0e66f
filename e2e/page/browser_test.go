package page

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

// chromium runs the browser without a screen and returns what it printed. Each
// run has a profile of its own and speaks to nobody but the page.
func chromium(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := harness.Debian(t, "usr/lib/chromium/chromium", append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--hide-scrollbars",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--user-data-dir=" + t.TempDir(),
	}, args...)...)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	bounded := exec.CommandContext(ctx, cmd.Path, cmd.Args[1:]...)
	bounded.Env = cmd.Env
	bounded.WaitDelay = 5 * time.Second
	var out, complaints bytes.Buffer
	bounded.Stdout, bounded.Stderr = &out, &complaints
	if err := bounded.Run(); err != nil {
		t.Fatalf("chromium: %v\n%s", err, complaints.Bytes())
	}
	return out.Bytes()
}

var (
	unseen = regexp.MustCompile(`(?s)<(style|script|details)\b.*?</(style|script|details)>`)
	tag    = regexp.MustCompile(`<[^>]*>`)
	space  = regexp.MustCompile(`\s+`)
)

// seen is the text of a page as the browser has it, without what is folded away.
func seen(t *testing.T, url string) string {
	t.Helper()
	text := unseen.ReplaceAllString(string(chromium(t, "--dump-dom", url)), " ")
	return strings.TrimSpace(space.ReplaceAllString(html.UnescapeString(tag.ReplaceAllString(text, " ")), " "))
}

// phone is the width of a usual phone in CSS pixels.
const phone = 390

var widths = regexp.MustCompile(`data-widths="(\d+) (\d+)"`)

// checkPhone fails the test if a page is wider than a phone. It is laid out in
// a frame of that width, which tells; the page itself allows no scripts.
func checkPhone(t *testing.T, page []byte) {
	t.Helper()
	frame := filepath.Join(t.TempDir(), "frame.html")
	text := fmt.Sprintf(`<!doctype html><iframe width=%d height=844 style="border:0" srcdoc="%s"></iframe>
<script>
onload = () => {
	const e = document.querySelector("iframe").contentDocument.documentElement;
	document.body.dataset.widths = e.scrollWidth + " " + e.clientWidth;
};
</script>`, phone, html.EscapeString(string(page)))
	if err := os.WriteFile(frame, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m := widths.FindSubmatch(chromium(t, "--dump-dom", "file://"+frame))
	if m == nil {
		t.Fatal("the browser did not measure the page")
	}
	if string(m[1]) != fmt.Sprint(phone) || string(m[2]) != fmt.Sprint(phone) {
		t.Errorf("on a phone %d pixels wide the page takes %s of %s", phone, m[1], m[2])
	}
}
