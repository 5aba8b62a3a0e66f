package sora

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// appendUnescaped appends the text that a JSON string stands for. s is what is
// between the quotes, with escapes that were found to be right.
func appendUnescaped(dst, s []byte) []byte {
	dst = slices.Grow(dst, len(s)+8)
	for i := 0; i < len(s); {
		if i+8 <= len(s) { // copy eight bytes, and take as many as come before an escape
			x := load64(s, i)
			n := 8
			if m := backslashes(x); m != 0 {
				n = bits.TrailingZeros64(m) >> 3
			}
			at := len(dst)
			binary.LittleEndian.PutUint64(dst[at:at+8], x)
			dst = dst[:at+n]
			if i += n; n == 8 {
				continue
			}
		} else if s[i] != '\\' {
			dst = append(dst, s[i])
			i++
			continue
		}
		if s[i+1] == 'u' {
			var r rune
			r, i = unicodeEscape(s, i)
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = append(dst, plainEscape(s[i+1]))
		i += 2
	}
	return dst
}

// backslashes marks the backslashes of x. Only the lowest mark is reliable.
func backslashes(x uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	x ^= ones * '\\'
	return (x - ones) &^ x & highs
}

// unicodeEscape reads \uXXXX at i, and a second one if the two are a surrogate
// pair. Half a pair becomes U+FFFD.
func unicodeEscape(s []byte, i int) (rune, int) {
	r := hex4(s[i+2 : i+6])
	i += 6
	if !utf16.IsSurrogate(r) {
		return r, i
	}
	if i+6 <= len(s) && s[i] == '\\' && s[i+1] == 'u' {
		if pair := utf16.DecodeRune(r, hex4(s[i+2:i+6])); pair != utf8.RuneError {
			return pair, i + 6
		}
	}
	return utf8.RuneError, i
}

func plainEscape(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c // quote, backslash, slash
}

// hex4 is the value of four hexadecimal digits, or -1.
func hex4(s []byte) rune {
	var r rune
	for _, c := range s {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c|0x20-'a' <= 5:
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}
