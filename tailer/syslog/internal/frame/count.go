package frame

import "bytes"

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
func (f *Framer) count(data []byte, limit int, e Ending) (size, header int, v believed) {
	if data[0] < '1' || data[0] > '9' {
		return 0, 0, noCount
	}
	for header < len(data) && isDigit(data[header]) {
		if header == maxHeader {
			return 0, 0, noCount
		}
		size = size*10 + int(data[header]-'0')
		header++
	}
	if header+1 >= len(data) {
		if e == Ended || header < len(data) && data[header] != ' ' {
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
	return size, header, f.bareCount(data[header:], size, limit, e)
}

// bareCount judges a count that is followed by something else than a priority.
// As long as no line was seen, it is believed if no line feed stands within
// the message. After a line, a date must follow it, as in Pexip's own header,
// and the length must fit; after a counted frame, the date alone will do.
func (f *Framer) bareCount(data []byte, size, limit int, e Ending) believed {
	from := f.bare
	f.bare = 0
	body := data[:min(len(data), size)]
	dated := noCount
	if size >= len(dateForm) {
		dated = dateBegins(body)
	}
	if size > limit || f.lines && dated == noCount {
		return noCount
	}
	seen, frame := f.findFrame(body, from, 0, Open)
	lf := bytes.IndexByte(body[from:], '\n')
	trusted := f.counted && dated == isCount
	switch {
	case (lf >= 0 && from+lf < size-1 || frame) && !trusted:
		return noCount
	case len(body) == size && f.lines:
		return fits(body, data[size:], e)
	case len(body) == size, e == Silent && dated == isCount:
		return isCount
	case e == Ended && !trusted:
		return noCount
	case e == Ended:
		return isCount
	}
	f.bare = seen
	return needMore
}

// fits says whether a message of Pexip's is likely to end where body does: it
// ends with a quote, or what follows begins like a frame.
func fits(body, after []byte, e Ending) believed {
	body = Trim(body)
	if len(body) > 0 && body[len(body)-1] == '"' {
		return isCount
	}
	digits := digitsLen(after)
	switch {
	case digits == len(after) && e != Open && digits > 0:
		return noCount
	case digits == len(after) && e == Open:
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
