package file

import (
	"bytes"
	"io"
	"math"
)

// compareBytes is how much of two files is compared in full, at either end.
const compareBytes = 4 << 20

// sampleBytes is how much is compared at the places between.
const sampleBytes = 4 << 10

// IsCopy says whether all that c holds is in orig as well, at the same offsets.
// Of large plain files only both ends and samples between are compared.
func IsCopy(orig, c Content) bool {
	so, sc := plainSize(orig), plainSize(c)
	if so < 0 || sc < 0 {
		return sameRange(orig, c, 0, math.MaxInt64)
	}
	if sc > so || !sameRange(orig, c, 0, compareBytes) {
		return false
	}
	for i := range int64(16) {
		if off := sc / 16 * i; !sameRange(orig, c, off, min(sampleBytes, sc-off)) {
			return false
		}
	}
	last := max(0, sc-compareBytes)
	return sameRange(orig, c, last, sc-last)
}

// plainSize is the size of a file that is not compressed, else -1.
func plainSize(c Content) int64 {
	if _, ok := c.(*Plain); !ok {
		return -1
	}
	st, err := c.Stat()
	if err != nil {
		return -1
	}
	return st.Size
}

// sameRange compares up to n bytes of c from an offset, as far as c goes.
func sameRange(orig, c io.ReaderAt, off, n int64) bool {
	var x, y [32 << 10]byte
	for n > 0 {
		k := min(n, int64(len(x)))
		i, errC := c.ReadAt(x[:k], off)
		j, _ := orig.ReadAt(y[:i], off)
		if j < i || !bytes.Equal(x[:i], y[:i]) || errC != nil && errC != io.EOF {
			return false
		}
		if i < int(k) {
			return true
		}
		off, n = off+k, n-k
	}
	return true
}
