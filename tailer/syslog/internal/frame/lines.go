package frame

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// linesBehind says whether what stands behind the end of a counted message, and is no
// frame, is lines without a priority: then the count is right. They go on to the next
// frame, which must begin where a line has ended, or to where nothing comes any more.
// The same bytes are what a count that is too small leaves over of a message that
// ends with a line feed; see torn.
func (f *Framer) linesBehind(body []byte, size int, e Ending) (v believed) {
	v, f.behind = f.linesAt(body, size, f.behind, e)
	return v
}

// linesAt is linesBehind for bytes that are known to hold no frame before from. It
// returns how far that is known of more of them.
func (f *Framer) linesAt(body []byte, size, from int, e Ending) (v believed, seen int) {
	if f.lied {
		return noCount, 0
	}
	at, found := f.findFrame(body, max(size, from), size, e)
	if !found && e == Open {
		return needMore, at
	}
	if !found {
		at = len(body)
	}
	for found && at > size && (isDigit(body[at-1]) || body[at-1] == ' ') {
		at--
	}
	if !isTerminator(body[at-1]) || torn(body[:at], size, f.honest) {
		return noCount, 0
	}
	return isCount, 0
}

// linesAhead is linesBehind for the message of size bytes behind the one at hand.
func (f *Framer) linesAhead(body []byte, size int, e Ending) believed {
	if size > maxAhead || size >= len(body) {
		return noCount
	}
	if len(body) > 2*maxAhead {
		body, e = body[:2*maxAhead], Ended
	}
	v, _ := f.linesAt(body, size, 0, e)
	return v
}

// torn says whether a message that was cut at size, though it goes on to the end of
// text, looks like one that was cut: within a character, within quotes, within a
// word; before its text; or at as many bytes as it has characters. That a word goes on
// cannot be told from a line of one word, so that a sender known to count
// right is believed.
func torn(text []byte, size int, honest bool) bool {
	if text = Trim(text); len(text) <= size {
		return false // there is nothing behind it but ends of lines
	}
	head, rest := text[:size], text[size:]
	line := rest
	if i := terminator(rest); i >= 0 {
		line = rest[:i]
	}
	last, next := head[size-1], rest[0]
	switch {
	case headerKind(head) != noHeader && head[size-1] == '>' && bytes.IndexByte(head, '>') == size-1:
		return true
	case !utf8.RuneStart(next):
		return true
	case bytes.Count(head, quote)%2 == 1 && bytes.Count(line, quote)%2 == 1:
		return true
	case size < len(text) && missed(text, size):
		return true
	case closes(last) || honest:
		return false
	}
	return len(line) <= maxWord && !bytes.ContainsAny(line, " \t") || next == ' ' && len(line) > 1 && line[1] != ' '
}

var quote = []byte{'"'}

// maxWord is how long a word may be of which the end is looked for.
const maxWord = 16

// missed says whether a count of size is that of text in characters or units of UTF-16,
// with or without the line feed at its end.
func missed(text []byte, size int) bool {
	units := 0
	for _, r := range string(text) {
		units += utf16.RuneLen(max(r, ' '))
	}
	runes := utf8.RuneCount(text)
	return size >= runes && size <= runes+2 || size >= units && size <= units+2
}
