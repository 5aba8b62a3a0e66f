// Package plain makes text harmless to look at. A file name may hold what a
// terminal obeys: colours, a cleared screen, a line that rtcship never wrote.
package plain

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text returns s in one line, with escapes such as \x1b and \u202e for all that
// is no visible character or space. It is for people: it cannot be read back.
func Text(s string) string {
	if !strings.ContainsFunc(s, odd) {
		return s
	}
	return string(escape([]byte(s), odd))
}

// Lines is Text for text of several lines, whose line ends and tabs stay.
func Lines(b []byte) []byte {
	keep := func(r rune) bool { return r != '\n' && r != '\t' && odd(r) }
	if !bytes.ContainsFunc(b, keep) {
		return b
	}
	return escape(b, keep)
}

// JSON writes characters of a JSON text that are not visible as JSON's own
// escapes, which read back as the same.
func JSON(b []byte) []byte {
	hidden := func(r rune) bool { return r >= 0x7f && odd(r) } // those below are escaped already
	if !bytes.ContainsFunc(b, hidden) {
		return b
	}
	out := make([]byte, 0, len(b)+16)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1, !hidden(r):
			out = append(out, b[:n]...)
		case r > 0xffff:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		b = b[n:]
	}
	return out
}

// Writer returns a writer that passes on what Lines makes of each write.
func Writer(w io.Writer) io.Writer { return writer{w, Lines} }

// JSONWriter returns a writer that passes on what JSON makes of each write.
func JSONWriter(w io.Writer) io.Writer { return writer{w, JSON} }

type writer struct {
	to     io.Writer
	change func([]byte) []byte
}

// Write implements io.Writer.
func (w writer) Write(p []byte) (int, error) {
	if _, err := w.to.Write(w.change(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// odd is what is neither seen nor a space: controls, and those that turn the
// direction of the text around or hide in it. utf8.RuneError stands for a byte
// that is no UTF-8.
func odd(r rune) bool { return r == utf8.RuneError || !unicode.IsGraphic(r) }

func escape(b []byte, change func(rune) bool) []byte {
	out := make([]byte, 0, len(b)+16)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case !change(r), r == utf8.RuneError && n > 1: // which may be meant
			out = append(out, b[:n]...)
		case r == utf8.RuneError:
			out = fmt.Appendf(out, `\x%02x`, b[0])
		case r == '\n':
			out = append(out, `\n`...)
		case r == '\t':
			out = append(out, `\t`...)
		case r < 0x80:
			out = fmt.Appendf(out, `\x%02x`, r)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		b = b[n:]
	}
	return out
}
