package tailer

import (
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rtcship/rtcship/tailer/entry"
)

const quotedHead = `2026-03-04T05:06:07.402+00:00 node1 2026-03-04 05:06:07,337 `

// What is cut from a file whose values may hold line breaks.
func TestQuoted(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		var got []string
		s := Stream{Name: "support.log", Rules: QuotedRules([]string{"*"})}
		err := s.Read(iotest.HalfReader(strings.NewReader(text)), func(b entry.Batch) error {
			for _, e := range b.Entries {
				got = append(got, string(e.Text))
				if !strings.HasPrefix(text[e.Offset:], string(e.Text)) {
					t.Errorf("%q is not at %d", e.Text, e.Offset)
				}
			}
			return nil
		})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q (-want +got):\n%s%v", text, diff, err)
		}
	}
	const a, b = quotedHead + `Message="a" Detail="Stream 0`, quotedHead + `Message="b"`
	f("")
	f("one\ntwo\r\n\nthree", "one", "two", "three")
	f(b+"\n"+b+"\n", b, b)
	f(a+"\n  RX: rate\n    codec x\"\n"+b+"\n", a+"\n  RX: rate\n    codec x\"", b)
	f(a+"\r\n  RX: rate\"\r\n"+b, a+"\r\n  RX: rate\"", b)
	f(a+"\n\nRX\" K=\"v\"\nplain\n", a+"\n\nRX\" K=\"v\"", "plain")
	f(a+"\nFrom: \"Bob\" <sip:b>\nAuthorization: Digest a=\"b\", c=\"d\"\nVia: x\"\n"+b+"\n",
		a+"\nFrom: \"Bob\" <sip:b>\nAuthorization: Digest a=\"b\", c=\"d\"\nVia: x\"", b)
	f(a+"\nsaid \\\"hi\n there\"\n"+b+"\n", a+"\nsaid \\\"hi\n there\"", b)
	// A quote that nobody closes ends with the next line of its own.
	f(quotedHead+`Call-id=7@h"`+"\n"+b+"\n", quotedHead+`Call-id=7@h"`, b)
	for _, head := range []string{"<13>Mar  4 05:06:07 h x", "Mar  4 05:06:07 h x", "Mar 4 05:06:07 h x", "Mar 14 05:06:07 h", "2026-03-04 05:06:07 x", `Name="x"`, `Level="x"`, `Message="x"`, "<1>", "<134>"} {
		f(a+"\n"+head+"\n", a, head)
	}
	f(a+"\nmore\n", a+"\nmore")
	f(a+"\nmore", a+"\nmore")
	f(a+"\n", a)
	f("say \"x\nmore\n", "say \"x", "more")
	long := strings.Repeat("more\n", entry.MaxQuoted/5+1)
	f(a+"\n"+long, append([]string{a}, strings.Split(strings.TrimSuffix(long, "\n"), "\n")...)...)
}

// Where entries end must not depend on how much of the file was there when it
// was read, or a record would have another uid when it is sent again.
func TestQuotedIsCutTheSame(t *testing.T) {
	text := quotedHead + "Message=\"a\" Detail=\"x\n  y\nz\" K=\"v\"\nplain\n" + quotedHead + "Call-id=7@h\"\n" + quotedHead + "Message=\"b\"\nName=\"c\" D=\"\n\"\n" + quotedHead + "M=\"x\"\n"
	cutAll := func(at int) (ends []string) {
		var c entry.Cutter
		for _, end := range []int{at, len(text)} {
			next := entry.Cutter{Base: c.Base + int64(c.Taken), MaxEntry: 1000}
			next.Quoted([]byte(text[next.Base:end]), false)
			for _, e := range next.Entries {
				ends = append(ends, fmt.Sprintf("%d %s", e.Offset, e.Text))
			}
			c = next
		}
		return ends
	}
	want := cutAll(len(text))
	if len(want) != 6 {
		t.Fatalf("%q", want)
	}
	for at := range len(text) {
		if diff := cmp.Diff(want, cutAll(at)); diff != "" {
			t.Fatalf("cut at %d: %s", at, diff)
		}
	}
}

// In a file that grows, an entry whose quotes are open waits for its end, and
// is taken as it stands once the file has been quiet.
func TestQuotedIsFollowed(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.Sources = []Source{{Name: "pexip", Origin: "pexip", Rules: QuotedRules([]string{w.path("support.log")})}}
		w.start()
		w.write("support.log", quotedHead+"Detail=\"x\n")
		w.pass(500 * time.Millisecond)
		if got := w.sink.texts(); len(got) != 0 {
			t.Errorf("taken too early: %q", got)
		}
		w.write("support.log", "y\"\n"+quotedHead+"Detail=\"open\n")
		w.pass(5 * time.Second)
		want := []string{quotedHead + "Detail=\"x\ny\"", quotedHead + "Detail=\"open"}
		if diff := cmp.Diff(want, w.sink.texts()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
