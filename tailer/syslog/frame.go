package syslog

import "bytes"

// maxCount is the largest octet count that is believed. A larger one is not a
// count, and its line is kept as a line.
const maxCount = 64 << 20

// maxHeader is the length of the longest octet count with its blank.
const maxHeader = len("67108864 ")

// A framer finds the messages in the bytes of one connection. Octet counting
// and lines are told apart for each frame (RFC 6587, section 3.4): a frame
// that begins with a digit other than 0 has a count, all others end with a
// line feed or a NUL. Since lines may begin with digits too, a count is
// believed only if what stands behind it agrees; see count.
//
// No byte is lost but the terminators: what is no sound frame comes out as a
// line.
type framer struct {
	max  int  // a longer message is cut
	left int  // of a counted message that is being cut: bytes still to come
	tail bool // the line that is being cut goes on

	lines   bool // the last frame was a line
	counted bool // the last frame had a count
	scanned int  // bytes of the line at hand known to hold no terminator

	badCounts int // lines where a count was due
}

// A frame is one message, or a piece of one.
type frame struct {
	text []byte // without terminators; part of the data given to next
	cut  bool   // a piece of a message that was too long, or ended early
	half bool   // the connection ended within it
}

// next takes the first frame off data, in which messages longer than limit are
// cut. It returns how many bytes it used: none means that more are needed, and
// a frame without text is no message. With eof, data is the last there is, and
// is used up frame by frame.
func (f *framer) next(data []byte, limit int, eof bool) (fr frame, n int) {
	switch {
	case len(data) == 0:
		return frame{}, 0
	case f.left > 0:
		return f.counting(data, 0, f.left, limit, eof)
	case f.tail:
		return f.line(data, limit, eof)
	}
	size, header, v := f.count(data, eof)
	switch v {
	case isCount:
		return f.counting(data, header, size, limit, eof)
	case noCount:
		return f.line(data, limit, eof)
	}
	return frame{}, 0
}

// unfinished says whether the last piece that was returned is not the last of
// its message.
func (f *framer) unfinished() bool { return f.left > 0 || f.tail }

// counting returns the frame of size bytes after header, or what may be given
// away of it.
func (f *framer) counting(data []byte, header, size, limit int, eof bool) (fr frame, n int) {
	fr.cut = f.left > 0
	take := min(size, limit)
	body := data[header:]
	if len(body) < take {
		if !eof {
			return frame{}, 0
		}
		take, fr.half = len(body), true
	}
	f.lines, f.counted = false, true
	f.left = size - take
	if fr.half {
		f.left = 0
	}
	fr.text = body[:take]
	fr.cut = fr.cut || take < size
	if f.left == 0 {
		fr.text = trim(fr.text)
	}
	return fr, header + take
}

// line returns the line that data begins with, or what may be given away of it.
func (f *framer) line(data []byte, limit int, eof bool) (fr frame, n int) {
	// Two bytes beyond the limit: a message of just that length may have its
	// CR and LF there.
	window := data[:min(len(data), limit+2)]
	end := -1
	if f.scanned < len(window) {
		end = terminator(window[f.scanned:])
	}
	long := len(window) == limit+2
	switch {
	case end >= 0:
		end += f.scanned
		fr.text, n = trim(window[:end]), end+1
		long = false
	case eof && !long:
		fr.text, n = trim(window), len(window)
		fr.half = true
	case !long:
		f.scanned = len(window)
		return frame{}, 0
	}
	if long || len(fr.text) > limit {
		f.tail, f.scanned = true, 0
		return frame{text: window[:limit], cut: true}, limit
	}
	fr.cut = f.tail
	if f.counted && len(fr.text) > 0 {
		f.badCounts++
		f.counted = false
	}
	f.lines = f.lines || len(fr.text) > 0
	f.tail, f.scanned = false, 0
	return fr, n
}

// believed is what count thinks of the beginning of a frame.
type believed int

const (
	noCount believed = iota
	isCount
	needMore
)

// count reads the octet count that data may begin with, and its length with
// the blank. A number is a count if a priority follows it, as RFC 5424 has it.
// Without one, which is how some senders frame lines of their own form, see
// bareCount: "404 not found" and "2015 was a good year" are lines.
func (f *framer) count(data []byte, eof bool) (size, header int, v believed) {
	if data[0] < '1' || data[0] > '9' {
		return 0, 0, noCount
	}
	for header < len(data) && data[header] >= '0' && data[header] <= '9' {
		if header == maxHeader {
			return 0, 0, noCount
		}
		size = size*10 + int(data[header]-'0')
		header++
	}
	if header+1 >= len(data) {
		if eof || header < len(data) && data[header] != ' ' {
			return 0, 0, noCount
		}
		return 0, 0, needMore
	}
	if data[header] != ' ' {
		return 0, 0, noCount
	}
	header++
	if data[header] == '<' {
		if size > maxCount {
			return 0, 0, noCount
		}
		return size, header, isCount
	}
	return size, header, f.bareCount(data[header:], size, eof)
}

// bareCount judges a count that is followed by something else than a priority.
// As long as no line was seen, it is believed if no line feed stands within
// the message. After a line, a date must follow it, as in Pexip's own header,
// and the length must fit; after a counted frame, the date alone will do.
func (f *framer) bareCount(data []byte, size int, eof bool) believed {
	body := data[:min(len(data), size)]
	dated := noCount
	if size >= len(dateForm) {
		dated = dateBegins(body)
	}
	if size > f.max || f.lines && dated == noCount {
		return noCount
	}
	lf := bytes.IndexByte(body, '\n')
	trusted := f.counted && dated == isCount
	switch {
	case lf >= 0 && lf < size-1 && !trusted:
		return noCount
	case len(body) < size && eof:
		return noCount
	case len(body) < size:
		return needMore
	case f.lines:
		return fits(body, data[size:], eof)
	}
	return isCount
}

// fits says whether a message of Pexip's is likely to end where body does: it
// ends with a quote, or what follows begins like a frame.
func fits(body, after []byte, eof bool) believed {
	body = trim(body)
	if len(body) > 0 && body[len(body)-1] == '"' {
		return isCount
	}
	digits := 0
	for digits < len(after) && digits < maxHeader && after[digits] >= '0' && after[digits] <= '9' {
		digits++
	}
	switch {
	case digits == len(after) && eof && digits > 0:
		return noCount
	case digits == len(after) && !eof:
		return needMore
	case digits == len(after):
		return isCount
	case digits > 0 && after[digits] == ' ', digits == 0 && bytes.IndexByte([]byte("<\n\r\x00"), after[0]) >= 0:
		return isCount
	}
	return noCount
}

// dateForm is how a date begins, and what parts it from a time.
const dateForm = "0000-00-00T"

// dateBegins says whether b begins like dateForm, with a blank for the T as well.
func dateBegins(b []byte) believed {
	for i := range min(len(b), len(dateForm)) {
		digit := b[i] >= '0' && b[i] <= '9'
		switch {
		case dateForm[i] == '0' && digit, dateForm[i] == b[i], dateForm[i] == 'T' && b[i] == ' ':
		default:
			return noCount
		}
	}
	if len(b) < len(dateForm) {
		return needMore
	}
	return isCount
}

// terminator returns the index of the first line feed or NUL in b, or -1.
func terminator(b []byte) int {
	lf := bytes.IndexByte(b, '\n')
	if lf >= 0 {
		b = b[:lf]
	}
	if nul := bytes.IndexByte(b, 0); nul >= 0 {
		return nul
	}
	return lf
}

// trim removes the terminators that senders add to a message.
func trim(b []byte) []byte {
	for len(b) > 0 {
		switch b[len(b)-1] {
		case '\n', '\r', 0:
			b = b[:len(b)-1]
		default:
			return b
		}
	}
	return b
}
