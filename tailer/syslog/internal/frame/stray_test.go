package frame

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func texts(pieces []piece) (out []string) {
	for _, p := range pieces {
		out = append(out, p.Text)
	}
	return out
}

// counts frames messages with counts that are off by so many bytes each.
func counts(messages []string, off ...int) string {
	var b strings.Builder
	for i, m := range messages {
		n := len(m)
		if i < len(off) {
			n += off[i]
		}
		fmt.Fprintf(&b, "%d %s", n, m)
	}
	return b.String()
}

// Counts that are wrong, in streams that come all at once: every message comes out
// as it was.
func TestLyingCounts(t *testing.T) {
	a, b, c := "<134>1 first message \"x\"", "<13>second, 日本語 it is", "<14>third\nwith lines"
	many := func(n int) (list []string) {
		for i := range n {
			list = append(list, fmt.Sprintf("<134>Mar  4 05:06:%02d cn-1 pexip: Conference=\"会議 %d\"", i%60, i))
		}
		return list
	}
	characters := func(messages []string) (off []int) {
		for _, m := range messages {
			off = append(off, len([]rune(m))-len(m))
		}
		return off
	}
	tests := []struct {
		name     string
		messages []string
		off      []int
		bad      int
	}{
		{"right", []string{a, b, c}, nil, 0},
		{"too small", []string{a, b, c}, []int{-3}, 1},
		{"too small in the middle", []string{a, b, c}, []int{0, -7}, 1},
		{"too small at the end", []string{a, b, c}, []int{0, 0, -2}, 1},
		{"too large", []string{a, b, c}, []int{3}, 1},
		{"too large by a header", []string{a, b, c}, []int{9}, 1},
		{"too large by a message", []string{a, b, c, a}, []int{len(b) + 7}, 1},
		{"too large at the end", []string{a, b, c}, []int{0, 0, 5}, 0},
		{"much too large", []string{a, b, c}, []int{500}, 1},
		{"all too small", []string{a, b, c}, []int{-1, -2, -3}, 3},
		{"all too large", []string{a, b, c}, []int{1, 2, 3}, 2},
		{"up and down", []string{a, b, c, a, b, c}, []int{5, -5, 5, -5, 5, -5}, 6},
		{"shorter than the priority", []string{a, b}, []int{3 - len(a)}, 1},
		{"characters, thirty", many(30), characters(many(30)), 30},
		{"one of thirty", many(30), []int{0, 0, -4}, 1},
		{"one of thirty, too large", many(30), []int{0, 0, 40}, 1},
		{"priorities within lines", []string{"<13>see <14> and 5 < 7", "<13>x 12 <b> y", b}, []int{-2, 3}, 2},
		{"line feeds", []string{c, c, c}, []int{-2, 4, -1}, 3},
		{"ends with a line feed", []string{"<13>x\n", "<13>y\n", "<13>z\n"}, []int{-1, -2, -1}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, f := frames([]string{counts(tt.messages, tt.off...)}, 4096)
			var want []string
			for _, m := range tt.messages {
				want = append(want, strings.TrimRight(m, "\n"))
			}
			if d := cmp.Diff(want, texts(got)); d != "" {
				t.Error(d)
			}
			if tt.name != "ends with a line feed" && f.BadCounts != tt.bad {
				t.Errorf("%d bad counts, want %d", f.BadCounts, tt.bad)
			}
		})
	}
}

// Digits at the end of a message stay with it or come out on their own.
func TestLyingCountsBehindDigits(t *testing.T) {
	messages := []string{"<13>it is 17", "<13>and 4", "<13>so 12345", "<13>thus 2020", "<13>0"}
	for _, off := range [][]int{{-1, 2, -2}, {-2, -1, -3}, {-2}, {0, -1}, {0, 0, -5}, {0, 0, -1, -4}, {-6, -1, -6, -5}} {
		sent := counts(messages, off...)
		got, _ := frames([]string{sent}, 4096)
		checkSeparate(t, messages, sent, got)
	}
}

// However the bytes of a lying sender are chunked, no
// byte is lost and no two messages are mixed.
func TestLyingCountsInChunks(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	for range 20_000 {
		messages, off := liar(rnd)
		sent := counts(messages, off...)
		got, _ := frames(cutUp(rnd, sent), 4096)
		checkSeparate(t, messages, sent, got)
	}
}

// liar makes messages whose content can be told from frames, and wrong counts.
func liar(rnd *rand.Rand) (messages []string, off []int) {
	const letters = "abc \"=日.[]:"
	for range 1 + rnd.IntN(6) {
		m := fmt.Sprintf("<%d>", rnd.IntN(192))
		for range rnd.IntN(40) {
			r := []rune(letters)
			m += string(r[rnd.IntN(len(r))])
		}
		messages = append(messages, m+"z")
		off = append(off, rnd.IntN(3)*(rnd.IntN(len(m))-len(m)/2)/2)
	}
	// A count that is wrong so that it ends where another message does cannot be told
	// from a right one.
	for i := len(off) - 1; i >= 0; i-- {
		rest := counts(messages[i:], off[i:]...)
		rest = rest[strings.Index(rest, "<"):]
		if n := len(messages[i]) + off[i]; off[i] > 0 && (n >= len(rest) || follows([]byte(rest[n:]), Ended) == isCount) {
			off[i] = 0
		}
	}
	return messages, off
}

// cutUp cuts s into chunks of any length.
func cutUp(rnd *rand.Rand, s string) (chunks []string) {
	for len(s) > 0 {
		n := 1 + rnd.IntN(min(len(s), 1+rnd.IntN(60)))
		chunks, s = append(chunks, s[:n]), s[n:]
	}
	return chunks
}

var headerPart = regexp.MustCompile(`^[0-9]{0,8} ?(<[0-9]{0,3})?$`)

// checkSeparate fails if what came out is not the messages, each in one piece or in
// several.
func checkSeparate(t *testing.T, messages []string, sent string, got []piece) {
	t.Helper()
	i, left := 0, messages[0]
	for _, p := range got {
		if left == "" {
			if i++; i == len(messages) {
				t.Fatalf("%q: %q is too much\n%q", sent, p.Text, texts(got))
			}
			left = messages[i]
		}
		text := p.Text
		if n := len(left); strings.HasPrefix(text, left) && headerPart.MatchString(text[n:]) {
			text = left // digits of a count that was wrong by a few bytes
		}
		rest, ok := strings.CutPrefix(left, text)
		if !ok {
			t.Fatalf("%q: %q is not what is left of %q\n%q", sent, p.Text, messages[i], texts(got))
		}
		left = rest
	}
	if left != "" || i != len(messages)-1 {
		t.Fatalf("%q: %q is lost\n%q", sent, left, texts(got))
	}
}

// FuzzLiar is TestLyingCountsInChunks for any seed.
func FuzzLiar(f *testing.F) {
	for i := range uint64(10) {
		f.Add(i, i*i)
	}
	f.Fuzz(func(t *testing.T, a, b uint64) {
		rnd := rand.New(rand.NewPCG(a, b))
		messages, off := liar(rnd)
		sent := counts(messages, off...)
		got, _ := frames(cutUp(rnd, sent), 4096)
		checkSeparate(t, messages, sent, got)
	})
}

// FuzzHonest: a sender whose counts are right may put anything into its messages,
// and its bytes may come in any chunks.
func FuzzHonest(f *testing.F) {
	for _, content := range []string{
		"", "a", "line\nfeed", "\n<13>x", "5 <13>a", "\n5 <13>a\n<14>b", "12", "<13>", "\x00<1", "2026-05-06T07:08:09 x", "1 <13>2 <14>3 <15>", "\n\n\n",
		"a\xfe5 <13>b\xfe\n<13>c", "12\xfe34\xfe56 ", "<13>\xfe\xfe<1", "9 <13>a5 <13>b\xfe",
	} {
		f.Add(content, uint64(1))
	}
	f.Fuzz(func(t *testing.T, content string, seed uint64) {
		if len(content) > 4000 {
			return
		}
		var messages, want []string
		for part := range strings.SplitSeq(content, "\xfe") {
			messages = append(messages, "<13>"+part)
			want = append(want, strings.TrimRight("<13>"+part, "\r\n\x00"))
		}
		got, fr := frames(cutUp(rand.New(rand.NewPCG(seed, 1)), counts(messages)), 4096)
		if !slices.Equal(texts(got), want) || fr.BadCounts != 0 || fr.Unfinished() {
			t.Fatalf("%q became %q; %d bad counts", messages, texts(got), fr.BadCounts)
		}
	})
}

// Whatever comes before the end of a connection, the framer uses all of it: behind a
// count that is larger than any message, and behind a message without an end of which
// the last piece was given away just before the next one begins.
func TestNothingIsLeftAtTheEnd(t *testing.T) {
	const limit = 32
	for _, before := range []string{"", "1 0", "5 <14>a", "a\n", "9 <14>a5 <14>b", "3 <14>abc"} {
		for _, last := range []string{"70000000 <0>", "70000000 <13>text", "99999999 <13>text\nmore\n", "999999999 <13>text", "7 <13>text", "07 <13>text", "5 <14>b"} {
			for n := range 3*limit + 1 {
				sent := before + strings.Repeat("x", n) + last
				for _, chunk := range []int{1, 7, len(sent)} {
					got, _ := framesWith(chop(sent, chunk), limit, 0)
					for _, p := range got {
						if strings.HasPrefix(p.Text, "LOST: ") {
							t.Fatalf("%q in pieces of %d: %q", sent, chunk, texts(got))
						}
					}
				}
			}
		}
	}
}
