package frame

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// The framings that a sender may use by turns on one connection.
const (
	byCount  = iota // a count before it
	byLine          // a line feed behind it
	bareLine        // the same, and no priority
)

// mixedTexts are messages of each framing. None of the bare ones looks like a frame.
var mixedTexts = [3][]string{
	{`<134>2026-11-20T21:20:06.700+00:00 cn-1 2026-11-20 21:20:06,700 Level="INFO" Message="gone."`, "<38>1 2026-11-20T21:20:07Z cn-1 audit 901 - - res=success", "<13>counted", "<14>line\nfeed", "<15>it is 17", "<13>日本語", "<13> ", "<14>  set in", "<14>set off "},
	{`<131>Nov 20 21:20:02 cn-2 pexip: Level="ERROR"`, "<13>a line", "<13>x", "<13> ", "<14> set in", "<14>set off  "},
	{"no header, no pairs, nothing", "404 not found", "Traceback (most recent call last):", "bare line", "会議 が終わった", "at 12 < 13", " ", "  set in", "set off  ", "\t"},
}

// mixed frames what kinds and texts say.
func mixed(kinds []int, which int) (sent string, messages []string, turns int) {
	for i, k := range kinds {
		text := mixedTexts[k][(which+i*which/3+i)%len(mixedTexts[k])]
		messages = append(messages, text)
		if k == byCount {
			sent += fmt.Sprintf("%d %s", len(text), text)
			continue
		}
		sent += text + "\n"
		if i > 0 && kinds[i-1] == byCount {
			turns++
		}
	}
	return sent, messages, turns
}

// orders calls f with every row of n framings.
func orders(n int, f func(kinds []int)) {
	for code := range pow(3, n) {
		kinds := make([]int, n)
		for i := range kinds {
			kinds[i], code = code%3, code/3
		}
		f(kinds)
	}
}

func pow(b, n int) int {
	if n == 0 {
		return 1
	}
	return b * pow(b, n-1)
}

// Counted frames, lines and lines without a priority on one connection come out as
// they were, in whatever order they are, and however their bytes are chunked.
func TestMixedFramings(t *testing.T) {
	fails := 0
	for n := 1; n <= 4; n++ {
		orders(n, func(kinds []int) {
			for which := range 18 {
				sent, messages, turns := mixed(kinds, which)
				check := func(how string, chunks []string) {
					got, f := frames(chunks, 4096)
					if !slices.Equal(texts(got), messages) || f.BadCounts != turns {
						if fails++; fails < 10 {
							t.Errorf("%s: %q\nbecame %q\n%d bad counts, want %d", how, sent, texts(got), f.BadCounts, turns)
						}
					}
				}
				check("whole", []string{sent})
				check("by bytes", chop(sent, 1))
				check("by threes", chop(sent, 3))
				if n > 3 {
					continue
				}
				for at := 1; at < len(sent); at++ {
					check(fmt.Sprintf("split at %d", at), []string{sent[:at], sent[at:]})
				}
			}
		})
	}
	if fails > 0 {
		t.Errorf("%d in all", fails)
	}
}

// What a count that is too small leaves over of a message with a line feed behind it
// stays with it, where that can be told from a line of its own.
func TestTornOrLine(t *testing.T) {
	const next = "\n8 <14>next"
	tests := []struct {
		name, in string
		want     []string
	}{
		{"within a word", "8 <14>mess" + "age" + next, []string{"<14>message", "<14>next"}},
		{"within quotes", `20 <14>1 said "so much` + ` and more" of it` + next, []string{`<14>1 said "so much and more" of it`, "<14>next"}},
		{"within a character", "12 <14>a 会\xe8" + "\xad\xb0 b" + next, []string{"<14>a 会議 b", "<14>next"}},
		{"characters", "15 <14>a 会議 und so" + next, []string{"<14>a 会議 und so", "<14>next"}},
		{"units of UTF-16", "15 <14>a 😀😀 und so" + next, []string{"<14>a 😀😀 und so", "<14>next"}},
		{"before a blank", "9 <14>first" + " and more" + next, []string{"<14>first and more", "<14>next"}},
		{"nothing but a priority", "4 <14>" + "first of all" + next, []string{"<14>first of all", "<14>next"}},
		{"lines, and then no frame", "8 <14>thir" + "d\nwith lines8 <14>next", []string{"<14>third\nwith lines", "<14>next"}},
		{"and silence", "8 <14>mess" + "age\n", []string{"<14>message"}},
		{"a line", "9 <14>first" + "and a line" + next, []string{"<14>first", "and a line", "<14>next"}},
		{"several lines", "9 <14>first" + "a line\nand a second one" + next, []string{"<14>first", "a line", "and a second one", "<14>next"}},
		{"a line, and the next one too", "9 <14>first" + "a line\n<14>next\n", []string{"<14>first", "a line", "<14>next"}},
		{"a line of a trace", "9 <14>first" + "\tat com.example" + next, []string{"<14>first", "\tat com.example", "<14>next"}},
		{"a line of a tab", "9 <14>first" + "\t" + next, []string{"<14>first", "\t", "<14>next"}},
		{"a line of a blank", "9 <14>first" + " " + next, []string{"<14>first", " ", "<14>next"}},
		{"a word behind a tab", "9 <14>first" + "\tCaused" + next, []string{"<14>first", "\tCaused", "<14>next"}},
		{"two columns", "9 <14>first" + "a\tb" + next, []string{"<14>first", "a\tb", "<14>next"}},
		{"a word, after counts that were right", "5 <14>a9 <14>first" + "word" + next, []string{"<14>a", "<14>first", "word", "<14>next"}},
		{"a word, behind quotes", `11 <14>"first"` + "word" + next, []string{`<14>"first"`, "word", "<14>next"}},
		{"a line that silence ends", "9 <14>first" + "and a line\n", []string{"<14>first", "and a line"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, f := frames([]string{tt.in}, 4096)
			if !slices.Equal(texts(got), tt.want) || f.BadCounts != 1 {
				t.Errorf("%q, %d bad counts", texts(got), f.BadCounts)
			}
		})
	}
}

// FuzzMixedFramings is TestMixedFramings for any row of framings, in any chunks.
func FuzzMixedFramings(f *testing.F) {
	for i := range uint8(9) {
		f.Add([]byte{i, i * 5, i * 7, i * 11}, uint64(i))
	}
	f.Fuzz(func(t *testing.T, row []byte, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		var kinds []int
		for _, b := range row[:min(len(row), 12)] {
			kinds = append(kinds, int(b)%3)
		}
		sent, messages, turns := mixed(kinds, rnd.IntN(100))
		got, fr := frames(cutUp(rnd, sent), 4096)
		if !slices.Equal(texts(got), messages) || fr.BadCounts != turns {
			t.Fatalf("%q\nbecame %q\n%d bad counts, want %d", sent, texts(got), fr.BadCounts, turns)
		}
	})
}
