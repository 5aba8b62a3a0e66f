package match

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

type growing struct{ *bytes.Reader }

func textOf(s string) growing { return growing{bytes.NewReader([]byte(s))} }

// A copy that grows as its original does is one still; from where it differs it is a
// file of its own.
func TestDiverged(t *testing.T) {
	lines := func(from, to int, what string) string {
		var b strings.Builder
		for i := from; i < to; i++ {
			b.WriteString(strings.Repeat(what, 20) + "\n")
		}
		return b.String()
	}
	same := lines(0, 10, "a") // 210 bytes
	for _, test := range []struct {
		name       string
		copy, orig string
		lost       bool // the original
		read       int64
		waited     bool
		at         int64
		over       bool
	}{
		{"as the original", same, same, false, 0, false, 210, false},
		{"the original has more", same[:168], same, false, 0, false, 168, false},
		{"it has more than the original", same + lines(0, 1, "b"), same, false, 0, false, 210, true},
		{"it differs within a line", same[:189] + "aaax\n", same, false, 0, false, 189, true},
		{"it differs from the beginning", lines(0, 10, "b"), same, false, 0, false, 0, true},
		{"little of it, and it may be being written", lines(0, 3, "b"), same, false, 0, false, 0, false},
		{"little of it for long", lines(0, 3, "b"), same, false, 0, true, 0, true},
		{"it ends within a line", same[:200], same, false, 0, false, 200, false},
		{"it differs within a very long line", strings.Repeat("a", 80<<10) + strings.Repeat("b", 20<<10) + "\n", strings.Repeat("a", 100<<10) + "\n", false, 0, false, 0, true},
		{"little, and the same", same[:100], same, false, 0, false, 0, false},
		{"more was read than is the same", same[:147] + lines(0, 3, "b"), same, false, 168, false, 168, true},
		{"it is shorter than what was read", same[:100], same, false, 168, false, 168, true},
		{"the original is not known any more", same, "", true, 84, false, 84, true},
	} {
		k := &Known{Read: file.Mark{At: test.read}, Content: textOf(test.copy)}
		orig := &Known{Content: textOf(test.orig)}
		if test.lost {
			orig = nil
		}
		at, over := Diverged(k, orig, test.waited)
		if at.At != test.at || over != test.over {
			t.Errorf("%s: up to %d, over: %v, want %d and %v", test.name, at.At, over, test.at, test.over)
		}
		if test.at > test.read && !at.Holds(k.Content) {
			t.Errorf("%s: the mark is not what stands there", test.name)
		}
	}
	if _, over := Diverged(&Known{Read: file.Mark{At: 1}}, &Known{Content: textOf(same)}, false); !over {
		t.Error("a copy that cannot be read is held for ever")
	}
	if _, over := Diverged(&Known{Content: textOf(same)}, &Known{}, false); !over {
		t.Error("a copy whose original cannot be read is held for ever")
	}
}
