package redact

import (
	"slices"
	"strings"
)

// A class is a set of bytes.
type class [256]bool

var (
	blanks      = classOf(" \t")
	white       = classOf(" \t\r\n")
	backslashes = classOf("\\")
	controls    = between(0, ' ')
	digits      = between('0', '9')
	small       = between('a', 'z')
	capitals    = between('A', 'Z')
	beyond      = between(0x80, 0xff) // of ASCII

	letters      = classOf("", small, capitals)
	alphanumeric = classOf("", letters, digits)
	hexadecimal  = classOf("abcdefABCDEF", digits)
	wordBytes    = classOf("-_", alphanumeric) // what may stand in a key without quotes, and in base64 as URLs have it
	dotted       = classOf(".", wordBytes)
	spaced       = classOf(" ", dotted)
	base64       = classOf("+/=", wordBytes)
)

// classOf is the class of signs and of what the others have.
func classOf(signs string, others ...class) (c class) {
	for i := range c {
		c[i] = strings.IndexByte(signs, byte(i)) >= 0 || slices.ContainsFunc(others, func(o class) bool { return o[i] })
	}
	return c
}

func between(first, last byte) (c class) {
	for i := range c {
		c[i] = byte(i) >= first && byte(i) <= last
	}
	return c
}

// end is where the bytes of the class end that begin at i.
func (c *class) end(text []byte, i int) int {
	for i < len(text) && c[text[i]] {
		i++
	}
	return i
}

// start is where the bytes of the class begin that end at i, but not before low.
func (c *class) start(text []byte, low, i int) int {
	for i > low && c[text[i-1]] {
		i--
	}
	return i
}

// find is where the first byte of the class is at i or behind it, or the end of the text.
func (c *class) find(text []byte, i int) int {
	for i < len(text) && !c[text[i]] {
		i++
	}
	return i
}

// in tells whether a byte of the class is in a text.
func (c *class) in(text []byte) bool { return c.find(text, 0) < len(text) }

// all tells whether all bytes of a text are of the class.
func (c *class) all(text []byte) bool { return c.end(text, 0) == len(text) }

func isLetter(c byte) bool { return letters[c] }

func isDigit(c byte) bool { return digits[c] }

func isWord(c byte) bool { return wordBytes[c] }
