package frame

import (
	"fmt"
	"strings"
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
	var f Framer
	for at, there := 0, 0; at < len(data); {
		e := Open
		if there == len(data) {
			e = Ended
		}
		fr, used := f.Next(data[at:there], limit, e)
		if used == 0 && there == len(data) {
			return n
		}
		if used == 0 {
			there = min(there+segment, len(data))
			continue
		}
		at += used
		n += len(fr.Text)
	}
	return n
}

// Whatever a peer sends, in whatever pieces, twice as much takes about twice as long.
func TestFramingIsLinear(t *testing.T) {
	for name, unit := range map[string]string{
		"bare count": "9000000 x", "lying count": "5 <14>a and no end ", "signs": "9 <<<<<<<<<<", "counts": "7 <13>1 ", "all of them wrong": "9 <14>a17 <14>b1 <14>c", "priorities": "<13>", "half of them": "12 <1",
		"line feeds": "\n\r\x00", "digits": "123456789", "large counts": "900000 <14>a", "zeros": "00000000 <13>", "nothing": "x", "dates": "500 2026-05-06 7 ", "a large one": "9000000 <14>a 5 <14>b ",
	} {
		stream := func(n int) []byte {
			if name == "bare count" || name == "lying count" || name == "a large one" || name == "nothing" {
				return []byte(unit + strings.Repeat(unit[len(unit)/2:], n/len(unit)))
			}
			return []byte(strings.Repeat(unit, n/len(unit)))
		}
		linear.Check(t, name, linear.Quick, stream, drip)
	}
}

// drip feeds a framer small pieces.
func drip(stream []byte) {
	var f Framer
	from := 0
	for to := 0; to < len(stream); {
		to = min(to+64, len(stream))
		for {
			_, n := f.Next(stream[from:to], 1<<20, Open)
			if n == 0 {
				break
			}
			from += n
		}
	}
}
