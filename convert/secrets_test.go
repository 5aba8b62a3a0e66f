package convert

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/convert/redact/redacttest"
	"github.com/rtcship/rtcship/tailer/entry"
)

// No secret gets into a record, whatever its name, the form it is written in,
// and the line that it is in.
func TestNoSecretLeaves(t *testing.T) {
	c := newConverter(t, Config{Redact: redact.Config{Enabled: true}})
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	redacttest.Each(rand.New(rand.NewPCG(seed, 0)), "q", func(p redacttest.Place, line, secret string) {
		leaks(t, c, p.Source, p.Log, line, secret)
	})
}

// FuzzNoSecretLeaves: nor does one with anything around it, as long as that leaves the line
// what it is.
func FuzzNoSecretLeaves(f *testing.F) {
	for i := range uint64(len(redacttest.Places)) {
		f.Add(i, i*7, i*11, i*13, "", "")
	}
	f.Add(uint64(2), uint64(3), uint64(4), uint64(5), "the call of ", " has ended")
	c := newConverter(f, Config{Redact: redact.Config{Enabled: true}})
	f.Fuzz(func(t *testing.T, place, form, name, seed uint64, before, after string) {
		if len(before)+len(after) > 1000 || !harmlessAround(before) || !harmlessAround(after) {
			return
		}
		p := redacttest.Places[place%uint64(len(redacttest.Places))]
		n := redacttest.Names[name%uint64(len(redacttest.Names))]
		text := redacttest.Forms[form%uint64(len(redacttest.Forms))]
		if !p.Fits(text, n) {
			return
		}
		secret := redacttest.Secret(rand.New(rand.NewPCG(seed, 0)), "q")
		line := p.With(text, n, secret)
		if p.Line[0] != '{' && p.Source == "sora" { // around what is no JSON and no pair
			line = before + line + after
		}
		leaks(t, c, p.Source, p.Log, line, secret)
	})
}

// harmlessAround tells whether a text is words, and none that goes with a secret.
func harmlessAround(text string) bool {
	for _, c := range text {
		if c != ' ' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return text == "" || text[0] == ' ' || text[len(text)-1] == ' '
}

func leaks(t *testing.T, c *Converter, source, log, line, secret string) {
	t.Helper()
	var out Output
	o := origin()
	o.Source, o.Log = source, log
	c.Convert(entry.Batch{Origin: o, Entries: []entry.Entry{{Text: []byte(line), Observed: observed}}}, &out)
	for _, g := range out.Groups {
		if bytes.Contains(g.Records, []byte(secret)) {
			t.Errorf("%s %s: %q leaks", source, log, line)
		}
	}
	if out.Counts.Redacted == 0 {
		t.Errorf("%s %s: %q: nothing is counted", source, log, line)
	}
}
