package frame

import "bytes"

// A stray is a message whose end is not known, since its count was wrong, or since
// it stands where a count should. It goes on to where the next one begins for sure:
// at a count with a priority behind it, or at a priority that a line begins with.
// One that had no count at all may be a line, and ends with it.
type stray struct {
	on     bool
	header int  // bytes of its count, which stand before it in the data
	line   bool // it had none
	cut    bool // pieces of it have been given away
	ahead  int  // how far the message behind it is known to hold no end
}

// Slack is how many bytes beyond the limit a message may need in memory, for what
// has to be looked at before and behind it.
const Slack = 4 * maxHeader

// strays makes the message that data begins with, behind header, a stray. If the
// count is right without its first digits, these are a part of the message before.
func (f *Framer) strays(data []byte, header, limit int, e Ending) (fr Frame, n int) {
	if start := f.behindDigits(data, header, e); start > 0 {
		return Frame{Text: data[:start]}, start
	}
	f.lied = f.lied || header > 0 || f.left > 0
	f.stray = stray{on: true, header: header, cut: f.left > 0, line: header == 0 && f.left == 0}
	f.left, f.scanned = 0, header+1
	f.BadCounts++
	return f.straying(data, limit, e)
}

// behindDigits is how many of the digits before a message are not of its count but
// of the message before, if that can be told.
func (f *Framer) behindDigits(data []byte, header int, e Ending) int {
	if !f.counted || f.left > 0 || header == 0 || data[0] == '0' || isTerminator(f.last) || closes(f.last) {
		return 0
	}
	start, sure := f.frameStart(data, 0, header, e)
	f.stray.ahead = 0
	if !sure && e == Open {
		return 0
	}
	return start
}

// straying returns the stray, or what may be given away of it.
func (f *Framer) straying(data []byte, limit int, e Ending) (fr Frame, n int) {
	s := &f.stray
	if len(data)-s.header >= limit+maxHeader && e == Open {
		e = Silent // there is no room to wait
	}
	end, found := f.strayEnd(data, e)
	if !found && e == Open {
		return Frame{}, 0
	}
	if end == 0 && !isTerminator(data[0]) { // all of it has been given away in pieces
		f.stray, f.scanned, f.lied = stray{}, 0, true
		return f.Next(data, limit, e)
	}
	if end-s.header > limit {
		n = s.header + CutAt(data[s.header:s.header+limit], f.SafeCut)
		fr = Frame{Text: data[s.header:n], Cut: true}
		f.scanned, s.ahead = max(f.scanned-n, 0), 0
		s.header, s.cut = 0, true
		return fr, n
	}
	fr = Frame{Text: Trim(data[s.header:end]), Cut: s.cut, Half: !found && e == Ended}
	f.lines, f.counted = false, true
	switch {
	case found && isTerminator(data[end]):
		f.lines, f.counted = true, false // it was a line
		end++
	case found:
		f.lied = true // what a count that was too small had left over
	}
	f.stray, f.scanned = stray{}, 0
	return fr, end
}

// strayEnd returns where the stray ends, or where data does.
func (f *Framer) strayEnd(data []byte, e Ending) (end int, found bool) {
	s := &f.stray
	line := len(data)
	if s.line {
		if i := terminator(data[f.scanned:]); i >= 0 {
			line = f.scanned + i
		}
	}
	at, found := f.findFrame(data[:line], f.scanned, s.header, e)
	if !found {
		f.scanned = max(at, f.scanned)
		return line, line < len(data)
	}
	f.scanned = at
	at, sure := f.frameStart(data, s.header, at, e)
	return at, sure || e != Open
}

// findFrame is findPriority, and where a count was believed that had a date behind it,
// it looks for such a date, too.
func (f *Framer) findFrame(data []byte, start, low int, e Ending) (at int, found bool) {
	at, found = findPriority(data, start, low, e)
	if !f.dates {
		return at, found
	}
	if found {
		e = Ended
	}
	if date, sure := findDate(data[:at], start, low, e); sure || date < at {
		return date, sure
	}
	return at, found
}

// findDate looks for a date with a count before it, as findPriority does. Since figures
// often stand before a date, the count must have two digits at least, and stand behind
// a terminator or something that closes.
func findDate(data []byte, start, low int, e Ending) (at int, found bool) {
	const dash = len("2026")
	for i := max(start, low+1) + dash; i < len(data); i++ {
		n := bytes.IndexByte(data[i:], '-')
		if n < 0 {
			break
		}
		i += n
		at := i - dash
		first := at - 1
		for first > low && isDigit(data[first-1]) && at-first < maxHeader {
			first--
		}
		if at-1-first < 2 || data[at-1] != ' ' || data[first] == '0' || first <= low || !isTerminator(data[first-1]) && !closes(data[first-1]) {
			continue
		}
		if v := dateBegins(data[at:]); v == isCount || v == needMore && e == Open {
			return at, v == isCount
		}
	}
	if e == Open {
		return max(start, len(data)-dash), false
	}
	return len(data), false
}

// frameWithin says whether the next frame begins for sure within body.
func (f *Framer) frameWithin(body []byte) bool {
	_, found := f.findFrame(body, 1, 0, Ended)
	return found
}

// findPriority looks in data, from start on, for the priority of a message that
// begins there for sure, behind the byte at low. If there is none, it returns
// how far it need not look again.
func findPriority(data []byte, start, low int, e Ending) (at int, found bool) {
	for i := start; ; i++ {
		n := -1
		if i < len(data) {
			n = bytes.IndexByte(data[i:], '<')
		}
		if n < 0 {
			return len(data), false
		}
		i += n
		switch priority(data[i:]) {
		case needMore:
			if e == Open {
				return i, false
			}
		case isCount:
			if i > low && (isTerminator(data[i-1]) || counted(data[low:i])) {
				return i, true
			}
		}
	}
}

// frameStart returns where the frame begins whose priority is at position at: at
// its count, if it has one. The message before may end with digits too, so that
// it has to be found out where the count begins: one that is right is taken, else
// the one that is nearest to the length of the message, unless all are far from it.
// sure is false if more data may tell.
func (f *Framer) frameStart(data []byte, low, at int, e Ending) (start int, sure bool) {
	if isTerminator(data[at-1]) {
		return at, true
	}
	first := at - 1
	for first > low && isDigit(data[first-1]) && at-1-first < maxHeader-1 {
		first--
	}
	for first < at-1 && data[first] == '0' {
		first++
	}
	for start = first; start < at-1; start++ {
		if countFits(data, start, at) != isCount {
			continue
		}
		rest := data[at+number(data[start:at-1]):]
		if frameEnds(rest) && (start == first || len(rest) > 0 || e != Open) {
			return start, true
		}
	}
	if countFits(data, first, at) == isCount || first > low && closes(data[first-1]) {
		return first, true
	}
	length, known := f.distance(data, at, e)
	best, off := first, -1
	for start = first; start < at-1; start++ {
		size := number(data[start : at-1])
		if data[start] == '0' || size < length/4 || size > 3*length {
			continue
		}
		if d := max(size-length, length-size); off < 0 || d < off {
			best, off = start, d
		}
	}
	return best, known
}

// distance is how far it is from the priority at position at to the frame behind
// its message, or to the end of data.
func (f *Framer) distance(data []byte, at int, e Ending) (n int, known bool) {
	next, found := f.findFrame(data, max(at+1, f.stray.ahead), at, e)
	f.stray.ahead = next
	if !found {
		return len(data) - at, e != Open
	}
	for next > at && (data[next-1] == ' ' || isDigit(data[next-1])) {
		next--
	}
	return next - at, true
}

// follows says whether what stands behind the end of a counted message can stand
// there: nothing, a terminator, or the beginning of a frame.
func follows(after []byte, e Ending) believed {
	for i := 0; len(after) > 0 && isTerminator(after[0]); i++ {
		if after = after[1:]; i == 2 {
			return isCount
		}
	}
	if len(after) == 0 {
		return isCount
	}
	if after[0] == '<' {
		return decide(priority(after), e)
	}
	digits := digitsLen(after)
	switch {
	case digits == 0 || after[0] == '0' || digits >= maxHeader:
		return noCount
	case digits == len(after):
		return decide(needMore, e)
	case after[digits] != ' ':
		return noCount
	}
	return isCount
}

// numberOnly says whether a number and a blank stand behind the end of a message,
// and nothing that makes it likely to be a count.
func numberOnly(after []byte) bool {
	after = bytes.TrimLeft(after[:min(len(after), 2*maxHeader)], "\r\n\x00")
	digits := digitsLen(after)
	if digits == 0 || digits+1 >= len(after) {
		return false
	}
	return priority(after[digits+1:]) == noCount && dateBegins(after[digits+1:]) == noCount
}

// misread says whether the end of a counted message after size bytes lies within
// the digits before the next one, and not at the beginning of its count: then that
// is wrong, and right with more digits or with fewer. A count that is followed by a
// priority without a count was too large if it took that count in.
func (f *Framer) misread(body []byte, size int, e Ending) believed {
	digits := digitsLen(body[size:])
	at := size + digits + 1
	if digits == 0 {
		if priority(body[size:]) == isCount && counted(body[:size]) {
			return isCount
		}
		return noCount
	}
	if at > len(body) || priority(body[at:]) != isCount && (!f.dates || dateBegins(body[at:]) != isCount) {
		return noCount
	}
	switch countFits(body, size, at) {
	case isCount:
		return noCount
	case needMore:
		if e == Open && (f.lied || isDigit(body[size-1])) && number(body[size:at-1]) <= maxAhead {
			return needMore
		}
		return noCount
	}
	switch f.linesAhead(body[at:], number(body[size:at-1]), e) {
	case isCount:
		return noCount
	case needMore:
		return needMore
	}
	start, _ := f.frameStart(body, 1, at, Ended)
	f.stray.ahead = 0
	if start < size || f.lied && start > size {
		return isCount
	}
	return noCount
}

// decide makes up its mind once no more is to come.
func decide(v believed, e Ending) believed {
	if v == needMore && e != Open {
		return isCount
	}
	return v
}
