package frame

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"unicode/utf16"
)

// pexips makes lines of Pexip's, in every framing's form of header.
func pexips(rnd *rand.Rand, n int) (messages []string) {
	names := []string{"会議", "Zoë", "plain", "Ärger 12", "x😀y", "room 7"}
	for i := range n {
		name := names[rnd.IntN(len(names))]
		messages = append(messages, fmt.Sprintf("<%d>", 8+rnd.IntN(180))+[...]string{
			fmt.Sprintf("2026-05-06T08:08:%02d.402+00:00 cn-1 2026-05-06 08:08:08,337 Level=\"INFO\" Conference=\"%s %d\"", i%60, name, i),
			fmt.Sprintf("1 2026-05-06T08:08:%02dZ cn-1 pexip 7 - - \ufeffLevel=\"INFO\" Count=\"%d\" Conference=\"%s\"", i%60, i, name),
			fmt.Sprintf("Mar  4 05:06:%02d cn-1 pexip: 2026-05-06 08:08:08,337 Detail=\"INVITE %s %d\"", i%60, name, i),
			fmt.Sprintf("Mar  4 05:06:%02d cn-1 app: about %s, number %d, and no more", i%60, name, i),
		}[rnd.IntN(4)])
	}
	return messages
}

// Senders of many kinds, all at once and in pieces: their messages come out as they
// were, whether their counts are right or not.
func TestSenders(t *testing.T) {
	units := func(m string) int { return len(utf16.Encode([]rune(m))) }
	for _, sender := range []struct {
		name  string
		right bool
		frame func(i int, m string) string
	}{
		{"counts", true, func(_ int, m string) string { return fmt.Sprintf("%d %s", len(m), m) }},
		{"lines", true, func(_ int, m string) string { return m + "\n" }},
		{"CR LF", true, func(_ int, m string) string { return m + "\r\n" }},
		{"zeros", true, func(_ int, m string) string { return m + "\x00" }},
		{"counts, LF not counted", true, func(_ int, m string) string { return fmt.Sprintf("%d %s\n", len(m), m) }},
		{"counts, LF counted", true, func(_ int, m string) string { return fmt.Sprintf("%d %s\n", len(m)+1, m) }},
		{"counts, CR LF not counted", true, func(_ int, m string) string { return fmt.Sprintf("%d %s\r\n", len(m), m) }},
		{"counts, half of CR LF counted", true, func(_ int, m string) string { return fmt.Sprintf("%d %s\r\n", len(m)+1, m) }},
		{"counts, padded with zeros", true, func(_ int, m string) string { return fmt.Sprintf("%d %s\x00\x00\x00\x00\x00", len(m), m) }},
		{"counts, zeros counted", true, func(_ int, m string) string { return fmt.Sprintf("%d %s\x00\x00\x00\x00\x00", len(m)+5, m) }},
		{"counts and lines by turns", true, func(i int, m string) string {
			if i/3%2 == 0 {
				return fmt.Sprintf("%d %s", len(m), m)
			}
			return m + "\n"
		}},
		{"characters", false, func(_ int, m string) string { return fmt.Sprintf("%d %s", len([]rune(m)), m) }},
		{"units of UTF-16", false, func(_ int, m string) string { return fmt.Sprintf("%d %s", units(m), m) }},
		{"characters, LF not counted", false, func(_ int, m string) string { return fmt.Sprintf("%d %s\n", len([]rune(m)), m) }},
		{"characters, LF counted", false, func(_ int, m string) string { return fmt.Sprintf("%d %s\n", len([]rune(m))+1, m) }},
		{"one too many", false, func(_ int, m string) string { return fmt.Sprintf("%d %s", len(m)+1, m) }},
		{"one too few", false, func(_ int, m string) string { return fmt.Sprintf("%d %s", len(m)-1, m) }},
		{"two too few", false, func(_ int, m string) string { return fmt.Sprintf("%d %s", len(m)-2, m) }},
		{"the count's own length too", false, func(_ int, m string) string { return fmt.Sprintf("%d %s", len(m)+len(fmt.Sprint(len(m)))+1, m) }},
		{"one that is wrong", false, func(i int, m string) string { return fmt.Sprintf("%d %s", len(m)+i%7/6*11, m) }},
		{"one that is tiny", false, func(i int, m string) string { return fmt.Sprintf("%d %s", len(m)-i%7/6*(len(m)-1), m) }},
	} {
		t.Run(sender.name, func(t *testing.T) {
			for seed := range uint64(100) {
				rnd := rand.New(rand.NewPCG(seed, 7))
				messages, sent := pexips(rnd, 12), ""
				for i, m := range messages {
					sent += sender.frame(i, m)
				}
				chunks := []string{sent}
				if seed%2 == 1 && sender.right {
					chunks = cutUp(rnd, sent)
				}
				if got, _ := frames(chunks, 4096); !slices.Equal(texts(got), messages) {
					t.Fatalf("seed %d: sent\n%q\n%q", seed, sent, texts(got))
				}
			}
		})
	}
}

// Pexip's own lines have no priority, but begin with a date. Their counts may be wrong,
// too.
func TestCountsOfLinesWithDates(t *testing.T) {
	same := func(off int) func(int, string) int { return func(int, string) int { return off } }
	for name, off := range map[string]func(i int, m string) int{
		"right":             same(0),
		"characters":        func(_ int, m string) int { return len([]rune(m)) - len(m) },
		"one too many":      same(1),
		"two too few":       same(-2),
		"one that is wrong": func(i int, _ string) int { return i % 7 / 6 * 11 },
		"one that is tiny":  func(i int, m string) int { return i % 7 / 6 * (30 - len(m)) },
		"one that is large": func(i int, _ string) int { return i % 7 / 6 * 3000 },
		"the first":         func(i int, _ string) int { return max(0, 1-i) * -9 },
		"the last":          func(i int, _ string) int { return i / 11 * -9 },
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(100) {
				rnd := rand.New(rand.NewPCG(seed, 8))
				var messages []string
				var offs []int
				for i := range 12 {
					m := fmt.Sprintf("2026-05-06T08:08:%02d.402+00:00 cn-1 2026-05-06 08:08:08,337 Level=\"INFO\" Conference=\"%s %d\"", i, []string{"会議", "Zoë", "1 2026-05-06 ", "x😀y"}[rnd.IntN(4)], i)
					messages, offs = append(messages, m), append(offs, off(i, m))
				}
				sent := counts(messages, offs...)
				chunks := []string{sent}
				if name == "right" {
					chunks = cutUp(rnd, sent)
				}
				if got, _ := frames(chunks, 4096); !slices.Equal(texts(got), messages) {
					t.Fatalf("seed %d: sent\n%q\n%q", seed, sent, texts(got))
				}
			}
		})
	}
}
