package sora

import (
	"strings"
	"testing"
	"time"
)

// A report costs in proportion to its length, whatever stands in it.
func TestReportsCostWhatTheyAreLong(t *testing.T) {
	const head = "=ERROR REPORT==== 4-May-2026::18:28:52 ===\n"
	for name, report := range map[string]func(n int) string{
		"nested terms":  func(n int) string { return "** Reason == " + strings.Repeat("{a,[", n/8) + strings.Repeat("]}", n/4) },
		"stars":         func(n int) string { return strings.Repeat("** x\n", n/5) },
		"reasons":       func(n int) string { return strings.Repeat("** Reason == \n", n/14) },
		"a long reason": func(n int) string { return "** Reason == {a,\n" + strings.Repeat("  {b,1},\n", n/9) },
		"exceptions":    func(n int) string { return strings.Repeat("    exception a: b\n      in function c\n", n/40) },
		"phrases":       func(n int) string { return strings.Repeat("with reason with exit ", n/22) },
		"pids":          func(n int) string { return strings.Repeat("<0.1.2", n/6) + " with reason: x" },
		"joined lines":  func(n int) string { return "** x" + strings.Repeat(", ** Reason =", n/13) },
		"sentences":     func(n int) string { return "Supervisor: x. " + strings.Repeat("a: b. ", n/6) },
		"full stops":    func(n int) string { return "Supervisor: " + strings.Repeat(". a", n/3) },
		"a crasher":     func(n int) string { return "crasher: " + strings.Repeat("a: <, ", n/6) },
		"angles":        func(n int) string { return "Supervisor: " + strings.Repeat("<1", n/2) },
		"quotes":        func(n int) string { return "** Reason == {" + strings.Repeat(`"a" $"`, n/6) },
		"fields":        func(n int) string { return strings.Repeat("reason: {a,\n       b}\n", n/23) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFuzzReader()
			cost := func(n int) time.Duration {
				text := []byte(head + report(n))
				best := time.Hour
				for range 3 {
					start := time.Now()
					f.wire("crash", text)
					best = min(best, time.Since(start))
				}
				return best
			}
			// What is quadratic takes 64 times as long, what is linear 8 times.
			small, large := cost(128<<10), cost(1<<20)
			if large > 32*small+300*time.Millisecond {
				t.Errorf("128 KiB: %v, 1 MiB: %v", small, large)
			}
		})
	}
}

// A sentence ends with its full stop, and not with one in a term.
func TestSentenceEnd(t *testing.T) {
	for sentence, want := range map[string]string{
		`{a,"b. c"}. State: x`: `{a,"b. c"}`, `1.5. State: x`: `1.5`, `<0.1.2>. x`: `<0.1.2>`, `two words. State: x`: `two words`, `'a. b'.`: `'a. b'`,
		`#{a => "x. y"}, and more. x`: `#{a => "x. y"}, and more`, `{cut. off`: `{cut. off`, ``: ``, `.`: ``, `. x`: ``,
	} {
		if got := sentence[:sentenceEnd([]byte(sentence))]; got != want {
			t.Errorf("%q: %q, want %q", sentence, got, want)
		}
	}
}
