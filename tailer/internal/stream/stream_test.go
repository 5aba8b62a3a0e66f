package stream

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

var all = []rules.Rule{
	{Pattern: "sora.jsonl"}, {Pattern: "crash.log", Form: entry.Reports}, {Pattern: "ulimit.log", Form: entry.Whole}, {Pattern: "erl_crash.dump", Form: entry.Dump},
	{Pattern: "erlang.log.[1-9]", Log: "erlang", Form: entry.Clocked, Ring: true}, {Pattern: "quoted.log", Form: entry.Quoted},
	{Pattern: "errors/*.jsonl", Log: "errors", Small: true}, {Pattern: "*.log"}, {Pattern: "*.jsonl"},
}

func gz(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	z.Close()
	return b.String()
}

func zst(text string) string {
	z, _ := zstd.NewWriter(nil)
	return string(z.EncodeAll([]byte(text), nil))
}

// read reads text, and returns its entries.
func read(t *testing.T, s Stream, r io.Reader) (list []string, origin entry.Origin) {
	t.Helper()
	err := s.Read(r, func(b entry.Batch) error {
		for _, e := range b.Entries {
			list = append(list, string(e.Text))
		}
		origin = *b.Origin
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list, origin
}

// A log is cut by what its name says, whatever it is compressed with, and however it
// arrives.
func TestRead(t *testing.T) {
	for _, test := range []struct {
		name, text string
		log        string
		want       []string
	}{
		{"sora.jsonl", "one\ntwo\n", "sora", []string{"one", "two"}},
		{"sora.jsonl", "one\ntwo", "sora", []string{"one", "two"}}, // nothing more comes
		{"sora.jsonl", "", "sora", nil},
		{"logs/sora.jsonl.3", "one\n", "sora", []string{"one"}},
		{"logs/sora-20261121.jsonl.gz", gz("one\ntwo\n"), "sora", []string{"one", "two"}},
		{"sora.jsonl.zst", zst("one\ntwo\n"), "sora", []string{"one", "two"}},
		{"gateway-1.log", "one\n", "gateway", []string{"one"}},
		{"errors/abc.jsonl", "one\n", "errors", []string{"one"}},
		{"/mail/errors/abc.jsonl", "one\n", "errors", []string{"one"}},
		{"erlang.log.2", "one\n", "erlang", []string{"one"}},
		{"ulimit.log", "all\nof it\n", "ulimit", []string{"all\nof it"}},
		{"ulimit.log", "", "ulimit", nil},
		{"quoted.log", "a=\"b\nc\"\nd\n", "quoted", []string{"a=\"b\nc\"", "d"}},
		{"", "one\n", "", []string{"one"}},
		{"notes.txt", "one\n", "notes", []string{"one"}},
	} {
		for how, r := range map[string]io.Reader{
			"at once":   strings.NewReader(test.text),
			"in pieces": iotest.OneByteReader(strings.NewReader(test.text)),
		} {
			for _, buffer := range []int{0, 3} {
				if buffer > 0 && how == "at once" {
					continue
				}
				got, origin := read(t, Stream{Name: test.name, Rules: all, Buffer: buffer, Origin: "sora", Path: "x"}, r)
				if how == "at once" || buffer == 0 {
					r = iotest.OneByteReader(strings.NewReader(test.text))
				}
				if strings.Join(got, "|") != strings.Join(test.want, "|") || len(got) != len(test.want) {
					t.Errorf("%s, %s, a buffer of %d: %q, want %q", test.name, how, buffer, got, test.want)
				}
				if len(got) > 0 && (origin.Log != test.log || origin.Source != "sora" || origin.Path != "x") {
					t.Errorf("%s: origin %+v, want log %s", test.name, origin, test.log)
				}
			}
		}
	}
}

// The same file gives the same generation each time, another one another.
func TestGeneration(t *testing.T) {
	id := func(path string) [16]byte {
		_, o := read(t, Stream{Path: path}, strings.NewReader("x\n"))
		return o.Generation
	}
	a, again, other := id("/a"), id("/a"), id("/b")
	if a != again || a == other || a == [16]byte{} {
		t.Errorf("%x, %x, %x", a, again, other)
	}
}

// Offsets go on from one batch to the next, and what is longer than an entry may be is
// cut.
func TestOffsets(t *testing.T) {
	text := strings.Repeat("12345678\n", 100) + strings.Repeat("x", 250) + "\nlast\n"
	at, cut := int64(0), 0
	s := Stream{MaxEntry: 100, Buffer: 50}
	err := s.Read(strings.NewReader(text), func(b entry.Batch) error {
		for _, e := range b.Entries {
			if got := text[e.Offset : e.Offset+int64(len(e.Text))]; got != string(e.Text) {
				t.Fatalf("at %d stands %q, not %q", e.Offset, got, e.Text)
			}
			if e.Offset < at {
				t.Fatalf("%d after %d", e.Offset, at)
			}
			if len(e.Text) > 100 {
				t.Errorf("an entry of %d bytes", len(e.Text))
			}
			if at = e.Offset + int64(len(e.Text)); len(e.Text) == 100 {
				cut++
			}
		}
		return nil
	})
	if err != nil || at != int64(len(text))-1 || cut != 2 {
		t.Errorf("read up to %d of %d, %d parts, %v", at, len(text), cut, err)
	}
}

// What does not fit into a batch comes with the next one, at the end as well.
func TestManyLines(t *testing.T) {
	const n = 3 * entry.MaxEntries
	if got, _ := read(t, Stream{}, strings.NewReader(strings.Repeat("x\n", n))); len(got) != n {
		t.Errorf("%d lines of %d", len(got), n)
	}
}

// Of a crash dump the head is taken, and the rest is passed over.
func TestDump(t *testing.T) {
	text := "=erl_crash_dump:0.5\nSlogan: x\n" + strings.Repeat("=proc:<0.1.0>\n", 100_000)
	got, _ := read(t, Stream{Name: "erl_crash.dump", Rules: all}, strings.NewReader(text))
	if len(got) != 1 || len(got[0]) > entry.DumpHead || !strings.HasPrefix(text, got[0]) {
		t.Errorf("%d entries", len(got))
	}
}

// Reading ends with the first fault, and says which.
func TestFaults(t *testing.T) {
	bad := errors.New("bad")
	none := func(entry.Batch) error { return nil }
	for _, test := range []struct {
		name string
		s    Stream
		r    io.Reader
		next func(entry.Batch) error
		want error
	}{
		{"reading", Stream{}, io.MultiReader(strings.NewReader("one\n"), iotest.ErrReader(bad)), none, bad},
		{"what comes next", Stream{}, strings.NewReader("one\ntwo\n"), func(entry.Batch) error { return bad }, bad},
		{"no gzip", Stream{Name: "a.log.gz"}, strings.NewReader("one\n"), none, nil},
		{"no zstd", Stream{Name: "a.log.zst"}, strings.NewReader("one\n"), none, nil},
		{"breaks off", Stream{Name: "a.log.gz"}, strings.NewReader(gz(strings.Repeat("one two three\n", 99))[:30]), none, nil},
	} {
		err := test.s.Read(test.r, test.next)
		if err == nil && !strings.Contains(test.name, "breaks off") || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// What cannot tell the time goes on with the time that was told last, from one batch to
// the next.
func TestClockGoesOn(t *testing.T) {
	text := "===== ALIVE Sat Nov 21 12:00:00 UTC 2026\n" + strings.Repeat("a line\n", 100)
	n := 0
	s := Stream{Name: "erlang.log.1", Rules: all, Buffer: 64, Timezone: time.UTC}
	err := s.Read(strings.NewReader(text), func(b entry.Batch) error {
		for _, e := range b.Entries {
			if n++; e.Time.IsZero() || e.Time.Year() != 2026 {
				t.Errorf("entry %d is of %v", n, e.Time)
			}
		}
		return nil
	})
	if err != nil || n < 100 {
		t.Error(n, err)
	}
}
