package syslog

import (
	"fmt"
	"testing"

	"github.com/rtcship/rtcship/internal/linear"
)

// TestFramesAreLinear: twice the bytes take at most 2.5 times as long, however
// they arrive, and whatever the framer is made to believe at first.
func TestFramesAreLinear(t *testing.T) {
	for _, before := range []string{"", "<134>a\n", "12 <134>a b c d ", "900000 <134>", "900000 2026-05-06T", "900000 a"} {
		for _, limit := range []int{1 << 20, 1000} {
			for _, s := range linear.Core() {
				input := func(n int) []byte { return append([]byte(before), s.Make(n)...) }
				linear.Check(t, fmt.Sprintf("%q and %q, cut after %d", before, s.Name, limit), linear.Quick, input, func(data []byte) {
					arriving(data, limit)
				})
			}
		}
	}
}

// arriving reads data as it arrives in segments of TCP.
func arriving(data []byte, limit int) (n int) {
	const segment = 1400
	f := framer{max: limit}
	for at, there := 0, 0; at < len(data); {
		e := open
		if there == len(data) {
			e = ended
		}
		fr, used := f.next(data[at:there], limit, e)
		if used == 0 && there == len(data) {
			return n
		}
		if used == 0 {
			there = min(there+segment, len(data))
			continue
		}
		at += used
		n += len(fr.text)
	}
	return n
}
