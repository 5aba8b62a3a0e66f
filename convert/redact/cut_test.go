package redact

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
)

// Wherever a text is cut, Cut moves the cut to where neither half gives the secret away.
func TestCut(t *testing.T) {
	for _, pexip := range []bool{false, true} {
		r := mustNew(t, Config{})
		list := slices.Concat(disguises, furtherDisguises)
		for _, text := range textKinds {
			if interrupted([]byte(text)) { // in colours
				list = append(list, text)
			}
		}
		if pexip {
			r, list = r.ForPexip(), slices.Concat(list, pexipDisguises)
		}
		for _, text := range list {
			if strings.Contains(text, "Fragment") ||
				strings.Contains(text, "value") && slices.Contains(furtherDisguises, text) { // a name behind the value tells nothing in another piece
				continue
			}
			whole := []byte(strings.Repeat("x ", 300) + strings.ReplaceAll(text, "S3CR", "S3CRETab1234") + strings.Repeat(" y", 40))
			failed := false
			for at := 600; at < len(whole)-40 && !failed; at += 3 {
				cut := r.Cut(whole[:at])
				a, _ := r.Append(nil, whole[:cut])
				b, _ := r.Append(nil, whole[cut:])
				for _, half := range [][]byte{a, b} {
					for _, part := range []string{"S3CRET", "ETab1", "b1234"} {
						if bytes.Contains(half, []byte(part)) && !failed {
							failed = true
							t.Errorf("pexip %v: cut at %d instead of %d:\n%q\n%q\nleak %q", pexip, cut, at, whole[590:cut], whole[cut:], half)
						}
					}
				}
			}
		}
	}
}

// A text may end anywhere, and is searched to where it ends and no further: senders cut
// what is too long for them, and others write what they like.
func TestEndsAnywhere(t *testing.T) {
	r := mustNew(t, Config{})
	for i, text := range slices.Concat(disguises, furtherDisguises, pexipDisguises, textKinds) {
		for end := i % 4; end <= len(text); end += 4 { // others end it elsewhere
			for _, tail := range []string{"", "<", "</", "=", `"`, `\`, "{", "[", "<<", ":", ",", "(", "'", "&lt;", `\u003c`, "%3"} {
				cut := slices.Clip([]byte(text[:end] + tail))
				r.Append(nil, cut)
				r.ForPexip().Append(nil, cut)
			}
		}
	}
}

// A cut where there is no secret stays where it is, words apart.
func TestCutOfNothing(t *testing.T) {
	r := mustNew(t, Config{})
	text := []byte(strings.Repeat(`{"level":"info","msg":"all is well, (really)","n":12} `, 500))
	for at := len(text) - 200; at < len(text); at += 3 {
		if cut := r.Cut(text[:at]); at-cut > 20 {
			t.Errorf("cut at %d instead of %d", cut, at)
		}
	}
	if (*Redactor)(nil).Cut(text) != len(text) {
		t.Error("nothing is masked, and the cut is moved")
	}
}

// Cutting costs no more than masking what is cut off, whatever it is made of: a
// long entry is cut again and again.
func TestCutIsBounded(t *testing.T) {
	r := mustNew(t, Config{})
	piece := func(unit string) []byte { return bytes.Repeat([]byte(unit), cutWindow/len(unit)+1) }
	worst := time.Duration(0)
	for _, unit := range []string{"x", "x ", `"token":"`, `token=`, `{"password":{"token":`, `<<"`, `token `, `\`, `Authorization: `, "a=crypto:1 inline:", `//u:S@h`, "key"} {
		text := piece(unit)
		start := time.Now()
		r.Cut(text)
		worst = max(worst, time.Since(start))
	}
	if worst > 10*time.Second { // hours without a bound
		t.Errorf("a cut took %v", worst)
	}
}
