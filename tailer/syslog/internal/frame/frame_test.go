package frame

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// piece is a frame in a form that can be compared.
type piece struct {
	Text      string
	Cut, Half bool
}

// frames feeds chunks to a framer as a connection does: it offers what has
// come until the framer wants more.
func frames(chunks []string, limit int) (out []piece, f Framer) {
	return framesWith(chunks, limit, 0)
}

// framesWith is frames with a silence behind each quiet-th chunk, if that is not 0.
func framesWith(chunks []string, limit, quiet int) (out []piece, f Framer) {
	data := ""
	for i, chunk := range append(chunks, "") {
		data += chunk
		asked := Open
		for {
			e := asked
			if i == len(chunks) {
				e = Ended
			}
			fr, n := f.Next([]byte(data), limit, e)
			if n == 0 && e == Open && quiet > 0 && i%quiet == 0 && f.Pending([]byte(data)) {
				asked = Silent
				continue
			}
			if n == 0 {
				break
			}
			data = data[n:]
			if len(fr.Text) > 0 {
				out = append(out, piece{string(fr.Text), fr.Cut, fr.Half})
			}
		}
	}
	if data != "" {
		out = append(out, piece{Text: "LOST: " + data})
	}
	return out, f
}

func TestFramer(t *testing.T) {
	whole := func(texts ...string) (out []piece) {
		for _, text := range texts {
			out = append(out, piece{Text: text})
		}
		return out
	}
	tests := []struct {
		name, in string
		want     []piece
		bad      int // bad counts
	}{
		{"nothing", "", nil, 0},
		{"lines", "<14>a\n<14>b\n", whole("<14>a", "<14>b"), 0},
		{"CR LF", "<14>a\r\n<14>b\r\n", whole("<14>a", "<14>b"), 0},
		{"NUL", "<14>a\x00<14>b\x00", whole("<14>a", "<14>b"), 0},
		{"LF and NUL", "<14>a\n\x00<14>b\n\x00", whole("<14>a", "<14>b"), 0},
		{"empty lines", "\n\r\n\n<14>a\n\n", whole("<14>a"), 0},
		{"blanks are text", "  \n", whole("  "), 0},
		{"counts", "5 <14>a5 <14>b", whole("<14>a", "<14>b"), 0},
		{"counted line feeds", "8 <14>a\nbc6 <14>b\n", whole("<14>a\nbc", "<14>b"), 0},
		{"line feed after a counted frame", "5 <14>a\n5 <14>b\r\n", whole("<14>a", "<14>b"), 0},
		{"both, frame by frame", "<14>a\n5 <14>b<14>c\n5 <14>d", whole("<14>a", "<14>b", "<14>c", "<14>d"), 1},
		{"counts without priority", "3 abc4 defg", whole("abc", "defg"), 0},
		{"a number in a line", "404 not found\nnext\n", whole("404 not found", "next"), 0},
		{"a number in a later line", "first\n12 angry men and more\n", whole("first", "12 angry men and more"), 0},
		{"a year", "2015-11-24T15:51:11 host text\n", whole("2015-11-24T15:51:11 host text"), 0},
		{"counts without priority, after a line", "first\n14 2026-05-06 A\"\n14 2026-05-06T0\"\nlast\n", whole("first", `2026-05-06 A"`, `2026-05-06T0"`, "last"), 1},
		{"a count without priority between others", "<14>a\n14 2026-05-06 abc12 2026-05-06 b5 <14>c", whole("<14>a", "2026-05-06 abc", "2026-05-06 b", "<14>c"), 0},
		{"a count without priority at the end", "<14>a\n14 2026-05-06 abc", whole("<14>a", "2026-05-06 abc"), 0},
		{"a count without priority, and digits", "<14>a\n14 2026-05-06 abc12", []piece{{Text: "<14>a"}, {Text: "14 2026-05-06 abc12", Half: true}}, 0},
		{"a number and half a date after a counted frame", "5 <14>a14 2026-05-06\nab\n", whole("<14>a", "14 2026-05-06", "ab"), 1},
		{"a number, a date and a line feed at first", "15 2026-05-06 a\nbc\n", whole("15 2026-05-06 a", "bc"), 0},
		{"line feeds in a dated message", "5 <14>a15 2026-05-06 a\nbc5 <14>d", whole("<14>a", "2026-05-06 a\nbc", "<14>d"), 0},
		{"a line with a number and a date", "first\n12 2026-05-06 abc\n", whole("first", "12 2026-05-06 abc"), 0},
		{"a line with a number and a date, alone", "12 2026-05-06 abc\n", whole("12 2026-05-06 abc"), 1},
		{"a count and a line in one", "7 abcdef\nxyz\n", whole("abcdef", "xyz"), 1},
		{"only digits", "123456\n", whole("123456"), 0},
		{"leading zero", "05 <14>a\n", whole("05 <14>a"), 0},
		{"zero", "0 <14>a\n", whole("0 <14>a"), 0},
		{"no blank", "5<14>a\n", whole("5<14>a"), 0},
		{"huge count", "99999999999999999999 <14>a\nb\n", whole("99999999999999999999 <14>a", "b"), 0},
		{"count over the bound", "67108865 <14>a\nb\n", whole("67108865 <14>a", "b"), 0},
		{"wrong count", "5 <14>a6 <14>bc7 x\n<14>d\n", whole("<14>a", "<14>bc", "7 x", "<14>d"), 1},
		{"count too small", "3 <14>ab\n5 <14>c", whole("<14>ab", "<14>c"), 1},
		{"half a line", "<14>a\n<14>b", []piece{{Text: "<14>a"}, {Text: "<14>b", Half: true}}, 0},
		{"half a counted frame", "9 <14>a", []piece{{Text: "<14>a", Cut: true, Half: true}}, 0},
		{"half a counted frame, and a line feed", "9 <14>a\n", []piece{{Text: "<14>a", Cut: true, Half: true}}, 0},
		{"NUL within a count", "7 <14>a\n\x005 <14>b", whole("<14>a", "<14>b"), 0},
		{"half a count", "12", []piece{{Text: "12", Half: true}}, 0},
		{"a count and nothing", "12 ", []piece{{Text: "12 ", Half: true}}, 0},
		{"as long as may be", "0123456789abcdef\n", whole("0123456789abcdef"), 0},
		{"as long as may be, CR LF", "0123456789abcdef\r\n", whole("0123456789abcdef"), 0},
		{"one longer", "0123456789abcdefg\nx\n", []piece{{Text: "0123456789abcdef", Cut: true}, {Text: "g", Cut: true}, {Text: "x"}}, 0},
		{"twice as long", "0123456789abcdef0123456789abcdef\nx\n", []piece{{Text: "0123456789abcdef", Cut: true}, {Text: "0123456789abcdef", Cut: true}, {Text: "x"}}, 0},
		{"long and half", "0123456789abcdefg", []piece{{Text: "0123456789abcdef", Cut: true}, {Text: "g", Cut: true, Half: true}}, 0},
		{"digits where a long line goes on", "0123456789abcdef5 <14>a\nx\n", []piece{{Text: "0123456789abcdef", Cut: true}, {Text: "5 <14>a", Cut: true}, {Text: "x"}}, 0},
		{"long counted frame", "20 <14>0123456789ab0123x\n", []piece{{Text: "<14>0123456789ab", Cut: true}, {Text: "0123", Cut: true}, {Text: "x"}}, 1},
		{"long counted frame, half", "40 <14>0123456789ab0123", []piece{{Text: "<14>0123456789ab", Cut: true}, {Text: "0123", Cut: true, Half: true}}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, size := range []int{len(tt.in) + 1, 1, 2, 3, 7} {
				limit := 64
				if strings.Contains(tt.in, "0123") {
					limit = 16
				}
				got, f := frames(chop(tt.in, size), limit)
				if d := cmp.Diff(tt.want, got); d != "" {
					t.Errorf("in chunks of %d:\n%s", size, d)
				}
				if f.BadCounts != tt.bad {
					t.Errorf("in chunks of %d: %d bad counts, want %d", size, f.BadCounts, tt.bad)
				}
			}
		})
	}
}

// chop cuts s into chunks of n bytes.
func chop(s string, n int) (out []string) {
	for len(s) > n {
		out = append(out, s[:n])
		s = s[n:]
	}
	return append(out, s)
}

// FuzzFramer holds whatever a peer may send to what is promised: no byte is lost
// but terminators and counts, none is moved, and no piece is longer than the
// limit.
func FuzzFramer(f *testing.F) {
	for _, s := range []string{
		"<14>a\n<14>b\r\n\x00", "5 <14>a5 <14>b\n", "3 abc404 not found\n", "20 <14>456789abcdef0123x\n12 ",
		"0123456789abcdefg\n5 <1", "1 \n2 \n\n17 0123456789abcdefg", "16 0123456789abcde\n",
		"a\n14 2026-05-06 abc12 2026-05-06 b5 <14>c", "a\n14 2026-05-06 A\"\n", "5 <14>a15 2026-05-06 a\nbc5 <14>d", "a\n11 2026-05-06 99",
		"5 <14>abc6 <14>bc", "9 <14>a5 <14>b5 <14>c", "7 <14>a15 <14>c5 <14>d\nx\ny", "6 <14>a\n<15>b\n", "3 <14>ab\n5 <14>c", "20 <14>a5 <14>b",
	} {
		f.Add(s, uint8(3), uint8(0))
	}
	f.Fuzz(func(t *testing.T, s string, chunk, quiet uint8) {
		const limit = 64
		got, _ := framesWith(chop(s, int(chunk%40)+1), limit, int(quiet%8))
		checkKept(t, s, got, limit)
	})
}

// checkKept fails if the pieces are not what was sent, without terminators and
// counts.
func checkKept(t *testing.T, sent string, got []piece, limit int) {
	t.Helper()
	for _, p := range got {
		if len(p.Text) > limit {
			t.Fatalf("%q: %q is too long", sent, p.Text)
		}
	}
	if left := kept(sent, texts(got)); left != "" {
		t.Fatalf("%q: %q is lost or moved\n%q", sent, left, texts(got))
	}
}

// gap is what may stand between two messages: terminators, and counts, of which those of
// empty messages stand alone.
var gap = regexp.MustCompile(`^[\r\n\x00]*([0-9]{0,8} [\r\n\x00]*)*$`)

// kept is "" if the pieces stand in sent one after another, with nothing but
// terminators and counts between; else what is left of it.
func kept(sent string, pieces []string) (left string) {
	if len(pieces) == 0 {
		if !gap.MatchString(sent) {
			return sent
		}
		return ""
	}
	left = sent
	for from := 0; ; {
		i := strings.Index(sent[from:], pieces[0])
		if i += from; i < from || i > 64 && len(strings.Trim(sent[:i], "\r\n\x00 0123456789")) > 0 {
			return left
		}
		if gap.MatchString(sent[:i]) {
			rest := kept(sent[i+len(pieces[0]):], pieces[1:])
			if rest == "" {
				return ""
			}
			left = rest
		}
		from = i + 1
	}
}

func BenchmarkFramer(b *testing.B) {
	text := "<14>" + strings.Repeat("x", 396)
	for _, framing := range []string{"lines", "counts"} {
		b.Run(framing, func(b *testing.B) {
			one := text + "\n"
			if framing == "counts" {
				one = fmt.Sprintf("%d %s", len(text), text)
			}
			data := []byte(strings.Repeat(one, 160))
			var f Framer
			b.ReportAllocs()
			b.SetBytes(int64(len(one)))
			for b.Loop() {
				rest := data
				for len(rest) > 0 {
					_, n := f.Next(rest, 1<<20, Open)
					rest = rest[n:]
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/160, "ns/msg")
		})
	}
}
