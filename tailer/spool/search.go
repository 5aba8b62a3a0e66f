package spool

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// search looks in b, behind its first byte, for the next sound entry. It returns
// where that begins, or -1, and where the first entry begins that may be one and
// goes on beyond b, len(b) if there is none.
//
// Whatever stands in b, the time it takes is that of reading b a few times: the
// beginnings of entries may stand there by the thousand, each with a length of
// its own that reaches to the end.
func search(b []byte) (at, open int) {
	sums := checksums{data: b}
	open = len(b)
	for i := 1; i < len(b); i++ {
		j := bytes.Index(b[i:], []byte(entryMagic))
		if j < 0 {
			return -1, min(open, partialMagic(b))
		}
		i += j
		if len(b)-i < entryPrefix {
			return -1, min(open, i)
		}
		n := entryLen(b[i:])
		switch {
		case n == 0:
		case n > len(b)-i:
			open = min(open, i)
		case sums.of(i+8, i+n) == binary.LittleEndian.Uint32(b[i+4:]):
			if _, _, v := decodeMeta(b[i+entryPrefix:i+n], n); v == whole {
				return i, open
			}
		}
	}
	return -1, open
}

// partialMagic is where in b, not at its beginning, a magic begins that b does
// not hold all of, or len(b).
func partialMagic(b []byte) int {
	for i := max(1, len(b)-len(entryMagic)+1); i < len(b); i++ {
		if bytes.HasPrefix([]byte(entryMagic), b[i:]) {
			return i
		}
	}
	return len(b)
}

// checksums computes CRCs of parts of data without reading each of them: those
// of what precedes the two ends say it.
type checksums struct {
	data []byte
	upTo []uint32 // of data up to each multiple of sumStep
}

// sumStep is the distance between the sums that are kept; shorter parts are read.
const sumStep = 2048

// of is the CRC-32C of data[from:to].
func (c *checksums) of(from, to int) uint32 {
	if to-from <= sumStep {
		return crc32.Checksum(c.data[from:to], castagnoli)
	}
	return c.before(to) ^ shifted(c.before(from), to-from)
}

// before is the CRC-32C of data[:n].
func (c *checksums) before(n int) uint32 {
	if len(c.upTo) == 0 {
		c.upTo = append(make([]uint32, 0, len(c.data)/sumStep+1), 0)
	}
	for len(c.upTo) <= n/sumStep {
		k := (len(c.upTo) - 1) * sumStep
		c.upTo = append(c.upTo, crc32.Update(c.upTo[len(c.upTo)-1], castagnoli, c.data[k:k+sumStep]))
	}
	k := n / sumStep
	return crc32.Update(c.upTo[k], castagnoli, c.data[k*sumStep:n])
}

// shifted is what a CRC contributes to that of a text that is n bytes longer: its
// product with x^(8n), modulo the polynomial. Bits are the highest power last.
func shifted(crc uint32, n int) uint32 {
	for k := 0; n > 0; n >>= 1 {
		if n&1 != 0 {
			crc = multiply(byteShifts[k], crc)
		}
		k++
	}
	return crc
}

// byteShifts are x^8, x^16, x^32 and so on, modulo the polynomial.
var byteShifts = func() (p [32]uint32) {
	p[0] = 1 << (31 - 8)
	for k := 1; k < len(p); k++ {
		p[k] = multiply(p[k-1], p[k-1])
	}
	return p
}()

// multiply multiplies two polynomials over the field of two elements, modulo that
// of the CRC.
func multiply(a, b uint32) (product uint32) {
	for bit := uint32(1) << 31; bit > 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
		}
		if b&1 != 0 {
			b = b>>1 ^ crc32.Castagnoli
		} else {
			b >>= 1
		}
	}
	return product
}
