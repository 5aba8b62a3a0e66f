package record

import (
	"encoding/binary"
	"unicode/utf8"
)

// AppendValid appends v to dst with \xNN in place of each byte that is no
// UTF-8.
func AppendValid(dst, v []byte) []byte {
	const hex = "0123456789abcdef"
	for len(v) > 0 {
		r, n := utf8.DecodeRune(v)
		if r == utf8.RuneError && n == 1 {
			dst = append(dst, '\\', 'x', hex[v[0]>>4], hex[v[0]&15])
		} else {
			dst = append(dst, v[:n]...)
		}
		v = v[n:]
	}
	return dst
}

// isASCII tells whether all of v is below 0x80, 32 bytes at a time and the last 32
// once more: most entries are, and need no further look. Of a shorter v it does not
// say so.
func isASCII(v []byte) bool {
	last := len(v) - 32
	for i := 0; i < last; i += 32 {
		if !ascii32(v[i:]) {
			return false
		}
	}
	return last >= 0 && ascii32(v[last:])
}

func ascii32(v []byte) bool {
	return (load64(v)|load64(v[8:])|load64(v[16:])|load64(v[24:]))&0x8080808080808080 == 0
}

// Cut is v, or the beginning of v that is at most limit bytes long and ends
// with a character. limit is at least 4.
func Cut(v []byte, limit int) []byte {
	if len(v) <= limit {
		return v
	}
	n := limit
	for n > limit-utf8.UTFMax && !utf8.RuneStart(v[n]) {
		n--
	}
	return v[:n]
}

func load64(v []byte) uint64 { return binary.LittleEndian.Uint64(v) }

// countInvalid is the number of bytes of v that AppendValid writes as \xNN.
func countInvalid(v []byte) int {
	bad := 0
	for len(v) > 0 {
		r, n := utf8.DecodeRune(v)
		if r == utf8.RuneError && n == 1 {
			bad++
		}
		v = v[n:]
	}
	return bad
}
