// Package frame says where messages begin and end: in the bytes of a connection, which
// come in pieces and may be framed wrongly, and in a datagram. It is handed bytes and
// told whether more may come; it knows no sockets, keeps no copies and asks no clock.
package frame

import "bytes"

// maxCount is the largest octet count that is believed. A larger one is not a
// count, and its line is kept as a line.
const maxCount = 64 << 20

// maxHeader is the length of the longest octet count with its blank.
const maxHeader = len("67108864 ")

// A Framer finds the messages in the bytes of one connection. Octet counting
// and lines are told apart for each frame (RFC 6587, section 3.4): a frame
// that begins with a digit other than 0 has a count, all others end with a
// line feed or a NUL. Since lines may begin with digits too, a count is
// believed only if what stands behind it agrees; see count.
//
// Senders miscount. A count is disbelieved if no frame can begin where its message
// would end, or if nothing comes for a while before that; see stray. What a correct
// sender puts into a message never makes its count disbelieved, unless it
// stops in the middle of it.
//
// No byte is lost but the terminators: what is no sound frame comes out as a
// line.
//
// The zero value is ready. A Framer belongs to one goroutine.
type Framer struct {
	SafeCut   func(text []byte) int // where a message that is too long may be cut; see CutAt
	BadCounts int                   // counts that were disbelieved, and lines where one was due; may be set back

	left int  // of a counted message that is being cut: bytes still to come
	late int  // of one that silence has ended: bytes that its count promised
	tail bool // the line that is being cut goes on

	lines   bool // the last frame was a line
	counted bool // the last frame had a count
	lied    bool // a count was disbelieved: frames may begin in the middle of lines
	scanned int  // bytes of the line or stray at hand known to hold no end
	last    byte // of the last counted message
	bare    int  // bytes of a message with a bare count known to hold no other
	behind  int  // bytes at hand known to hold no frame behind a counted message
	dates   bool // a count was believed that had a date behind it, and no priority
	honest  bool // a count was right, since the next one stood behind its message

	stray stray
}

// A Frame is one message, or a piece of one.
type Frame struct {
	Text []byte // without terminators; part of the data given to Next
	Cut  bool   // a piece of a message that was too long, or ended early
	Half bool   // the connection ended within it
}

// An Ending says what follows the bytes that have come.
type Ending int

// What follows.
const (
	Open   Ending = iota // more may come at any time
	Silent               // nothing has come for a while
	Ended                // nothing comes any more
)

// Next takes the first frame off data, in which messages longer than limit are
// cut. It returns how many bytes it used: none means that more are needed, and
// a frame without text is no message. Once no more is to come, data is used up
// frame by frame; after a silence, all of it but a line that has not ended.
//
// What is not used is to be given again, with what has come behind it.
func (f *Framer) Next(data []byte, limit int, e Ending) (fr Frame, n int) {
	if len(data) == 0 || f.late > 0 && !f.resume(data, e) {
		return Frame{}, 0
	}
	switch {
	case f.left > 0:
		return f.counting(data, 0, f.left, limit, e)
	case f.stray.on:
		return f.straying(data, limit, e)
	case f.tail:
		return f.line(data, limit, e)
	}
	size, header, v := f.count(data, limit, e)
	switch {
	case v == needMore:
		return Frame{}, 0
	case v == isCount:
		f.honest = f.honest || f.counted
		f.dates = f.dates || dateBegins(data[header:]) == isCount
		return f.counting(data, header, size, limit, e)
	case isTerminator(data[0]), !f.lied && (!f.counted || data[0] == '<'):
		return f.line(data, limit, e)
	case data[0] != '<' && frameBegins(data) == isCount: // and a larger one than is believed
		return f.strays(data, bytes.IndexByte(data, '<'), limit, e)
	case !f.counted, data[0] == '<':
		return f.strays(data, 0, limit, e)
	}
	switch v := countRest(data); {
	case v == needMore && e == Open:
		return Frame{}, 0
	case v == isCount:
		return f.strays(data, bytes.IndexByte(data, '<'), limit, e)
	}
	return f.strays(data, 0, limit, e)
}

// CutAt returns how much of text, the beginning of a message that is too long, is
// its next piece: what safe says, if that is more than half of it, else all.
func CutAt(text []byte, safe func([]byte) int) int {
	if safe != nil {
		if n := safe(text); n > len(text)/2 && n <= len(text) {
			return n
		}
	}
	return len(text)
}

// Unfinished says whether the last piece that was returned is not the last of
// its message.
func (f *Framer) Unfinished() bool { return f.left > 0 || f.late > 0 || f.tail || f.stray.cut }

// Pending says whether data, of which Next wants more, is a message that is
// to be ended by silence.
func (f *Framer) Pending(data []byte) bool {
	return len(data) > 0 && !f.tail && (f.left > 0 || f.late > 0 || f.counted || f.stray.on || data[0] >= '1' && data[0] <= '9')
}

// counting returns the frame of size bytes after header, or what may be given
// away of it.
func (f *Framer) counting(data []byte, header, size, limit int, e Ending) (fr Frame, n int) {
	take := min(size, limit)
	body := data[header:]
	if len(body) < take {
		return f.short(data, header, size, limit, e)
	}
	if take == size && (f.left > 0 || body[0] == '<' || dateBegins(body) == isCount) {
		if len(data) >= limit+maxHeader && e == Open {
			e = Silent // there is no room to wait
		}
		switch v := f.ends(body, size, e); {
		case v == needMore:
			return Frame{}, 0
		case v == noCount && !f.lied && (f.lines || body[0] != '<' && f.left == 0 && !f.counted && !f.frameWithin(body)):
			f.BadCounts++
			return f.line(data, limit, e)
		case v == noCount:
			return f.strays(data, header, limit, e)
		}
	}
	if take < size {
		take = CutAt(body[:take], f.SafeCut)
	}
	fr.Cut = f.left > 0 || take < size
	f.lines, f.counted = false, true
	f.left = size - take
	fr.Text, f.last = body[:take], body[take-1]
	if f.left == 0 {
		fr.Text = Trim(fr.Text)
	}
	return fr, header + take
}

// ends says whether a counted message can end after size bytes of body. What was
// cut before is to be kept apart from what follows, but need not be kept together.
func (f *Framer) ends(body []byte, size int, e Ending) believed {
	v, mis := follows(body[size:], e), noCount
	if v == noCount && f.left == 0 {
		if v = f.linesBehind(body, size, e); v != noCount {
			return v
		}
	}
	if v == isCount && numberOnly(body[size:]) {
		if _, mixed := f.findFrame(body[:size], 1, 0, Ended); mixed {
			v = noCount
		}
	}
	if v != noCount {
		mis = f.misread(body, size, e)
	}
	switch {
	case f.left == 0 && priority(body[:size]) == needMore:
		return noCount // it is shorter than its priority
	case mis == needMore:
		return needMore
	case v == noCount || mis == isCount:
		if _, mixed := f.findFrame(body[:size], 1, 0, Ended); f.left == 0 || mixed {
			return noCount
		}
		return isCount
	case v == isCount && len(body) == size && e == Open && body[0] != '<' && !f.counted && f.left == 0:
		return needMore // it may be the beginning of a line
	case v == isCount && len(body) == size && e == Open:
		// Usually that is the end of a message. But if it looks as if another one
		// begins in it, what comes next is waited for.
		if at, mixed := f.findFrame(body, 1, 0, Open); f.lied || mixed || at < size && counted(body[:at]) || counted(body) || halfCounted(body) {
			return needMore
		}
	}
	return v
}

// short deals with a counted message of which not all has come.
func (f *Framer) short(data []byte, header, size, limit int, e Ending) (fr Frame, n int) {
	if e == Open {
		return Frame{}, 0
	}
	if _, found := f.findFrame(data, header+1, header, e); found || f.behindDigits(data, header, e) > 0 {
		return f.strays(data, header, limit, e)
	}
	fr = Frame{Text: data[header:], Cut: f.left > 0}
	f.left, f.lines, f.counted = 0, false, true
	if e == Ended {
		fr.Text, fr.Cut, fr.Half = Trim(fr.Text), true, true
	} else {
		f.late = size - len(fr.Text)
	}
	return fr, len(data)
}

// resume looks at what comes after a silence within a counted message: another
// frame, so that the count was too large, or the rest of the message. It reports
// whether that can be told.
func (f *Framer) resume(data []byte, e Ending) bool {
	switch frameBegins(data) {
	case isCount:
		f.BadCounts++
		f.counted = data[0] != '<'
	case needMore:
		if e == Open {
			return false
		}
		fallthrough
	default:
		f.left = f.late
	}
	f.late = 0
	return true
}

// line returns the line that data begins with, or what may be given away of it.
func (f *Framer) line(data []byte, limit int, e Ending) (fr Frame, n int) {
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
		fr.Text, n = Trim(window[:end]), end+1
		long = false
	case e == Ended && !long:
		fr.Text, n = Trim(window), len(window)
		fr.Half = true
	case !long:
		f.scanned = len(window)
		return Frame{}, 0
	}
	if long || len(fr.Text) > limit {
		f.tail, f.scanned = true, 0
		n = CutAt(window[:limit], f.SafeCut)
		return Frame{Text: window[:n], Cut: true}, n
	}
	fr.Cut = f.tail
	if f.counted && len(fr.Text) > 0 {
		f.BadCounts++
		f.counted = false
	}
	f.lines = f.lines || len(fr.Text) > 0
	f.tail, f.scanned = false, 0
	return fr, n
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

// Trim removes the terminators that senders add to a message.
func Trim(b []byte) []byte {
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
