package ownlog

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestForeignWordsAreNotQuoted(t *testing.T) {
	var out bytes.Buffer
	w := Foreign(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	for _, line := range []string{"Unsolicited response starting with \"s3cr3t\x1b[2J\"; err=s3cr3t\n", "http: plain words\n"} {
		if n, err := w.Write([]byte(line)); n != len(line) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	if got := out.String(); strings.Contains(got, "s3cr3t") || !strings.Contains(got, "starting with …") || !strings.Contains(got, "plain words") {
		t.Errorf("%s", got)
	}
}
