package sora

import (
	"bytes"
	"slices"
)

// isProse tells whether text is a report in one line, as OTP writes it for
// loggers with single_line. SASL's older supervisor reports begin with the same
// word, and have a line for each field.
func isProse(text []byte) bool {
	if bytes.IndexByte(bytes.TrimRight(text, "\r\n"), '\n') >= 0 {
		return false
	}
	begins := func(with string) bool { return bytes.HasPrefix(text, []byte(with)) }
	return begins("crasher: ") || begins("Supervisor: ") || begins("Application: ") || slices.ContainsFunc(subjects[:], begins)
}

// prose reads a report in one line: sentences such as `Reason: term.`, or the
// list behind `crasher:`.
func (rep *report) prose(text []byte) {
	if items, ok := bytes.CutPrefix(text, []byte("crasher: ")); ok {
		rep.crasher(items)
		return
	}
	text, _ = rep.subject(text)
	for {
		text = bytes.TrimLeft(text, ". ")
		label, value, ok := cutLabel(text)
		if !ok {
			return
		}
		n := sentenceEnd(value)
		rep.field(label, value[:n])
		text = value[n:]
	}
}

// crasher reads `pid: <0.1.2>, registered_name: x, exit: {Reason,Stack}, …`.
func (rep *report) crasher(text []byte) {
	for !rep.has(keyExceptionText) {
		label, value, ok := cutLabel(text)
		if !ok {
			return
		}
		n := skipTerm(value)
		switch v := value[:n]; string(label) {
		case "exit", "error", "throw":
			reason, stack := stackIn(v)
			if reason == nil {
				reason = v
			}
			rep.exception(label)
			rep.set(keyExceptionText, reason, maxException)
			rep.stack(stack)
		default:
			rep.field(label, v)
		}
		text = bytes.TrimLeft(value[n:], ", ")
	}
}

// maxLabel is the length beyond which words are no label.
const maxLabel = 32

// cutLabel takes `label: ` off text.
func cutLabel(text []byte) (label, value []byte, ok bool) {
	n := bytes.Index(text[:min(len(text), maxLabel)], []byte(": "))
	if n < 0 {
		return nil, nil, false
	}
	return text[:n], text[n+2:], true
}

// sentenceEnd is where the term that s begins with ends: before a full stop and
// a blank, or at the end.
func sentenceEnd(s []byte) int {
	for i := 0; ; i++ {
		i += skipTerm(s[i:])
		switch {
		case i >= len(s):
			return len(bytes.TrimRight(s, ".\r\n"))
		case i > 0 && s[i] == ' ' && s[i-1] == '.':
			return i - 1
		}
	}
}

// stackIn takes {Reason,Stack} apart, if that is what term is. A stack is empty,
// or has places such as {lists,nth,[1,[]],[{line,7}]}. Where term is cut off, the
// rest of it is the stack.
func stackIn(term []byte) (reason, stack []byte) {
	if len(term) == 0 || term[0] != '{' {
		return nil, nil
	}
	n := 1 + skipTerm(term[1:])
	if n >= len(term) || term[n] != ',' {
		return nil, nil
	}
	stack = bytes.TrimLeft(term[n+1:], " \t\r\n")
	switch end := skipTerm(stack); {
	case string(stack) == "[]}":
		return term[1:n], nil
	case !isStack(stack) || end < len(stack):
		return nil, nil
	}
	return term[1:n], bytes.TrimSuffix(stack, []byte("}"))
}

// isStack tells whether a list begins with the place of a call: module, function,
// arity or arguments, and what else is known of it.
func isStack(s []byte) bool {
	s, ok := bytes.CutPrefix(s, []byte("[{"))
	for i := 0; ok && i < 3; i++ {
		n := skipTerm(s)
		if n == 0 || n >= len(s) || s[n] != ',' {
			return false
		}
		c := s[0]
		ok = i < 2 && (c >= 'a' && c <= 'z' || c == '\'') || i == 2 && (c >= '0' && c <= '9' || c == '[')
		s = bytes.TrimLeft(s[n+1:], " \t\r\n")
	}
	return ok && len(s) > 0 && (s[0] == '[' || s[0] == '.')
}
