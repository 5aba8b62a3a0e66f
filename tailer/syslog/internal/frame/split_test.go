package frame

import (
	"slices"
	"strings"
	"testing"
)

// split is all messages of a datagram.
func split(datagram string) (messages []string) {
	for rest := Trim([]byte(datagram)); len(rest) > 0; {
		var m []byte
		m, rest = NextMessage(rest)
		messages = append(messages, string(m))
	}
	return messages
}

func TestSplitDatagram(t *testing.T) {
	const (
		a = `<134>Mar  4 05:06:07 cn-1 pexip: first`
		b = `<131>Mar  4 05:06:08 cn-1 pexip: second`
		c = `<134>1 2026-03-04T05:06:07.402Z cn-1 pexip - - - first`
		d = `<131>1 2026-03-04T05:06:08.402Z cn-1 pexip - - - second`
		e = `<134>2026-03-04T05:06:07.402+00:00 cn-1 first`
		f = `<131> 2026-03-04 05:06:07 cn-1 second`
	)
	tests := map[string][]string{
		a: {a}, a + "\n": {a}, a + "\r\n\x00": {a},
		// Several messages.
		a + "\n" + b: {a, b}, a + "\r\n" + b + "\r\n" + a + "\n": {a, b, a}, a + "\x00" + b: {a, b}, a + "\n\n" + b: {a, b},
		c + "\n" + d: {c, d}, e + "\n" + f: {e, f}, "<13>one\n<14>two": {"<13>one", "<14>two"},
		a + "\nmore of it\n" + b: {a + "\nmore of it", b},
		"38 " + a + "39 " + b:    {a, b}, "38 " + a + "\n39 " + b + "\n": {a, b}, "38 " + a: {a},
		// Messages with lines in them.
		a + "\n<13>no header": {a + "\n<13>no header"}, c + "\n<13>" + b: {c + "\n<13>" + b}, c + "\n" + b: {c + "\n" + b}, a + "\n" + d: {a + "\n" + d}, e + "\n" + b: {e + "\n" + b},
		a + "\nMar  4 05:06:08 b": {a + "\nMar  4 05:06:08 b"}, "x\n" + a: {"x\n" + a}, "no header\n<13>at all": {"no header\n<13>at all"}, a + "\n<134>Mar": {a + "\n<134>Mar"},
		"<0>May 00\r\n<0>May 000": {"<0>May 00\r\n<0>May 000"}, "<0>May 00\n<0>May 000": {"<0>May 00\n<0>May 000"},
		"<13>one\n<14": {"<13>one\n<14"}, "<13>one\n <14>two": {"<13>one\n <14>two"}, "37 " + a + "39 " + b: {"37 " + a + "39 " + b}, "38 " + a + "12 x": {"38 " + a + "12 x"}, "38 " + a + "39 ": {"38 " + a + "39 "}, "12 monkeys": {"12 monkeys"},
		"": nil, "\n\n": nil,
	}
	for datagram, want := range tests {
		if got := split(datagram); !slices.Equal(got, want) {
			t.Errorf("%q: %q", datagram, got)
		}
	}
}

// FuzzSplitDatagram: no byte of a datagram is lost but terminators and counts, and
// every message but the first begins as the first one does.
func FuzzSplitDatagram(f *testing.F) {
	for _, s := range []string{"<13>a\n<14>b", "<13>Mar  4 x\n<13>Mar  5 y\n<13>z", "5 <13>a5 <14>b", "<13>1 - x\x00<13>1 2026-03-04T", "\n5 <13>a", "<13>2026-01-02 \n<13> 2026-01-02T"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := split(s)
		var pieces []piece
		for i, m := range got {
			pieces = append(pieces, piece{Text: m})
			if kind := lineKind([]byte(m)); i > 0 && kind != lineKind([]byte(got[0])) && !strings.HasPrefix(strings.TrimLeft(s, "\r\n\x00"), "1") && headerKind([]byte(s)) != noHeader {
				t.Fatalf("%q: %q", s, got)
			}
		}
		checkKept(t, s, pieces, len(s))
	})
}
