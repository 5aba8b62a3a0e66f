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

// Holds says whether all that c holds is in orig as well, at the same offsets.
// Their sizes are negative if they are not known. Of large files of known size
// only both ends and samples between are compared.
func Holds(orig, c io.ReaderAt, so, sc int64) bool {
	if so < 0 || sc < 0 {
		return sameRange(orig, c, 0, math.MaxInt64)
	}
	return sc <= so && sampled(orig, c, sc)
}

// sampled says whether two files agree in their first n bytes, as far as samples
// tell.
func sampled(a, b io.ReaderAt, n int64) bool {
	if !sameRange(a, b, 0, min(n, compareBytes)) {
		return false
	}
	for i := range int64(16) {
		if off := n / 16 * i; !sameRange(a, b, off, min(sampleBytes, n-off)) {
			return false
		}
	}
	last := max(0, n-compareBytes)
	return sameRange(a, b, last, n-last)
}

// Common returns how many bytes two files begin with that are the same in both,
// at most n. Large files that went apart once are taken not to agree again.
func Common(a, b io.ReaderAt, n int64) int64 {
	if n <= compareBytes {
		return agreeing(a, b, 0, n)
	}
	if sampled(a, b, n) {
		return n
	}
	low, high := int64(0), n // they agree up to low, and not up to high
	for high-low > sampleBytes {
		mid := low + (high-low)/2
		from := max(low, mid-sampleBytes)
		if sameRange(a, b, from, mid-from) {
			low = mid
		} else {
			high = mid
		}
	}
	return agreeing(a, b, low, high)
}

// agreeing returns up to where two files agree from an offset to another.
func agreeing(a, b io.ReaderAt, at, end int64) int64 {
	var x, y [32 << 10]byte
	for at < end {
		n := min(end-at, int64(len(x)))
		i, _ := a.ReadAt(x[:n], at)
		j, _ := b.ReadAt(y[:n], at)
		k := 0
		for k < min(i, j) && x[k] == y[k] {
			k++
		}
		if at += int64(k); k < int(n) {
			break
		}
	}
	return at
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
