package sora

import (
	"bytes"

	"github.com/rtcship/rtcship/tailer/entry"
)

// readConsole takes a line of erlang.log.N: what a terminal was sent, with the
// terminal's control sequences. It returns false if nothing is left without them.
func (r *Reader) readConsole() bool {
	b := r.b
	text := b.Text
	if bytes.IndexByte(text, 0x1b) >= 0 || bytes.IndexByte(text, '\r') >= 0 {
		start := len(b.Arena)
		b.Arena = appendPlain(b.Arena, text)
		text = b.Arena[start:]
	}
	if len(text) == 0 {
		return false
	}
	b.Body = text
	if bytes.HasPrefix(text, []byte("=====")) {
		b.Severity = severityDebug // run_erl's own marks
		return true
	}
	if h, ok := entry.ParseHead(text, r.p.zone); ok {
		r.head(h)
	}
	return true
}

// appendPlain appends text without carriage returns and without ANSI escape
// sequences (ECMA-48): ESC [ … letter, ESC ] … BEL or ESC \, and ESC with one
// character.
func appendPlain(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		switch text[i] {
		case '\r':
			i++
		case 0x1b:
			i = skipSequence(text, i+1)
		default:
			dst = append(dst, text[i])
			i++
		}
	}
	return dst
}

// skipSequence returns what follows the sequence whose ESC stands before i.
func skipSequence(text []byte, i int) int {
	if i >= len(text) {
		return i
	}
	switch text[i] {
	case '[':
		for i++; i < len(text); i++ {
			if c := text[i]; c >= 0x40 && c <= 0x7e {
				return i + 1
			} else if c < 0x20 || c > 0x7e {
				return i // no sequence after all: keep what follows
			}
		}
		return i
	case ']':
		for j := i + 1; j < len(text); j++ {
			if text[j] == 0x07 {
				return j + 1
			}
			if text[j] == 0x1b && j+1 < len(text) && text[j+1] == '\\' {
				return j + 2
			}
		}
		return i + 1 // without an end it is text
	case '(', ')', '*', '+', '#', '%', ' ': // one more character follows
		return skipPrintable(text, i+1)
	}
	return skipPrintable(text, i)
}

// skipPrintable skips a character of ASCII; half of any other would be no UTF-8.
func skipPrintable(text []byte, i int) int {
	if i < len(text) && text[i] >= 0x20 && text[i] <= 0x7e {
		return i + 1
	}
	return i
}
