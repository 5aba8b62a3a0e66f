// Package screen writes text for a terminal: in colour where there is one, as
// wide as the terminal is, and with nothing in it that could command the terminal.
package screen

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/term"
)

// A Screen is where text goes.
type Screen struct {
	W      io.Writer
	Colour bool
	Width  int // columns; 0 is no limit
}

// New returns the screen that w is: with colour and a width if it is a terminal.
// NO_COLOR (https://no-color.org) and TERM=dumb mean no colour.
func New(w io.Writer) *Screen {
	s := &Screen{W: w}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return s
	}
	s.Colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		s.Width = width
	}
	return s
}

// A Style is how a text looks; the zero value is plain.
type Style string

// The styles that are used. Colours are those of the terminal's own palette, so
// that they can be read on dark and on light.
const (
	Plain  Style = ""
	Dim    Style = "2"
	Bold   Style = "1"
	Red    Style = "31"
	Yellow Style = "33"
	Green  Style = "32"
	Cyan   Style = "36"
	Purple Style = "35"
	Alarm  Style = "1;41;97"
)

// Paint puts text into a style, if the screen has colours.
func (s *Screen) Paint(style Style, text string) string {
	if !s.Colour || style == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(style) + "m" + text + "\x1b[0m"
}

// OfSeverity is the style of an OTLP severity number.
func OfSeverity(severity int) Style {
	switch {
	case severity >= 18:
		return Alarm
	case severity >= 17:
		return Red
	case severity >= 13:
		return Yellow
	case severity >= 9 || severity == 0:
		return Plain
	}
	return Dim
}

// Clean is text in one line without anything that a terminal would obey: line
// ends are shown as ⏎, tabs as blanks, other control characters and the marks
// that turn the direction of writing as \xNN or \u{NNNN}.
func Clean(text string) string {
	if !strings.ContainsFunc(text, unclean) && utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case r == '\r' && strings.HasPrefix(text, "\r\n"):
		case r == '\n':
			b.WriteString(" ⏎ ")
		case r == '\t':
			b.WriteByte(' ')
		case !unclean(r):
			b.WriteString(text[:n])
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u{%04x}`, r)
		}
		text = text[n:]
	}
	return b.String()
}

// unclean says whether a terminal may do something at a character, or show the
// text around it otherwise than it is.
func unclean(r rune) bool {
	switch {
	case unicode.IsControl(r):
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x2028, r == 0x2029, r == 0xfeff:
		return true
	case r >= 0xe0000 && r <= 0xe007f: // tags, which nobody sees
		return true
	}
	return false
}

// Width is how many columns a clean text takes: Japanese characters take two.
func Width(text string) int { return uniseg.StringWidth(text) }

// Pad fills text with blanks up to width columns.
func Pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-Width(text)))
}

// Left is Pad with the blanks before the text.
func Left(text string, width int) string {
	return strings.Repeat(" ", max(0, width-Width(text))) + text
}

// Cut shortens text to width columns, with … at its end if something is missing.
func Cut(text string, width int) string {
	if Width(text) <= width {
		return text
	}
	var b strings.Builder
	left, state := width-1, -1
	for len(text) > 0 {
		var cluster string
		var w int
		cluster, text, w, state = uniseg.FirstGraphemeClusterInString(text, state)
		if w > left {
			break
		}
		b.WriteString(cluster)
		left -= w
	}
	return b.String() + "…"
}

// Wrap breaks a clean text into lines of at most width columns, at blanks where
// it can. The first line has first columns fewer. Width 0 is no limit.
func Wrap(text string, width, first int) []string {
	if width <= 0 || Width(text) <= width-first {
		return []string{text}
	}
	var lines []string
	var b strings.Builder
	left, blank := max(width-first, 1), -1 // blank: bytes of b up to its last blank
	state := -1
	for len(text) > 0 {
		var cluster string
		var w int
		cluster, text, w, state = uniseg.FirstGraphemeClusterInString(text, state)
		if w > left && b.Len() > 0 {
			line, rest := b.String(), ""
			if blank > 0 && cluster != " " {
				line, rest = line[:blank], line[blank+1:]
			}
			lines = append(lines, strings.TrimRight(line, " "))
			b.Reset()
			b.WriteString(rest)
			left, blank = width-Width(rest), -1
			if cluster == " " {
				continue
			}
		}
		if cluster == " " {
			blank = b.Len()
		}
		b.WriteString(cluster)
		left -= w
	}
	return append(lines, b.String())
}
