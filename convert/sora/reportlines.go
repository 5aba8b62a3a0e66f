package sora

import "bytes"

// A lineReader goes through a text line by line.
type lineReader struct {
	text  []byte
	next  int  // where the next line begins
	start int  // where the last line began
	end   int  // where it ended
	one   bool // the lines were joined into one, which older loggers did: `** a, ** b`
}

// joined stands between lines that were joined, before the next line's stars.
const joined = ", "

// line returns the next line, without its end.
func (l *lineReader) line() (line []byte, ok bool) {
	if l.next >= len(l.text) {
		return nil, false
	}
	rest := l.text[l.next:]
	l.start, l.end, l.next = l.next, len(l.text), len(l.text)
	if l.one {
		if n := bytes.Index(rest, []byte(joined+"**")); n >= 0 {
			l.end = l.start + n
			l.next = l.end + len(joined)
		}
	} else if n := bytes.IndexByte(rest, '\n'); n >= 0 {
		l.end = l.start + n
		l.next = l.end + 1
	}
	if l.end > l.start && l.text[l.end-1] == '\r' {
		l.end--
	}
	return l.text[l.start:l.end], true
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

// section returns the value that begins at start, in the last line that was
// read or, if nothing is there, in the next one: up to the next line with stars,
// or an empty one.
func (l *lineReader) section(start int) []byte {
	if len(bytes.Trim(l.text[start:l.end], " \t,")) == 0 {
		line, ok := l.line()
		if !ok {
			return nil
		}
		start = l.end - len(bytes.TrimLeft(line, " \t*"))
	}
	return bytes.TrimLeft(l.goOn(start, func(_ int, text []byte) bool { return !isStarred(text) }), " \t,")
}

func isStarred(line []byte) bool { return len(line) > 1 && line[0] == '*' && line[1] == '*' }

// lines reads a report in lines, of which there are two kinds: `label: value`
// with indent, and such with two stars, between which anything may stand.
func (rep *report) lines(text []byte) {
	l := lineReader{text: text, one: bytes.IndexByte(bytes.TrimSpace(text), '\n') < 0}
	starred := false
	for {
		line, ok := l.line()
		line = bytes.TrimLeft(line, " \t")
		switch {
		case !ok, string(line) == "neighbours:": // who only looks on is left out
			return
		case isStarred(line):
			starred = true
			rep.starred(bytes.TrimLeft(line, "* "), &l)
		case !starred && len(line) > 0:
			rep.plain(line, &l)
		}
	}
}

// starred takes a line with stars, and those that go on with it.
func (rep *report) starred(line []byte, l *lineReader) {
	if _, ok := rep.subject(line); ok {
		return
	}
	for _, label := range [...]string{"Reason for termination", "Reason", "Stacktrace"} {
		rest, ok := bytes.CutPrefix(line, []byte(label))
		value := bytes.TrimLeft(rest, " ")
		if ok && len(value) > 0 && value[0] == '=' {
			rep.field([]byte(label), l.section(l.end-len(bytes.TrimLeft(value, "= "))))
			return
		}
	}
	if name, ok := bytes.CutPrefix(line, []byte("Was installed in ")); ok {
		rep.field([]byte("Was installed in"), name)
		return
	}
	if len(line) > 0 && line[0] == '(' {
		rep.raised(line, l)
		return
	}
	if at, ok := rep.phrase(line); ok {
		rep.ended(l.section(l.end - len(line) + at))
	}
}

// raised takes `(RuntimeError) message` and the places behind it, which is how
// Elixir's libraries say it.
func (rep *report) raised(line []byte, l *lineReader) {
	class, message, ok := bytes.Cut(line[1:], []byte(") "))
	if !ok || bytes.IndexByte(class, ' ') >= 0 || rep.has(keyExceptionText) {
		return
	}
	switch string(class) {
	case "stop", "EXIT":
		class = []byte("exit")
	}
	rep.exception(class)
	rep.set(keyExceptionText, message, maxException)
	rep.stack(l.goOn(l.next, func(indent int, _ []byte) bool { return indent >= 4 }))
}

// plain takes a line without stars, and those that go on with it.
func (rep *report) plain(line []byte, l *lineReader) {
	if class, ok := bytes.CutPrefix(line, []byte("exception ")); ok && !rep.has(keyExceptionType) && !rep.has(keyExceptionText) {
		if class, message, ok := bytes.Cut(class, []byte(": ")); ok {
			rep.thrown(class, message, l)
			return
		}
	}
	if _, ok := rep.subject(line); ok {
		return
	}
	if reason, ok := bytes.CutPrefix(line, []byte("Unhandled exception ")); ok { // Cowboy's
		rep.classed(reason[:skipTerm(reason)])
		return
	}
	if at, ok := rep.phrase(line); ok {
		rep.ended(l.section(l.end - len(line) + at))
		return
	}
	label, value, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		return
	}
	switch string(label) {
	case "reason", "Reason", "offender", "Offender", "started", "exited", "Stacktrace":
		value = l.goOn(l.end-len(value), func(indent int, _ []byte) bool { return indent >= 6 })
	}
	rep.field(label, value)
}

// thrown takes the class and the message of an exception, which may go on in
// lines that are indented further, and the places it came from.
func (rep *report) thrown(class, message []byte, l *lineReader) {
	rep.exception(class)
	message = l.goOn(l.end-len(message), func(indent int, text []byte) bool { return indent >= 5 && !isPlace(text) })
	rep.set(keyExceptionText, message, maxException)
	rep.stack(l.goOn(l.next, func(indent int, text []byte) bool { return isPlace(text) || indent >= 8 }))
}

// isPlace tells whether a line says where an exception came from.
func isPlace(line []byte) bool {
	return bytes.HasPrefix(line, []byte("in function ")) || bytes.HasPrefix(line, []byte("in call from "))
}
