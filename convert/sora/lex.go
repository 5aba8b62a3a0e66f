package sora

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

func trailing(text []byte, i int) string {
	if skipSpace(text, i) != len(text) {
		return reasonTrailing
	}
	return ""
}

func skipSpace(text []byte, i int) int {
	for i < len(text) {
		if c := text[i]; c > ' ' || c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			break
		}
		i++
	}
	return i
}

// scanString reads a string from after its opening quote. It returns where the
// closing quote is, or -1, and whether there are escapes in it.
func scanString(text []byte, i int) (end int, escaped bool) {
	for i+8 <= len(text) {
		m := specials(load64(text, i))
		if m == 0 {
			i += 8
			continue
		}
		if i += bits.TrailingZeros64(m) >> 3; text[i] == '"' {
			return i, escaped
		}
		if text[i] < ' ' {
			return -1, false
		}
		if i, escaped = skipEscape(text, i), true; i < 0 {
			return -1, false
		}
	}
	return scanTail(text, i, escaped)
}

// scanTail is scanString for the last few bytes of a text.
func scanTail(text []byte, i int, escaped bool) (int, bool) {
	for i < len(text) && text[i] >= ' ' {
		switch text[i] {
		case '"':
			return i, escaped
		case '\\':
			if i, escaped = skipEscape(text, i), true; i < 0 {
				return -1, false
			}
		default:
			i++
		}
	}
	return -1, false
}

// load64 is the 8 bytes at i, the first one lowest. The caller has checked that
// they are there, which the compiler would do twice more.
func load64(text []byte, i int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(text)), i))[:])
}

// specials marks the bytes of x that end a plain run within a string: quotes,
// backslashes and control characters. Only the lowest mark is reliable.
func specials(x uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quote, slash := x^(ones*'"'), x^(ones*'\\')
	return ((x-ones*' ')&^x | (quote-ones)&^quote | (slash-ones)&^slash) & highs
}

// skipEscape returns what follows the escape at i, or -1.
func skipEscape(text []byte, i int) int {
	if i+1 >= len(text) {
		return -1
	}
	switch text[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		if i+6 > len(text) || hex4(text[i+2:i+6]) < 0 {
			return -1
		}
		return i + 6
	}
	return -1
}

// scanScalar reads a number or a literal and returns where it ends, or -1.
func scanScalar(text []byte, i int) (int, kind) {
	switch text[i] {
	case 't':
		return literal(text, i, "true"), 't'
	case 'f':
		return literal(text, i, "false"), 'f'
	case 'n':
		return literal(text, i, "null"), 'n'
	}
	return scanNumber(text, i), '0'
}

func literal(text []byte, i int, word string) int {
	if !hasPrefix(text, i, word) {
		return -1
	}
	return i + len(word)
}

// scanNumber follows RFC 8259, section 6.
func scanNumber(text []byte, i int) int {
	if i < len(text) && text[i] == '-' {
		i++
	}
	if i < len(text) && text[i] == '0' {
		i++
	} else if i = digits(text, i); i < 0 {
		return -1
	}
	if i < len(text) && text[i] == '.' {
		if i = digits(text, i+1); i < 0 {
			return -1
		}
	}
	if i < len(text) && text[i]|0x20 == 'e' {
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		return digits(text, i)
	}
	return i
}

// digits skips digits, at least one.
func digits(text []byte, i int) int {
	start := i
	for i < len(text) && text[i]-'0' <= 9 {
		i++
	}
	if i == start {
		return -1
	}
	return i
}
