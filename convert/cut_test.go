package convert

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/tailer"
	"github.com/rtcship/rtcship/tailer/entry"
)

// A secret does not leave in two halves, wherever the limit of an entry goes through it.
func TestSecretAtCut(t *testing.T) {
	c := newConverter(t, Config{Redact: redact.Config{Enabled: true}})
	for at := 980; at < 1060; at += 3 {
		for _, form := range []string{`"token":"%s"`, `x password=%s y`, `#{<<\"token\">> => <<\"%s\">>}`, `https://u:%s@h/`, `\r\nAuthorization: Digest a=\"b\", response=\"%s\"\r\n`} {
			line := `{"msg":"` + strings.Repeat("- ", 600)[:at-20] + fmt.Sprintf(form, "AAAABBBBCCCCDDDDEEEE1") + strings.Repeat(" .", 300) + "\"}\n"
			s := tailer.Stream{Origin: "sora", Path: "/log/sora.jsonl", Name: "sora.jsonl", Rules: tailer.SoraRules(), MaxEntry: 1024, SafeCut: c.SafeCut}
			pieces := 0
			err := s.Read(strings.NewReader(line), func(b entry.Batch) error {
				var out Output
				c.Convert(b, &out)
				for _, g := range out.Groups {
					pieces += len(g.Ends)
					for _, half := range []string{"AAAABB", "BBCCCC", "CCDDDD", "DDEEEE"} {
						if bytes.Contains(g.Records, []byte(half)) {
							t.Errorf("%s at %d: %s leaks", form, at, half)
						}
					}
				}
				return nil
			})
			if err != nil || pieces < 2 {
				t.Fatalf("%d pieces, %v", pieces, err)
			}
		}
	}
}
