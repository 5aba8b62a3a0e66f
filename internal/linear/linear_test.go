package linear

import (
	"bytes"
	"testing"
)

var sink int

// TestSteepestTellsThemApart: what is found of a reader that is linear, and of
// three that are not.
func TestSteepestTellsThemApart(t *testing.T) {
	input := repeat("ab").Make
	count := func(b []byte) {
		for _, c := range b {
			sink += int(c)
		}
	}
	Check(t, "linear", Quick, input, func(b []byte) {
		for range 10 {
			count(b)
		}
	})
	for _, test := range []struct {
		name string
		work func(b []byte)
	}{
		{"quadratic", func(b []byte) {
			for i := 0; i < len(b); i += 64 {
				count(b[i:])
			}
		}},
		{"quadratic, with vector instructions", func(b []byte) {
			for i := 0; i < len(b); i += 8 {
				sink += bytes.IndexByte(b[i:], 'x')
			}
		}},
		{"power of 1.7", func(b []byte) {
			count(b)
			step := 1
			for step*step*step < len(b) {
				step++
			}
			for i := 0; i < len(b); i += step * 4 {
				count(b[i:])
			}
		}},
	} {
		if worst := Steepest(Quick, input, test.work); worst <= 1 {
			t.Errorf("%s: %.2f of what is allowed", test.name, worst)
		}
	}
}
