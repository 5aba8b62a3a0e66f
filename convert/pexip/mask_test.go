package pexip

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/tailer/entry"
)

// secretive are lines with a secret wherever one may be.
var secretive = []string{
	`Level="INFO" Name="x" Message="m" Digits="12" Detail="pin=5"`,
	`Level="INFO" Message="wrong PIN" : 1234 Name="x"`,
	`Level="INFO" Message="m" Password="a b"`,
	`Level="INFO" Message="m" Unknown="token=x"`,
	`<134>1 2026-03-04T05:06:07Z node7 pexip - - [a token="t"] Level="INFO" Message="m"`,
	`<13>1 2026-03-04T05:06:10Z gate - - - [a token="t"] <134>2026-03-04T05:06:08Z node7 2026-03-04 05:06:07,089 Level="INFO" Message="x"`,
	`Level="INFO" Message="m" word password: secret Name="x"`,
	`Level="INFO" Message="m" Detail="INVITE^MAuthorization: Digest a="b"^MVia: x" Name="x"`,
	`Level="INFO" Message="m" Detail="a=crypto:1 x inline:abc`,
	`<134>1 2026-03-04T05:06:07Z pwd=x pexip - - [a token="t"] Level="INFO" Message="m"`,
	`<134>Mar  4 05:06:07 node7 password: Level="INFO" Message="m"`,
	`node7 2026-03-04 05:06:07,089 Level="INFO" Message="Participant has joined." Conference="https://u:p@h/" Location=pin=7`,
	`Level="INFO" Message="m"` + strings.Repeat(` Role="a"`, maxPairs) + ` Location="token=x"`,
	`type=USER_LOGIN msg=audit(1772600767.089:41): password=x`,
}

// masked is the record of a text and the number of its secrets, masked by the Builder
// before the text is read, or by the Reader as it comes upon them.
func masked(t testing.TB, text string, before bool) []byte {
	r, err := redact.New(redact.Config{Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	var b record.Builder
	var counts record.Counts
	b.StartBatch(&record.Settings{Redactor: r.ForPexip()}, &entry.Origin{Source: "pexip", Path: "pexip"}, &counts)
	e := entry.Entry{Text: []byte(text), Observed: observed, Transport: "unix"}
	var reader Reader
	reader.Start(&b)
	b.Begin(&e)
	if before {
		b.Mask()
	}
	host := reader.Read()
	out, _ := b.Finish(nil, nil)
	return append(append(out, host...), byte(counts.Redacted))
}

// A secret is found in whatever part of a line it is.
func TestMaskAsRead(t *testing.T) {
	for _, text := range secretive {
		want := masked(t, text, true)
		if want[len(want)-1] == 0 {
			t.Errorf("%s: nothing is masked", text)
		}
		if !bytes.Equal(want, masked(t, text, false)) {
			t.Errorf("%s: masked otherwise as it is read", text)
		}
	}
}

// FuzzMask: what is masked as a line is read is what is masked in the whole.
func FuzzMask(f *testing.F) {
	for _, text := range secretive {
		f.Add(text)
	}
	for _, e := range examples(f) {
		f.Add(e.line())
	}
	r, err := redact.New(redact.Config{Enabled: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once, _ := r.ForPexip().Append(nil, []byte(text))
		if _, n := r.ForPexip().Append(nil, once); n > 0 {
			return // text that masks make another one of, as here it is masked twice
		}
		if text != "" && !bytes.Equal(masked(t, text, true), masked(t, text, false)) {
			t.Fatalf("%q: masked otherwise as it is read", text)
		}
	})
}

// What the Reader remembers of a line changes nothing in the next one.
func FuzzRemembered(f *testing.F) {
	all := examples(f)
	for i, e := range all {
		f.Add(e.line(), all[(i+1)%len(all)].line())
	}
	f.Add(`Level="INFO" Message="a" Message="b" Call-id="1" Call-id="2"`, `Level="INFO" Message="a" Name="b" Call-id="1" Role="c"`)
	f.Add(`Name="a" Message="Participant has joined" Call-id="1"`, `Name="a" Message="Participant has joined" Call-id="1" Call-id=x" Message=y"`)
	f.Fuzz(func(t *testing.T, before, text string) {
		if before == "" || text == "" {
			return
		}
		fresh, used := newConverter(), newConverter()
		used.convert([]byte(before))
		want, got := string(fresh.convert([]byte(text))), string(used.convert([]byte(text)))
		a, _ := fresh.builder.Finish(nil, nil)
		b, _ := used.builder.Finish(nil, nil)
		if want != got || !bytes.Equal(a, b) {
			t.Fatalf("%q after %q is another record than alone", text, before)
		}
	})
}

// Of two messages in a line the last one counts, also if only the first is one
// of the catalogue's.
func TestLastMessageCounts(t *testing.T) {
	for text, want := range map[string]string{
		`Name="x" Message="Participant has joined." Message="Never heard of`:   "",
		`Name="x" Message="Never heard of" Message="Participant has joined."`:  "pexip.participant.joined",
		`Name="x" Message="Participant has joined." Message="Never heard of" `: "",
	} {
		if r, _ := parseLine(t, text); r.EventName != want {
			t.Errorf("%s: event %q, want %q", text, r.EventName, want)
		}
	}
}
