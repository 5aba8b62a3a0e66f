package sora

import (
	"bytes"

	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/convert/record"
)

// maxReport is how much of a report is looked at for attributes. What says why
// a process died stands at its beginning; its state may follow, and be huge.
const maxReport = 16 << 10

// A lineReader goes through a text line by line.
type lineReader struct {
	text []byte
	next int // where the next line begins
	end  int // where the last line ended
}

// line returns the next line, without its end.
func (l *lineReader) line() (line []byte, ok bool) {
	if l.next >= len(l.text) {
		return nil, false
	}
	start := l.next
	if n := bytes.IndexByte(l.text[start:], '\n'); n >= 0 {
		l.end, l.next = start+n, start+n+1
	} else {
		l.end, l.next = len(l.text), len(l.text)
	}
	if l.end > start && l.text[l.end-1] == '\r' {
		l.end--
	}
	return l.text[start:l.end], true
}

// goOn takes all further lines for which more holds, given a line's indent and
// its text, and returns everything from start to the end of the last one.
func (l *lineReader) goOn(start int, more func(indent int, text []byte) bool) []byte {
	for {
		before := *l
		line, ok := l.line()
		text := bytes.TrimLeft(line, " \t")
		if !ok || len(text) == 0 || !more(len(line)-len(text), text) {
			*l = before
			return bytes.TrimSpace(l.text[start:max(start, l.end)])
		}
	}
}

// report finds in the lines of a report who died, and of what. All of it is in
// the body too.
func (r *Reader) report(text []byte) {
	l := lineReader{text: record.Cut(text, maxReport)}
	var got reportParts
	for {
		line, ok := l.line()
		line = bytes.TrimLeft(line, " \t*")
		if !ok || string(line) == "neighbours:" { // who only looks on is left out
			return
		}
		r.reportLine(&got, line, &l)
	}
}

// reportParts tells what was found already: the first one counts.
type reportParts struct{ pid, initial, name, exception, supervisor, context bool }

// reportLine takes one line, and those that go on with it.
func (r *Reader) reportLine(got *reportParts, line []byte, l *lineReader) {
	if class, ok := bytes.CutPrefix(line, []byte("exception ")); ok && !got.exception {
		if class, message, ok := bytes.Cut(class, []byte(": ")); ok {
			got.exception = true
			r.exception(class, message, l)
			return
		}
	}
	if pid, ok := pidOf(line); ok {
		once(r, &got.pid, keyPID, pid)
	}
	if announcesReason(line) && !got.exception {
		if reason, ok := l.line(); ok {
			got.exception = true
			r.b.Attr(keyExceptionText, bytes.TrimLeft(reason, " \t*="))
		}
		return
	}
	name, value, ok := bytes.Cut(line, []byte(":"))
	value = bytes.TrimLeft(value, " \t")
	if ok && len(value) > 0 && string(value) != "[]" {
		r.reportField(got, name, value, l)
	}
}

// reportField takes a line such as `initial call: supervisor:kernel/1`.
func (r *Reader) reportField(got *reportParts, name, value []byte, l *lineReader) {
	switch string(name) {
	case "initial call":
		once(r, &got.initial, keyCrashInitial, value)
	case "pid":
		once(r, &got.pid, keyPID, value)
	case "registered_name":
		once(r, &got.name, keyCrashRegistered, value)
	case "supervisor", "Supervisor":
		once(r, &got.supervisor, keyCrashSupervisor, value)
	case "errorContext", "Context":
		once(r, &got.context, keyCrashContext, value)
	case "reason", "Reason":
		whole := l.goOn(l.end-len(value), func(indent int, _ []byte) bool { return indent >= 6 })
		once(r, &got.exception, keyExceptionText, whole)
	}
}

func once(r *Reader, done *bool, k otlp.Key, value []byte) {
	if !*done {
		*done = true
		r.b.Attr(k, value)
	}
}

// exception takes the class and the message of an exception, which may go on
// in lines that are indented further, and the places it came from.
func (r *Reader) exception(class, message []byte, l *lineReader) {
	r.b.Attr(keyExceptionType, class)
	r.b.Attr(keyExceptionText, l.goOn(l.end-len(message), func(indent int, text []byte) bool {
		return indent >= 5 && !isPlace(text)
	}))
	stack := l.goOn(l.next, func(indent int, text []byte) bool { return isPlace(text) || indent >= 8 })
	if len(stack) > 0 {
		r.b.Attr(keyExceptionStack, stack)
	}
}

// isPlace tells whether a line says where an exception came from.
func isPlace(line []byte) bool {
	return bytes.HasPrefix(line, []byte("in function ")) || bytes.HasPrefix(line, []byte("in call from "))
}

// pidOf finds the process of an error report's first line.
func pidOf(line []byte) ([]byte, bool) {
	for _, before := range [...]string{"Generic server ", "State machine ", "Error in process ", "gen_event handler "} {
		rest, ok := bytes.CutPrefix(line, []byte(before))
		if !ok {
			continue
		}
		if word, _, _ := bytes.Cut(rest, []byte(" ")); pidLength(word) == len(word) && len(word) > 0 {
			return word, true
		}
	}
	return nil, false
}

// announcesReason tells whether the next line is the reason.
func announcesReason(line []byte) bool {
	return bytes.HasPrefix(line, []byte("Reason for termination")) && bytes.HasSuffix(line, []byte("==")) ||
		bytes.HasSuffix(line, []byte("with exit value:"))
}
