package convert

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/tailer/entry"
)

// An entry whose conversion panics costs nothing but itself: there is a record in its
// place, without its text, and all others are as they would be.
func TestFault(t *testing.T) {
	const secret = "hunter2"
	sora := func(msg string) string { return soraLine("info", msg) }
	pexip := func(msg string) string { return pexipLine(`Level="INFO" Name="support.sip" Message="` + msg + `"`) }
	poison := secret + strings.Repeat(" ", lookEvery)
	for _, test := range []struct {
		name, source, log string
		entry             func(msg string) string
		bad               []int // of five
	}{
		{"a line of Sora's", "sora", "sora", sora, []int{2}},
		{"the first", "sora", "sora", sora, []int{0}},
		{"the last", "sora", "sora", sora, []int{4}},
		{"two in a row", "sora", "sora", sora, []int{1, 2}},
		{"all", "sora", "sora", sora, []int{0, 1, 2, 3, 4}},
		{"a log of failures", "sora", "event_webhook_error", sora, []int{2}},
		{"a message of Pexip's", "pexip", "", pexip, []int{2}},
		{"the first message", "pexip", "", pexip, []int{0}},
		{"all messages", "pexip", "", pexip, []int{0, 1, 2, 3, 4}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newConverter(t, Config{})
			o := origin()
			o.Source, o.Log = test.source, test.log
			batch := func(bad string) entry.Batch {
				b := entry.Batch{Origin: o}
				for i := range 5 {
					msg := "all is well"
					if slices.Contains(test.bad, i) {
						msg = bad
					}
					b.Entries = append(b.Entries, entry.Entry{Text: []byte(test.entry(msg)), Offset: int64(1000 * i), Observed: observed})
				}
				return b
			}
			var want, got Output
			c.Convert(batch("all is well"), &want)
			for range 2 { // with an Output that was used before
				if err := c.ConvertContext(faulty{t.Context()}, batch(poison), &got); err != nil {
					t.Fatal(err)
				}
				if got.Faults != len(test.bad) || got.Counts.Records != 5 || got.Counts.Entries != 5 {
					t.Fatalf("%d faults, %d records", got.Faults, got.Counts.Records)
				}
			}
			if f := got.Fault; f.Offset != int64(1000*test.bad[0]) || f.Reason == "" || !strings.Contains(string(f.Stack), "faulty") {
				t.Errorf("the first fault: at %d, %q\n%s", f.Offset, f.Reason, f.Stack)
			}
			wanted, all := recordsIn(&want), recordsIn(&got)
			said := 0
			for i, record := range all {
				if bytes.Contains(record, []byte(secret)) {
					t.Errorf("record %d holds the secret", i)
				}
				if bytes.Contains(record, []byte("could not convert this entry of")) && bytes.Contains(record, []byte("rtcship.parse_error")) {
					said++
				} else if !slices.ContainsFunc(wanted, func(r []byte) bool { return bytes.Equal(r, record) }) {
					t.Errorf("record %d is another than without the fault:\n%q", i, record)
				}
			}
			if len(all) != 5 || said != len(test.bad) {
				t.Errorf("%d records, %d of them in place of others", len(all), said)
			}
		})
	}
}

// A long entry at which masking fails is cut all the same, and between words.
func TestFaultWhereToCut(t *testing.T) {
	var faulty *Converter // which has no redactor, nor anything else
	for text, want := range map[string]string{"one two": "one ", "a b\nc": "a b\n", "word": ""} {
		if got := text[:faulty.SafeCut([]byte(text))]; got != want {
			t.Errorf("%q is cut after %q, want %q", text, got, want)
		}
	}
}

func recordsIn(o *Output) (all [][]byte) {
	for g := range o.Groups {
		for end := range o.Groups[g].Ends {
			all = append(all, o.Record(Severe{Group: g, End: end}))
		}
	}
	return all
}

// A faulty context is asked after much text, and is the fault.
type faulty struct{ context.Context }

func (f faulty) Err() error {
	var none map[string]*[]error
	return (*none["faulty"])[0]
}

// What was counted of the entry that was given up is not.
func TestRecount(t *testing.T) {
	out := &Output{Groups: []Group{{Ends: []int{1, 2}}, {}, {Ends: []int{3}}}}
	out.Counts.Records = 9
	j := job{out: out}
	if j.recount(); out.Counts.Records != 3 {
		t.Errorf("%d records, want 3", out.Counts.Records)
	}
}
